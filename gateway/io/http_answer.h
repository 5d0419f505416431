// The head of an answer as bytes, and answers that the listener gives by itself. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/io/http.h"

namespace hetao::io {

enum class BodyFraming { kLength, kChunks, kUntilClosed };

// A header field from a handler can't forge another one: what could is left out.
std::string head_of(const HttpResponse& response, BodyFraming framing, uint64_t bytes, bool keep_alive,
                    Instant now);

// No body comes with this status, whatever the request was.
bool has_no_body(int status);

// A problem document that says no more than the status.
HttpResponse plain_error(int status);

}  // namespace hetao::io
