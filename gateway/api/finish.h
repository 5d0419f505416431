// What is done to every answer before it goes: an ETag, 304 for who has it already, gzip for who takes it.
#pragma once

#include "gateway/api/backend.h"
#include "gateway/io/http.h"

namespace hetao::api {

// Answers of GET and HEAD with JSON: a weak ETag where the handler gave none.
io::Awaitable<io::HttpResponse> finish_answer(Backend& backend, const io::HttpRequest& request,
                                              io::HttpResponse response);

// Whether Accept-Encoding lets a coding in (RFC 9110, section 12.5.3). Pure.
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);
// Whether If-None-Match names this ETag, compared weakly (section 13.1.2). Pure.
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace hetao::api
