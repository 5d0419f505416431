// Answers: JSON bodies, and problem documents (RFC 9457) for everything that went wrong. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/io/http.h"
#include "proto/state.pb.h"
#include "proto/tes_json.h"

namespace hetao::api {

io::HttpResponse json_answer(const json::value& body, int status = 200);
io::HttpResponse text_answer(std::string body, int status = 200,
                             std::string_view type = "text/plain; charset=utf-8");

// 400, 403, 404, 409, 422, 500 or 503, by the error's code.
int status_of(ErrorCode code);
io::HttpResponse problem(const Error& error);
io::HttpResponse problem(int status, const Error& error);
// 400 with every mistake.
io::HttpResponse problem(const tes::Mistakes& mistakes);
// A refusal by policy: 403 with the verdict; rules and decision stand in the reason phrase too, because
// py-tes and others show nothing else.
io::HttpResponse refusal(const Error& error, const pb::Verdict& verdict, const std::string& decision_id);

// For paths that don't exist, and for what the caller may not know of.
io::HttpResponse plain_not_found();

}  // namespace hetao::api
