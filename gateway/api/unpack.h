// Bodies of requests that come packed (RFC 9110, section 8.4): gzip, or as they are.
#pragma once

#include <optional>

#include "gateway/api/backend.h"
#include "gateway/io/http.h"

namespace hetao::api {

// Unpacks the body; or the answer that refuses it: 415 for another coding, 400 for what is no gzip, 413 for
// what would be longer than a body may be.
io::Awaitable<std::optional<io::HttpResponse>> unpack_body(Backend& backend, io::HttpRequest& request);

}  // namespace hetao::api
