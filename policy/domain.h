// Cuts the values of each attribute into classes that no rule of the given packs tells apart, so that all
// possible requests become finitely many. Class 0 is "unknown". The compiler makes the universe of one
// pack, the diff that of two. Immutable; safe to share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "gateway/base/json.h"
#include "policy/class_set.h"
#include "policy/pack.h"
#include "policy/string_table.h"

namespace hetao::policy {

inline constexpr Class kUnknownClass = 0;

class Domain {
 public:
  const Attribute& attribute() const { return attribute_; }
  bool is_set() const { return attribute_.type == Type::kSet; }

  // One past the last class; for a set, the number of members that rules name.
  Class size() const { return size_; }
  // One past the last class of values that the type allows. Where an absent value means something, one more
  // class follows: values that the type does not allow, which are unknown.
  Class known_end() const { return invalid_ == kUnknownClass ? size_ : invalid_; }
  // The class of a value; one that is unknown if the type does not allow it.
  Class classify(bool value) const;
  Class classify(int64_t value) const;  // of integers, and days of dates
  Class classify(std::string_view value) const;
  Class classify(const Value& value) const;
  // The class of what the type does not allow.
  Class not_allowed() const { return invalid_; }
  // For sets: the members that rules name, as numbers, sorted. One text is a set of one.
  std::vector<uint32_t> members_of(const Value& value) const;
  // For sets: the number of a member that rules name, or StringTable::kNone.
  uint32_t member(std::string_view value) const;
  // For the hot path: the names; the class of a text that is none of them (nullopt: it has to be looked at);
  // the cuts of numbers.
  const StringTable& table() const { return table_; }
  std::optional<Class> unnamed() const;
  std::span<const int64_t> cuts() const { return cuts_; }
  const std::string& member_name(uint32_t member) const { return names_[member]; }

  // Classes whose values pass the test (of anything but a set), as a pack sees them: what is unknown to it
  // passes nothing; an absent parameter is the pack's own.
  ClassSet accepted(const Test& test, size_t pack) const;
  // Classes that are as good as unknown to a pack: kUnknownClass (but for its own parameters), and enum
  // values that it does not declare.
  const ClassSet& unknown_to(size_t pack) const { return unknown_[pack]; }
  // All classes that a request can have.
  ClassSet all() const { return ClassSet::range(attribute_.may_be_unknown() ? 0 : 1, size_); }

  Value example(Class value) const;  // of a class from 1 to known_end()
  // The classes in words of the language: a constant, {"in": [...]}, {"gte": 1}, {"unknown": true}, ...
  json::value describe(const ClassSet& classes) const;

 private:
  friend class UniverseBuilder;
  Class classify_glob(std::string_view value) const;
  json::value describe_numbers(const ClassSet& known) const;
  json::value describe_texts(const ClassSet& known) const;

  Attribute attribute_;
  Class size_ = 1;
  Class invalid_ = kUnknownClass;               // see known_end()
  std::vector<ClassSet> unknown_;               // per pack
  std::vector<std::optional<Class>> defaults_;  // per pack: the class of an absent value
  std::vector<int64_t> cuts_;                   // numbers: class k + 1 is [cuts[k - 1], cuts[k])
  std::vector<std::string> names_;              // texts: class k + 1 is names[k]; sets: member k
  StringTable table_;                           // names
  std::vector<std::string> globs_;
  struct Other {
    uint64_t matched = 0;  // a bit a glob
    std::string example;
  };
  std::vector<Other> others_;  // classes of texts that nobody names, after the names; by `matched`
};

class Universe {
 public:
  // Mistakes: globs that overlap in too many ways. All packs' attributes of one name must have one type.
  static tl::expected<Universe, Diagnostics> of(std::span<const LoadedPack* const> packs);

  const std::vector<Domain>& domains() const { return domains_; }
  // The domain of a pack's attribute (index into LoadedPack::attributes).
  size_t slot(size_t pack, size_t attribute) const { return slots_[pack][attribute]; }
  std::optional<size_t> find(std::string_view name) const;

 private:
  friend class UniverseBuilder;
  std::vector<Domain> domains_;  // by name
  std::vector<std::vector<size_t>> slots_;
};

// Sets the value that stands for the classes into a request: nothing for kUnknownClass.
void set_example(Request& request, const Domain& domain, Class value);

}  // namespace hetao::policy
