// A result of a job that becomes a data set of its own: its files, the labels that it inherited from what it
// was made of, and from what that was. Nothing is awaited.
#pragma once

#include <string>
#include <string_view>

#include "gateway/api/past.h"
#include "gateway/api/router.h"
#include "proto/state.pb.h"

namespace hetao::api {

// "JOB/NAME" of "result:JOB/NAME"; empty: it is no such URL.
std::string result_of(std::string_view url);

// Fills in files, digest, labels and derived_from. Only what is here, and is the caller's tenant's.
Result<void> take_result(const Context& c, const FoundJob& found, const std::string& result,
                         pb::Dataset& dataset);

}  // namespace hetao::api
