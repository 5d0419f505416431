#include "policy/domain.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "policy/globs.h"

namespace hetao::policy {

namespace {

bool is_number(Type type) {
  return type == Type::kInteger || type == Type::kDate || type == Type::kBoolean;
}

json::array texts_of(const std::vector<std::string>& names, const ClassSet& classes) {
  json::array out;
  for (const auto& range : classes.ranges()) {
    for (Class c = range.begin; c < range.end; ++c) out.emplace_back(names[c - 1]);
  }
  return out;
}

}  // namespace

Class Domain::classify(bool value) const {
  return attribute_.type == Type::kBoolean ? (value ? 2 : 1) : invalid_;
}

Class Domain::classify(int64_t value) const {
  if (attribute_.type != Type::kInteger && attribute_.type != Type::kDate) return invalid_;
  const auto at = std::upper_bound(cuts_.begin(), cuts_.end(), value);
  return static_cast<Class>(at - cuts_.begin()) + 1;
}

Class Domain::classify(std::string_view value) const {
  const uint32_t named = table_.find(value);
  if (named != StringTable::kNone) return named + 1;
  if (others_.empty()) return invalid_;  // an enum, or no text at all
  if (attribute_.type == Type::kJurisdiction && !is_jurisdiction(value)) return invalid_;
  return globs_.empty() ? static_cast<Class>(names_.size()) + 1 : classify_glob(value);
}

Class Domain::classify(const Value& value) const {
  if (const auto* flag = std::get_if<bool>(&value)) return classify(*flag);
  if (const auto* number = std::get_if<int64_t>(&value))
    return attribute_.type == Type::kInteger ? classify(*number) : invalid_;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return invalid_;
  if (attribute_.type != Type::kDate) return classify(std::string_view(*text));
  const auto date = parse_date(*text);
  return date ? classify(int64_t{date->days}) : invalid_;
}

std::vector<uint32_t> Domain::members_of(const Value& value) const {
  std::vector<uint32_t> out;
  const auto add = [&](std::string_view text) {
    if (const uint32_t number = member(text); number != StringTable::kNone) out.push_back(number);
  };
  if (const auto* text = std::get_if<std::string>(&value)) add(*text);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& text : *texts) add(text);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::optional<Class> Domain::unnamed() const {
  if (others_.empty()) return invalid_;
  if (attribute_.type == Type::kJurisdiction || !globs_.empty()) return std::nullopt;
  return static_cast<Class>(names_.size()) + 1;
}

Class Domain::classify_glob(std::string_view value) const {
  const uint64_t matched = globs_matched(globs_, value);
  const auto at = std::lower_bound(others_.begin(), others_.end(), matched,
                                   [](const Other& other, uint64_t m) { return other.matched < m; });
  HETAO_CHECK(at != others_.end() && at->matched == matched);  // glob_combinations() is exhaustive
  return static_cast<Class>(names_.size()) + 1 + static_cast<Class>(at - others_.begin());
}

uint32_t Domain::member(std::string_view value) const {
  return table_.find(value);
}

ClassSet Domain::accepted(const Test& test, size_t pack) const {
  HETAO_CHECK(!is_set());
  ClassSet out;
  if (test.op == Operator::kRange) {
    const Class last = classify(test.high);
    out = ClassSet::range(classify(test.low), last + 1);
  } else if (test.op == Operator::kMatches) {
    std::vector<Class> matching;
    for (Class c = 1; c < known_end(); ++c) {
      const std::string& text = c <= names_.size() ? names_[c - 1] : others_[c - 1 - names_.size()].example;
      // A class that nobody names matches as a whole or not at all: its bits say so.
      bool matches = false;
      for (const std::string& glob : test.texts) {
        if (c <= names_.size()) {
          matches = matches || glob_match(glob, text);
        } else {
          const auto at = std::find(globs_.begin(), globs_.end(), glob);
          HETAO_CHECK(at != globs_.end());
          const uint64_t bits = others_[c - 1 - names_.size()].matched;
          matches = matches || ((bits >> static_cast<unsigned>(at - globs_.begin())) & 1U) != 0;
        }
      }
      if (matches) matching.push_back(c);
    }
    out = ClassSet::of(std::move(matching));
  } else {
    std::vector<Class> named;
    for (const int64_t number : test.numbers) {
      named.push_back(attribute_.type == Type::kBoolean ? classify(number != 0) : classify(number));
    }
    for (const std::string& text : test.texts) named.push_back(classify(std::string_view(text)));
    out = ClassSet::of(std::move(named));
  }
  if (test.negated) out = out.complement(size_);
  out = out.intersect(unknown_[pack].complement(size_)).intersect(ClassSet::range(1, size_));
  const auto absent = defaults_[pack];
  return absent && out.contains(*absent) ? out.unite(ClassSet::one(kUnknownClass)) : out;
}

Value Domain::example(Class value) const {
  HETAO_CHECK(value != kUnknownClass && value < known_end());
  if (attribute_.type == Type::kBoolean) return value == 2;
  if (is_number(attribute_.type)) {
    int64_t number = 0;
    if (value >= 2) {
      number = cuts_[value - 2];
    } else if (!cuts_.empty()) {
      number = cuts_[0] - 1;
    }
    if (attribute_.type == Type::kDate) return to_string(Date{static_cast<int32_t>(number)});
    return number;
  }
  if (value <= names_.size()) return names_[value - 1];
  return others_[value - 1 - names_.size()].example;
}

json::value Domain::describe_numbers(const ClassSet& known) const {
  json::array parts;
  const auto constant = [&](int64_t number) -> json::value {
    if (attribute_.type == Type::kDate) return json::value(to_string(Date{static_cast<int32_t>(number)}));
    return number;
  };
  for (const auto& range : known.ranges()) {
    const bool from_start = range.begin <= 1;
    const bool to_end = range.end >= known_end();
    const int64_t low = from_start ? INT64_MIN : cuts_[range.begin - 2];
    const int64_t high = to_end ? INT64_MAX : cuts_[range.end - 2];  // exclusive
    if (!from_start && !to_end && high - low == 1) {
      parts.emplace_back(constant(low));
      continue;
    }
    json::object bounds;
    if (!from_start) bounds["gte"] = constant(low);
    if (!to_end) bounds["lt"] = constant(high);
    parts.emplace_back(std::move(bounds));
  }
  if (parts.size() == 1) return parts.front();
  return json::object{{"any_of", std::move(parts)}};
}

json::value Domain::describe_texts(const ClassSet& known) const {
  const auto named_end = static_cast<Class>(names_.size()) + 1;
  const ClassSet named = known.intersect(ClassSet::range(1, named_end));
  const ClassSet others = known.intersect(ClassSet::range(named_end, std::max(named_end, known_end())));
  if (others.empty()) {
    json::array names = texts_of(names_, named);
    if (names.size() == 1) return names.front();
    return json::object{{"in", std::move(names)}};
  }
  json::object out;
  const ClassSet missing = named.complement(named_end).intersect(ClassSet::range(1, named_end));
  if (others.count() == others_.size()) {  // everything but some names
    out["not_in"] = texts_of(names_, missing);
    return out;
  }
  // Texts that nobody names, told apart by the globs that they match.
  json::array kinds;
  for (const auto& range : others.ranges()) {
    for (Class c = range.begin; c < range.end; ++c) {
      const Other& other = others_[c - named_end];
      json::array matches;
      for (size_t g = 0; g < globs_.size(); ++g) {
        if (((other.matched >> g) & 1U) != 0) matches.emplace_back(globs_[g]);
      }
      kinds.emplace_back(json::object{{"matches_just", std::move(matches)}, {"such_as", other.example}});
    }
  }
  if (!named.empty()) kinds.emplace_back(json::object{{"in", texts_of(names_, named)}});
  if (kinds.size() == 1) return kinds.front();
  return json::object{{"any_of", std::move(kinds)}};
}

json::value Domain::describe(const ClassSet& classes) const {
  // Where an absent value means something, absent and unknown are two things.
  const bool absent = invalid_ != kUnknownClass && classes.contains(kUnknownClass);
  const bool unknown = classes.contains(invalid_);
  const ClassSet known = classes.intersect(ClassSet::range(1, std::max<Class>(known_end(), 1)));
  json::object out;
  if (known.empty()) {
    if (absent) out["absent"] = true;
    if (unknown) out["unknown"] = true;
    return out;
  }
  json::value said;
  if (known.count() == known_end() - 1) {
    said = json::object{{"known", true}};
  } else if (attribute_.type == Type::kBoolean) {
    said = known.first() == 2;
  } else if (is_number(attribute_.type)) {
    said = describe_numbers(known);
  } else {
    said = describe_texts(known);
  }
  if (!unknown && !absent) return said;
  out = said.is_object() ? said.get_object() : json::object{{"in", json::array{said}}};
  if (absent) out["or_absent"] = true;
  if (unknown) out["or_unknown"] = true;
  return out;
}

void set_example(Request& request, const Domain& domain, Class value) {
  if (value == kUnknownClass) return;
  const bool known = value < domain.known_end();
  request.set(domain.attribute().name,
              known ? domain.example(value) : Value(std::vector<std::string>{"undeclared"}));
}

std::optional<size_t> Universe::find(std::string_view name) const {
  const auto at =
      std::lower_bound(domains_.begin(), domains_.end(), name,
                       [](const Domain& d, std::string_view n) { return d.attribute().name < n; });
  if (at == domains_.end() || at->attribute().name != name) return std::nullopt;
  return static_cast<size_t>(at - domains_.begin());
}

}  // namespace hetao::policy
