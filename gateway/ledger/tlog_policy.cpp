#include "gateway/ledger/tlog_policy.h"

#include <algorithm>
#include <map>
#include <set>

#include "gateway/base/text.h"
#include "gateway/ledger/decimal.h"

namespace hetao::ledger {

namespace {

constexpr size_t kPolicyBytesMax = size_t{1} << 20U;
constexpr size_t kNamesMax = 1'024;  // of logs, witnesses and groups each

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : line) {
    if (c != ' ' && c != '\t') {
      word += c;
      continue;
    }
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

class Reader {
 public:
  explicit Reader(std::string_view what) : what_(what) {}

  Result<void> line(const std::vector<std::string>& words) {
    ++number_;
    if (words.empty() || words[0].starts_with('#')) return {};
    if (words[0] == "log") return log(words);
    if (words[0] == "witness") return witness(words);
    if (words[0] == "group") return group(words);
    if (words[0] == "quorum") return quorum(words);
    return refuse("\"" + printable(words[0]) + "\" is none of log, witness, group, quorum");
  }
  void skip() { ++number_; }
  Result<TlogPolicy> finish() {
    if (!has_quorum_)
      return fail(ErrorCode::kUsage, what_, "there is no quorum line", "\"quorum none\" asks for no witness");
    return std::move(policy_);
  }
  tl::unexpected<Error> refuse(std::string why) const {
    return fail(ErrorCode::kUsage, what_ + ":" + std::to_string(number_), std::move(why),
                "see c2sp.org/tlog-policy");
  }

 private:
  Result<void> log(const std::vector<std::string>& words) {
    if (words.size() != 2 && words.size() != 3) return refuse("expected: log VKEY [URL]");
    auto key = key_of(words[1]);
    if (!key) return fail(std::move(key.error()));
    if (key->type == kEd25519Cosignature) return refuse("that is the key of a witness");
    if (!log_keys_.insert(key->public_key).second) return refuse("this log's key was named before");
    if (policy_.logs.size() == kNamesMax) return refuse("too many logs");
    policy_.logs.push_back({std::move(*key), words.size() == 3 ? words[2] : std::string()});
    return {};
  }

  Result<void> witness(const std::vector<std::string>& words) {
    if (words.size() != 3 && words.size() != 4) return refuse("expected: witness NAME VKEY [URL]");
    if (auto fresh = name(words[1]); !fresh) return fresh;
    auto key = key_of(words[2]);
    if (!key) return fail(std::move(key.error()));
    if (key->type == kEd25519) return refuse("that is the key of a log");
    if (!witness_keys_.insert(key->public_key).second) return refuse("this witness's key was named before");
    if (policy_.witnesses.size() == kNamesMax) return refuse("too many witnesses");
    policy_.witnesses.push_back({words[1], std::move(*key), words.size() == 4 ? words[3] : std::string()});
    return {};
  }

  Result<void> group(const std::vector<std::string>& words) {
    if (words.size() < 4) return refuse("expected: group NAME all|any|K MEMBER...");
    if (policy_.groups.size() == kNamesMax) return refuse("too many groups");
    PolicyGroup made{words[1], 0, {words.begin() + 3, words.end()}};
    const uint64_t count = made.members.size();
    const auto number = parse_decimal(words[2]);
    made.needed = words[2] == "all" ? count : words[2] == "any" ? 1 : number.value_or(0);
    if (made.needed == 0 || made.needed > count)
      return refuse("a threshold is all, any, or 1 to the number of members");
    for (const std::string& member : made.members) {
      const auto known = used_.find(member);
      if (known == used_.end()) return refuse("\"" + printable(member) + "\" is not defined above");
      if (known->second) return refuse("\"" + printable(member) + "\" is a member already");
      known->second = true;
    }
    if (auto fresh = name(words[1]); !fresh) return fresh;
    policy_.groups.push_back(std::move(made));
    return {};
  }

  Result<void> quorum(const std::vector<std::string>& words) {
    if (words.size() != 2) return refuse("expected: quorum NAME");
    if (has_quorum_) return refuse("there is a quorum line already");
    if (words[1] != "none" && !used_.contains(words[1]))
      return refuse("\"" + printable(words[1]) + "\" is not defined above");
    has_quorum_ = true;
    policy_.quorum = words[1];
    return {};
  }

  Result<void> name(const std::string& word) {
    if (word == "none") return refuse("the name none has a meaning of its own");
    if (!used_.emplace(word, false).second) return refuse("the name " + printable(word) + " is taken");
    return {};
  }

  Result<VerifierKey> key_of(const std::string& word) const {
    auto key = parse_vkey(word);
    if (!key) return refuse(key.error().why);
    return key;
  }

  std::string what_;
  size_t number_ = 0;
  bool has_quorum_ = false;
  TlogPolicy policy_;
  std::map<std::string, bool> used_;  // whether it is a member of a group
  std::set<Bytes> log_keys_;
  std::set<Bytes> witness_keys_;
};

}  // namespace

std::vector<VerifierKey> TlogPolicy::log_keys() const {
  std::vector<VerifierKey> keys;
  for (const PolicyLog& log : logs) keys.push_back(log.key);
  return keys;
}

std::vector<VerifierKey> TlogPolicy::witness_keys() const {
  std::vector<VerifierKey> keys;
  for (const PolicyWitness& witness : witnesses) keys.push_back(witness.key);
  return keys;
}

bool TlogPolicy::is_quorum(const std::vector<VerifierKey>& cosigned) const {
  if (quorum == "none") return true;
  std::set<std::string> have;
  for (const PolicyWitness& witness : witnesses) {
    if (std::find(cosigned.begin(), cosigned.end(), witness.key) != cosigned.end()) have.insert(witness.name);
  }
  for (const PolicyGroup& group : groups) {  // members stand before their groups
    const auto there = std::count_if(group.members.begin(), group.members.end(),
                                     [&](const std::string& member) { return have.contains(member); });
    if (static_cast<uint64_t>(there) >= group.needed) have.insert(group.name);
  }
  return have.contains(quorum);
}

Result<TlogPolicy> parse_tlog_policy(std::string_view text, std::string_view what) {
  Reader reader(what);
  if (text.size() > kPolicyBytesMax)
    return fail(ErrorCode::kUsage, std::string(what), "larger than " + human_bytes(kPolicyBytesMax),
                "shorten it");
  if (!text.empty() && !text.ends_with('\n'))
    return fail(ErrorCode::kUsage, std::string(what), "the last line does not end", "end it with a newline");
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const bool is_clean = std::all_of(line.begin(), line.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
    if (!is_clean) {
      reader.skip();
      return reader.refuse("it has a control character");
    }
    if (auto taken = reader.line(words_of(line)); !taken) return fail(std::move(taken.error()));
  }
  return reader.finish();
}

Result<SignedCheckpoint> open_checkpoint(std::string_view bytes, const TlogPolicy& policy) {
  auto opened = open_checkpoint(bytes, policy.log_keys(), policy.witness_keys());
  if (!opened) return opened;
  std::vector<VerifierKey> cosigned;
  for (const Verified& verified : opened->cosignatures) cosigned.push_back(verified.key);
  if (policy.is_quorum(cosigned)) return opened;
  return fail(ErrorCode::kVerification, "checkpoint",
              std::to_string(cosigned.size()) + " witnesses cosigned it, which is not the quorum " +
                  printable(policy.quorum),
              "get a checkpoint that the quorum has cosigned");
}

}  // namespace hetao::ledger
