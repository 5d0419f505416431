// The query of a request target (RFC 3986, section 3.4; HTML's form encoding). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/percent.h"

namespace hetao::api {

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
