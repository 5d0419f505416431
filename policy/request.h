// What is asked of a policy: attribute names to values. An attribute that is not there is unknown (an absent
// set is empty). Plain value; not safe for concurrent change.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "policy/schema.h"
#include "policy/value.h"

namespace hetao::policy {

class Request {
 public:
  using Attribute = std::pair<std::string, Value>;

  void set(std::string_view name, Value value);  // replaces
  void erase(std::string_view name);
  const Value* find(std::string_view name) const;                        // nullptr: absent
  std::span<const Attribute> attributes() const { return attributes_; }  // sorted by name

  friend bool operator==(const Request&, const Request&) = default;

 private:
  std::vector<Attribute> attributes_;
};

// A flat object from attribute name to value; null is the same as absent. Unknown names, values of a wrong
// type and values that an enum does not have are errors that name the nearest known one.
Result<Request> request_from_json(const json::object& object, const Schema& schema);
json::object to_json(const Request& request);

// The same checks for one attribute: empty when `value` may stand for `name`, else what is wrong with it.
Result<void> check_attribute(std::string_view name, const Value& value, const Schema& schema);

}  // namespace hetao::policy
