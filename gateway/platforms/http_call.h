// What a scheduler's HTTP interface is asked, and what came back; the platforms' pure parts build the one and
// read the other, gateway/io carries them. Plain values.
#pragma once

#include <string>

namespace hetao::platforms {

struct HttpCall {
  std::string method = "GET";
  std::string target;  // path and query
  std::string body;    // empty: none
  std::string content_type = "application/json";
};

struct HttpReply {
  int status = 0;  // 0: no answer, or one that was cut short; `trouble` says why
  std::string body;
  std::string trouble;
};

}  // namespace hetao::platforms
