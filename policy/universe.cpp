// Builds the domains of one or more packs: gathers what their rules say of each attribute, then cuts.
#include <algorithm>
#include <map>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "policy/domain.h"
#include "policy/globs.h"

namespace hetao::policy {

class UniverseBuilder {
 public:
  explicit UniverseBuilder(std::span<const LoadedPack* const> packs) : packs_(packs) {}
  tl::expected<Universe, Diagnostics> build();

 private:
  struct Gathered {
    std::vector<int64_t> cuts;
    std::vector<std::string> texts;
    std::vector<std::string> globs;
  };

  void find_slots();
  void gather(const Condition& condition, size_t pack);
  void gather_rule(const Rule& rule, size_t pack);
  void finish(Domain& domain, Gathered& found);
  void finish_texts(Domain& domain, Gathered& found);
  void finish_enum(Domain& domain);
  void finish_others(Domain& domain);
  void set_defaults(Domain& domain);

  std::span<const LoadedPack* const> packs_;
  Universe universe_;
  std::vector<Gathered> gathered_;
  Diagnostics mistakes_;
};

void UniverseBuilder::find_slots() {
  std::map<std::string, Attribute> by_name;
  for (const LoadedPack* pack : packs_) {
    for (const Attribute& attribute : pack->attributes) by_name.emplace(attribute.name, attribute);
    // Rules with days test time.date without naming it.
    by_name.emplace("time.date", *pack->schema.find("time.date"));
  }
  std::map<std::string, size_t> slots;
  for (auto& [name, attribute] : by_name) {
    slots[name] = universe_.domains_.size();
    Domain domain;
    domain.attribute_ = attribute;
    universe_.domains_.push_back(std::move(domain));
  }
  gathered_.resize(universe_.domains_.size());
  for (const LoadedPack* pack : packs_) {
    std::vector<size_t>& mine = universe_.slots_.emplace_back();
    for (const Attribute& attribute : pack->attributes) {
      const size_t slot = slots.at(attribute.name);
      mine.push_back(slot);
      if (universe_.domains_[slot].attribute_.type != attribute.type) {
        mistakes_.push_back({"pack.yaml", 0, 0, "the packs differ in the type of " + attribute.name, {}, {}});
      }
    }
  }
}

void UniverseBuilder::gather_rule(const Rule& rule, size_t pack) {
  gather(rule.when, pack);
  if (rule.unless) gather(*rule.unless, pack);
  const size_t date = *universe_.find("time.date");
  if (rule.valid.from) gathered_[date].cuts.push_back(rule.valid.from->days);
  if (rule.valid.until) gathered_[date].cuts.push_back(rule.valid.until->days);
}

void UniverseBuilder::gather(const Condition& condition, size_t pack) {
  for (const Condition& member : condition.members) gather(member, pack);
  if (condition.kind != Condition::Kind::kTest) return;
  const Test& test = condition.test;
  Gathered& found = gathered_[universe_.slot(pack, test.attribute)];
  if (test.op == Operator::kRange) {
    if (test.low != INT64_MIN) found.cuts.push_back(test.low);
    if (test.high != INT64_MAX) found.cuts.push_back(test.high + 1);
  }
  for (const int64_t number : test.numbers) {
    found.cuts.push_back(number);
    if (number != INT64_MAX) found.cuts.push_back(number + 1);
  }
  auto& into = test.op == Operator::kMatches ? found.globs : found.texts;
  into.insert(into.end(), test.texts.begin(), test.texts.end());
}

void UniverseBuilder::finish_enum(Domain& domain) {
  // Values that any pack declares; a pack that does not declare one takes it for unknown.
  const std::string& name = domain.attribute_.name;
  std::vector<std::vector<std::string>> known;
  for (const LoadedPack* pack : packs_) {
    const auto attribute = pack->schema.resolve(name);
    known.push_back(attribute ? attribute->values : std::vector<std::string>{});
    for (const std::string& value : known.back()) {
      if (std::find(domain.names_.begin(), domain.names_.end(), value) == domain.names_.end())
        domain.names_.push_back(value);
    }
  }
  domain.attribute_.values = domain.names_;
  domain.size_ = static_cast<Class>(domain.names_.size()) + 1;
  for (size_t pack = 0; pack < packs_.size(); ++pack) {
    std::vector<Class> unknown = {kUnknownClass};
    for (size_t i = 0; i < domain.names_.size(); ++i) {
      if (std::find(known[pack].begin(), known[pack].end(), domain.names_[i]) == known[pack].end())
        unknown.push_back(static_cast<Class>(i) + 1);
    }
    domain.unknown_[pack] = ClassSet::of(std::move(unknown));
  }
}

void UniverseBuilder::finish_others(Domain& domain) {
  if (domain.globs_.empty()) {
    std::string example = "other";
    for (const std::string& known :
         domain.attribute_.values) {  // a well-known one that no rule names reads best
      if (!std::binary_search(domain.names_.begin(), domain.names_.end(), known)) {
        example = known;
        break;
      }
    }
    if (domain.attribute_.type == Type::kJurisdiction && example == "other") {
      for (int i = 0; i < 676; ++i) {
        example = {static_cast<char>('Z' - i / 26), static_cast<char>('Z' - i % 26)};
        if (!std::binary_search(domain.names_.begin(), domain.names_.end(), example)) break;
      }
    }
    while (domain.attribute_.type != Type::kJurisdiction &&
           std::binary_search(domain.names_.begin(), domain.names_.end(), example))
      example += "-2";
    domain.others_.push_back({0, example});
    return;
  }
  if (domain.attribute_.type == Type::kJurisdiction) {
    std::map<uint64_t, std::string> found;
    for (int i = 0; i < 676; ++i) {
      const std::string code = {static_cast<char>('A' + i / 26), static_cast<char>('A' + i % 26)};
      if (std::binary_search(domain.names_.begin(), domain.names_.end(), code)) continue;
      found.emplace(globs_matched(domain.globs_, code), code);
    }
    for (const auto& [matched, example] : found) domain.others_.push_back({matched, example});
    return;
  }
  const auto combinations = glob_combinations(domain.globs_, domain.names_);
  if (!combinations) {
    mistakes_.push_back({"pack.yaml",
                         0,
                         0,
                         "the globs that test " + domain.attribute_.name + " overlap in too many ways",
                         {},
                         "use fewer, or name the values"});
    return;
  }
  for (const auto& each : *combinations) domain.others_.push_back({each.matched, each.example});
}

void UniverseBuilder::finish_texts(Domain& domain, Gathered& found) {
  const auto make_unique = [](std::vector<std::string>& texts) {
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  };
  if (domain.attribute_.type == Type::kEnum) {
    finish_enum(domain);
    domain.table_ = StringTable(domain.names_);
    return;
  }
  for (const LoadedPack* pack : packs_) {  // a parameter's own value is told apart, so that it has an example
    const auto parameter = domain.attribute_.name.starts_with("parameter.")
                               ? pack->parameters.find(domain.attribute_.name.substr(10))
                               : pack->parameters.end();
    if (parameter == pack->parameters.end()) continue;
    if (const auto* text = std::get_if<std::string>(&parameter->second.value)) found.texts.push_back(*text);
  }
  make_unique(found.texts);
  make_unique(found.globs);
  domain.names_ = std::move(found.texts);
  domain.globs_ = std::move(found.globs);
  domain.table_ = StringTable(domain.names_);
  if (domain.is_set()) {
    domain.size_ = static_cast<Class>(domain.names_.size());
    return;
  }
  if (domain.globs_.size() > limits::kPolicyGlobsMax) {
    mistakes_.push_back({"pack.yaml",
                         0,
                         0,
                         domain.attribute_.name + " is tested with too many globs",
                         "at most " + std::to_string(limits::kPolicyGlobsMax),
                         {}});
    return;
  }
  finish_others(domain);
  domain.size_ = static_cast<Class>(domain.names_.size() + domain.others_.size()) + 1;
}

// An absent parameter is the pack's own, and an attribute for which the pack says what `absent` means has
// that value: neither is unknown. What the type does not allow still is, and so gets a class of its own.
void UniverseBuilder::set_defaults(Domain& domain) {
  domain.defaults_.assign(packs_.size(), std::nullopt);
  const std::string& name = domain.attribute_.name;
  for (size_t pack = 0; pack < packs_.size(); ++pack) {
    const Attribute* attribute = packs_[pack]->schema.find(name);
    if (attribute != nullptr && !attribute->absent.empty())
      domain.defaults_[pack] = domain.classify(std::string_view(attribute->absent));
    if (!name.starts_with("parameter.")) continue;
    const auto parameter = packs_[pack]->parameters.find(name.substr(10));
    if (parameter == packs_[pack]->parameters.end()) continue;
    const Value& value = parameter->second.value;
    if (const auto* flag = std::get_if<bool>(&value)) domain.defaults_[pack] = domain.classify(*flag);
    if (const auto* number = std::get_if<int64_t>(&value)) domain.defaults_[pack] = domain.classify(*number);
    if (const auto* text = std::get_if<std::string>(&value))
      domain.defaults_[pack] = domain.classify(std::string_view(*text));
  }
  const bool any = std::any_of(domain.defaults_.begin(), domain.defaults_.end(),
                               [](const auto& d) { return d.has_value(); });
  if (!any) return;
  domain.invalid_ = domain.size_++;
  for (size_t pack = 0; pack < packs_.size(); ++pack) {
    ClassSet& unknown = domain.unknown_[pack];
    unknown = unknown.unite(ClassSet::one(domain.invalid_));
    if (domain.defaults_[pack]) unknown = unknown.intersect(ClassSet::range(1, domain.size_));
  }
}

void UniverseBuilder::finish(Domain& domain, Gathered& found) {
  domain.unknown_.assign(packs_.size(), ClassSet::one(kUnknownClass));
  switch (domain.attribute_.type) {
    case Type::kBoolean:
      domain.size_ = 3;
      break;
    case Type::kInteger:
    case Type::kDate:
      std::sort(found.cuts.begin(), found.cuts.end());
      found.cuts.erase(std::unique(found.cuts.begin(), found.cuts.end()), found.cuts.end());
      if (!found.cuts.empty() && found.cuts.front() == INT64_MIN) found.cuts.erase(found.cuts.begin());
      domain.cuts_ = std::move(found.cuts);
      domain.size_ = static_cast<Class>(domain.cuts_.size()) + 2;
      break;
    case Type::kEnum:
    case Type::kString:
    case Type::kPlace:
    case Type::kJurisdiction:
    case Type::kSet:
      finish_texts(domain, found);
      break;
  }
  set_defaults(domain);
}

tl::expected<Universe, Diagnostics> UniverseBuilder::build() {
  find_slots();
  for (size_t pack = 0; pack < packs_.size(); ++pack) {
    for (const Rule& rule : packs_[pack]->rules) gather_rule(rule, pack);
  }
  for (size_t slot = 0; slot < universe_.domains_.size(); ++slot)
    finish(universe_.domains_[slot], gathered_[slot]);
  if (!mistakes_.empty()) return tl::unexpected<Diagnostics>(std::move(mistakes_));
  return std::move(universe_);
}

tl::expected<Universe, Diagnostics> Universe::of(std::span<const LoadedPack* const> packs) {
  return UniverseBuilder(packs).build();
}

}  // namespace hetao::policy
