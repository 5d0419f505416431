#include "policy/case_match.h"

#include <algorithm>
#include <map>

#include "gateway/base/text.h"
#include "gateway/base/time.h"

namespace hetao::policy {

namespace {

bool equals(const json::value& constant, const Value& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return constant.is_bool() && constant.get_bool() == *flag;
  if (const int64_t* number = std::get_if<int64_t>(&value))
    return constant.is_int64() && constant.get_int64() == *number;
  if (const std::string* text = std::get_if<std::string>(&value))
    return constant.is_string() && std::string_view(constant.get_string()) == *text;
  return false;
}

bool any_equals(const json::value& list, const Value& value) {
  return list.is_array() && std::any_of(list.get_array().begin(), list.get_array().end(),
                                        [&](const json::value& each) { return equals(each, value); });
}

// -1, 0, 1 for below, equal, above; dates compare as their texts do.
std::optional<int> compare(const Value& value, const json::value& with) {
  if (const int64_t* number = std::get_if<int64_t>(&value)) {
    if (!with.is_int64()) return std::nullopt;
    return *number < with.get_int64() ? -1 : (*number > with.get_int64() ? 1 : 0);
  }
  const std::string* text = std::get_if<std::string>(&value);
  if (text == nullptr || !with.is_string() || !parse_date(*text)) return std::nullopt;
  const int order = text->compare(std::string(with.get_string()));
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

bool holds_text(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// A text that nobody names, which matches these globs and none of the others.
bool matches_just(const json::value& globs, const Value& value, const Named& named) {
  const std::string* text = std::get_if<std::string>(&value);
  if (text == nullptr || !globs.is_array() || holds_text(named.texts, *text)) return false;
  return std::all_of(named.globs.begin(), named.globs.end(), [&](const std::string& glob) {
    const bool listed = std::any_of(globs.get_array().begin(), globs.get_array().end(),
                                    [&](const json::value& each) { return equals(each, Value(glob)); });
    return glob_match(glob, *text) == listed;
  });
}

void note_texts(const json::value& list, std::vector<std::string>& into) {
  if (!list.is_array()) return;
  for (const json::value& each : list.get_array()) {
    if (each.is_string() && !holds_text(into, std::string(each.get_string())))
      into.emplace_back(each.get_string());
  }
}

// What a test names, into `named`.
void note_names(const json::value& test, Named& named) {
  if (test.is_string()) return note_texts(json::array{test}, named.texts);
  if (!test.is_object()) return;
  for (const auto& member : test.get_object()) {
    const std::string_view name(member.key());
    if (name == "in" || name == "not_in") note_texts(member.value(), named.texts);
    if (name == "matches_just") note_texts(member.value(), named.globs);
    if (name != "any_of" || !member.value().is_array()) continue;
    for (const json::value& part : member.value().get_array()) note_names(part, named);
  }
}

size_t members_of(const json::value& wanted, const Value* value) {
  static const std::vector<std::string> kNone;
  const auto* set = value == nullptr ? &kNone : std::get_if<std::vector<std::string>>(value);
  if (set == nullptr || !wanted.is_array()) return 0;
  return static_cast<size_t>(
      std::count_if(wanted.get_array().begin(), wanted.get_array().end(), [&](const json::value& each) {
        return each.is_string() &&
               std::find(set->begin(), set->end(), std::string(each.get_string())) != set->end();
      }));
}

// One operator of an object that speaks of known values.
bool operator_holds(std::string_view name, const json::value& operand, const Value* value,
                    const Named& named) {
  if (name == "contains_all")
    return operand.is_array() && members_of(operand, value) == operand.get_array().size();
  if (name == "contains_none") return members_of(operand, value) == 0;
  if (value == nullptr) return false;
  if (name == "known") return true;
  if (name == "in") return any_equals(operand, *value);
  if (name == "not_in") return !any_equals(operand, *value);
  if (name == "gte") return compare(*value, operand).value_or(-1) >= 0;
  if (name == "lt") return compare(*value, operand).value_or(1) < 0;
  if (name == "matches_just") return matches_just(operand, *value, named);
  if (name == "such_as") return true;
  if (name == "any_of") {
    return operand.is_array() &&
           std::any_of(operand.get_array().begin(), operand.get_array().end(),
                       [&](const json::value& each) { return meets(each, value, Missing::kUnknown, named); });
  }
  return false;
}

// What one list has and the other has not is what the case says of it.
bool lacks_just(const std::vector<Obligation>& list, const std::vector<Obligation>& other,
                const std::vector<ObligationSpec>& said) {
  std::vector<Obligation> left;
  std::copy_if(list.begin(), list.end(), std::back_inserter(left), [&](const Obligation& each) {
    return std::find(other.begin(), other.end(), each) == other.end();
  });
  return left.size() == said.size() && std::all_of(said.begin(), said.end(), [&](const ObligationSpec& spec) {
           return std::find(left.begin(), left.end(), to_obligation(spec)) != left.end();
         });
}

bool differs_so(const DiffCase& one, const Decision& before, const Decision& after) {
  if (before.effect != one.from || after.effect != one.to) return false;
  if (one.from != one.to) return true;
  return lacks_just(before.obligations, after.obligations, one.from_obligations) &&
         lacks_just(after.obligations, before.obligations, one.to_obligations);
}

}  // namespace

bool meets(const json::value& test, const Value* value, Missing missing, const Named& named) {
  if (!test.is_object()) return value != nullptr && equals(test, *value);
  const json::object& operators = test.get_object();
  if (value == nullptr) {
    const bool unknown = missing == Missing::kUnknown;
    if (operators.contains(unknown ? "unknown" : "absent")) return true;
    if (operators.contains(unknown ? "or_unknown" : "or_absent")) return true;
  }
  bool says_known = false;
  for (const auto& member : operators) {
    const std::string_view name(member.key());
    if (name == "unknown" || name == "absent" || name == "or_unknown" || name == "or_absent") continue;
    says_known = true;
    if (!operator_holds(name, member.value(), value, named)) return false;
  }
  return says_known;
}

CaseFinder::CaseFinder(const Diff& diff, const Schema& schema) : diff_(&diff), schema_(&schema) {
  std::map<std::string, size_t, std::less<>> known;
  for (const DiffCase& one : diff.cases) {
    std::vector<size_t>& slots = tests_.emplace_back();
    for (const CaseTest& test : one.when) {
      const auto [at, fresh] = known.emplace(test.attribute, slots_.size());
      slots.push_back(at->second);
      if (fresh) {
        const auto attribute = schema.resolve(test.attribute);
        const bool has_default =
            test.attribute.starts_with("parameter.") || (attribute && !attribute->absent.empty());
        slots_.push_back(
            {test.attribute, attribute.has_value(), has_default ? Missing::kAbsent : Missing::kUnknown});
      }
      note_names(test.test, slots_[at->second].named);
    }
  }
}

std::vector<CaseFinder::Held> CaseFinder::look(const Request& request) const {
  std::vector<Held> held;
  for (const Slot& slot : slots_) {
    const Value* value = request.find(slot.attribute);
    // A value that the attribute's type does not allow is unknown, not absent.
    if (value != nullptr && slot.known && !check_attribute(slot.attribute, *value, *schema_)) {
      held.push_back({});
    } else {
      held.push_back({value, slot.missing});
    }
  }
  return held;
}

bool CaseFinder::holds(size_t index, const std::vector<Held>& held) const {
  const DiffCase& one = diff_->cases[index];
  for (size_t i = 0; i < one.when.size(); ++i) {
    const Held& own = held[tests_[index][i]];
    if (!meets(one.when[i].test, own.value, own.missing, slots_[tests_[index][i]].named)) return false;
  }
  return true;
}

std::optional<size_t> CaseFinder::find(const Request& request, const Decision& before,
                                       const Decision& after) const {
  for (const size_t at : find_all(request)) {
    if (diff_->cases[at].whole || differs_so(diff_->cases[at], before, after)) return at;
  }
  return std::nullopt;
}

std::vector<size_t> CaseFinder::find_all(const Request& request) const {
  std::vector<size_t> all;
  const std::vector<Held> held = look(request);
  for (size_t i = 0; i < tests_.size(); ++i) {
    if (holds(i, held)) all.push_back(i);
  }
  return all;
}

}  // namespace hetao::policy
