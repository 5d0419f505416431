// Any bytes: parse_yaml answers with a tree or with mistakes that have a place, and never throws.
#include "gateway/base/check.h"
#include "policy/yaml_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = hetao::policy::parse_yaml(text, "fuzz");
  if (parsed) {
    (void)hetao::policy::to_json(*parsed);
  } else {
    HETAO_CHECK(!parsed.error().empty());
    for (const auto& mistake : parsed.error()) HETAO_CHECK(!hetao::to_line(mistake).empty());
  }
  return 0;
}
