// The attributes that requests have and rules test: the built-in ones (the table in
// builtin_attributes.cpp) and what a pack adds. `inspection.findings.KIND` and `parameter.NAME` are families:
// any KIND or NAME resolves. Immutable after loading; safe to share.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace hetao::policy {

enum class Type {
  kBoolean,
  kInteger,
  kEnum,          // one of `values`
  kString,        // any text; `values` are well-known ones
  kPlace,         // a place of registration: any text; `values` are well-known ones
  kJurisdiction,  // two capital letters; `values` are well-known ones
  kDate,
  kSet,  // of texts; `values` are well-known members
};

const char* to_word(Type type);

// The same words in the product's three languages.
struct Words {
  std::string en;
  std::string zh_hans;
  std::string zh_hant;

  // The text in "en", "zh-Hans" or "zh-Hant"; where it is missing, or the language is another, English.
  const std::string& in(std::string_view language) const;
  friend bool operator==(const Words&, const Words&) = default;
};

// How an explanation may propose another value for an attribute.
enum class Change {
  kNever,      // who, where, when and what it is: another value is another request
  kIfUnknown,  // a fact: may be declared when it is unknown, never altered
  kFreely,     // something people can bring about: a filing, an assessment, an aggregate instead of rows
};

struct Attribute {
  std::string name;
  Type type = Type::kString;
  std::vector<std::string> values;
  Words title;
  Change change = Change::kIfUnknown;
  // Attributes of one group are brought about together, and count as one change. Empty: its own.
  std::string group;
  // The values that an explanation may propose, as text: those that a person would want. Empty: any.
  std::vector<std::string> proposed;
  // Is a way of its own: never proposed together with changes of other groups.
  bool proposed_alone = false;
  bool built_in = false;
  // What a request has that does not say (an enum's value, chosen by the pack). Empty: it is unknown.
  std::string absent;

  // Where a request does not say: a set is empty, time.date is today, all else is unknown.
  bool may_be_unknown() const { return type != Type::kSet && name != "time.date"; }
};

class Schema {
 public:
  static const Schema& built_in();

  // The attribute of this name, families included; nullopt if there is none.
  std::optional<Attribute> resolve(std::string_view name) const;
  const Attribute* find(std::string_view name) const;                       // without families
  std::string nearest(std::string_view name) const;                         // nearest known name, or empty
  const std::vector<Attribute>& attributes() const { return attributes_; }  // in the table's order

  // For the loader. `add` refuses a name that is taken; `extend` adds values to an enum.
  Result<void> add(Attribute attribute);
  Result<void> extend(std::string_view name, const std::vector<std::string>& values);
  // What an absent enum attribute means: one of its values.
  Result<void> set_absent(std::string_view name, const std::string& value);

 private:
  std::vector<Attribute> attributes_;
  std::map<std::string, size_t, std::less<>> index_;
};

bool is_attribute_name(std::string_view name);
bool is_jurisdiction(std::string_view text);

}  // namespace hetao::policy
