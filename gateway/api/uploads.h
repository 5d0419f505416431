// Uploads as inputs: "upload:ID" in a task or a registration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/backend.h"

namespace hetao::api {

inline constexpr std::string_view kUploadScheme = "upload:";

// The id that such a URL names; empty: it is none.
std::string upload_of(std::string_view url);
// A complete upload of this tenant, as one file in the blob store. Blocks.
Result<std::vector<pb::ItemFile>> ingest_upload(Backend& backend, const std::string& tenant,
                                                const std::string& id);
// Whether there is one, and it is complete; what is another tenant's is not there.
Result<void> check_upload(Backend& backend, const std::string& tenant, const std::string& id);

}  // namespace hetao::api
