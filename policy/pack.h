// A pack: the texts of its files become typed rules, parameters and tests, or a list of every mistake with
// its place. Reading the folder is the caller's business. Pure; never throws.
#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "gateway/base/digest.h"
#include "policy/request.h"
#include "policy/rule.h"
#include "policy/schema.h"

namespace hetao::policy {

struct SourceFile {
  std::string name;  // relative to the pack's folder: "pack.yaml", "rules/personal.yaml"
  std::string text;
};

struct Parameter {
  Value value;  // bool, int64_t or std::string
  std::string source;
  Words title;
  Validity valid;
  Place place;
  bool used = false;  // by some rule
};

struct PackTest {
  std::string id;
  std::string title;
  Request request;
  Effect decision = Effect::kForbid;
  std::vector<std::string> rules;  // see `exactly`; empty: no rule decides, if `rules_given`
  bool rules_given = false;
  bool exactly = false;  // true: these and no others; false: this one among others
  std::optional<std::vector<std::string>> obligations;
  Place place;
};

struct LoadedPack {
  std::string name;
  std::string version;
  Effect default_effect = Effect::kForbid;
  bool shadow = false;
  Words title;
  std::string note;
  std::map<std::string, Parameter> parameters;
  Schema schema;
  std::vector<Attribute> attributes;  // those that rules test, each once, in the order of first use
  std::vector<Rule> rules;            // pack.yaml first, then files by name
  std::vector<PackTest> tests;
  std::string canonical;  // the text that `digest` is of
  Digest digest;  // SHA-256 of the canonical JSON (RFC 8785) of what the files say; comments don't count
};

tl::expected<LoadedPack, Diagnostics> load_pack(std::vector<SourceFile> files);

}  // namespace hetao::policy
