// The parts of a request target (RFC 3986, sections 2.1 and 3.4; HTML's form encoding for queries). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hetao::api {

// Nothing when a % is not followed by two hex digits, or when the outcome is not UTF-8 or holds a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);
std::string percent_encode(std::string_view text);

class Query {
 public:
  // Nothing when a part does not decode.
  static std::optional<Query> parse(std::string_view text);

  // The first value of that name; nullptr when there is none.
  const std::string* find(std::string_view name) const;
  std::string get(std::string_view name) const;  // "" when there is none
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace hetao::api
