// What RFC 9112 demands of a request's head beyond its syntax, which Beast's parser has judged: one Host, a
// target that is understood, one way to tell where the body ends, expectations that can be met. What two
// recipients could read in two ways is refused (request smuggling). Pure.
#pragma once

#include <string_view>

#include "gateway/io/http.h"

namespace hetao::io {

struct HttpHeadFacts {
  unsigned version = 11;  // 10, 11
  bool chunked = false;
  bool has_length = false;
};

// 0: go on; else the status that refuses it. A target in absolute form becomes its origin form, and its
// authority the Host.
int judge_head(HttpRequest& request, const HttpHeadFacts& facts);

// The status for bytes whose head is longer than any may be: 414 if the request line already is, else 431.
int status_of_long_head(std::string_view beginning);

// Whether a client's X-Request-Id may stand in our answers and logs.
bool is_request_id(std::string_view text);

}  // namespace hetao::io
