// Heads of requests, and the headers of uploads, as anybody may send them: judged, and what is let through is
// in origin form with one Host and one length.
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/io/http_head.h"

using namespace hetao;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  io::HttpRequest request;
  io::HttpHeadFacts facts;
  bool first = true;
  for (const std::string& line : split(text, '\n')) {
    const size_t blank = line.find(first ? ' ' : ':');
    const std::string name = line.substr(0, blank);
    std::string value = blank == std::string::npos ? std::string() : line.substr(blank + 1);
    if (first) {
      request.method = name;
      request.target = value;
    } else {
      facts.chunked |= name == "Transfer-Encoding" && value.ends_with("chunked");
      facts.has_length |= name == "Content-Length";
      request.headers.add(name, value);
    }
    first = false;
  }
  if (io::judge_head(request, facts) == 0) {
    HETAO_CHECK(request.target.starts_with('/') || (request.target == "*" && request.method == "OPTIONS"));
    HETAO_CHECK(request.headers.count("Host") == 1);
    HETAO_CHECK(!(request.headers.has("Transfer-Encoding") && request.headers.has("Content-Length")));
  }
  (void)io::is_request_id(text);
  (void)io::status_of_long_head(text);
  return 0;
}
