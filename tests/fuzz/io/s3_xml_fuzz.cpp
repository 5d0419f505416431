// What a store may answer: read or refused, and every name that comes out is text.
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/io/store_client.h"

using namespace hetao;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  if (const auto listing = io::parse_listing(xml)) {
    for (const std::string& key : listing->keys) HETAO_CHECK(is_utf8(key));
  }
  const std::string words = io::s3_error_words(xml);
  HETAO_CHECK(printable(words) == words);
  return 0;
}
