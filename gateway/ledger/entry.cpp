#include "gateway/ledger/entry.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "gateway/base/json.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::ledger {

namespace {

constexpr uint64_t kIntegerMax = uint64_t{1} << 53U;  // what every JSON reader keeps exact

bool is_word(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_extra_key(std::string_view key) {
  if (key.empty()) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

// Prints members in the order of their names, which the callers keep.
class Printer {
 public:
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    key(name);
    append_canonical_string(out_, value);
  }
  void number(std::string_view name, uint64_t value) {
    key(name);
    out_ += std::to_string(value);
  }
  void list(std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    key(name);
    for (size_t i = 0; i < values.size(); ++i) {
      out_ += i == 0 ? '[' : ',';
      append_canonical_string(out_, values[i]);
    }
    out_ += ']';
  }
  void map(std::string_view name, const std::map<std::string, std::string>& values) {
    char before = '{';
    for (const auto& [member, value] : values) {
      if (value.empty()) continue;
      if (before == '{') key(name);
      out_ += before;
      before = ',';
      append_canonical_string(out_, member);
      out_ += ':';
      append_canonical_string(out_, value);
    }
    if (before == ',') out_ += '}';
  }
  std::string finish() {
    out_ += '}';
    return std::move(out_);
  }

 private:
  void key(std::string_view name) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_ += name;
    out_ += "\":";
  }
  std::string out_;
};

// Reads what Printer prints, and nothing else. The first mistake sticks.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // A member that may be left out; empty values are.
  void text(std::string_view name, std::string& value) {
    if (!key(name)) return;
    string(value);
    if (value.empty()) refuse("an empty field has to be left out");
  }
  std::optional<uint64_t> number(std::string_view name) {
    if (!key(name)) return std::nullopt;
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    const auto digits = static_cast<size_t>(end - text_.data()) - at_;
    if (error != std::errc{} || value > kIntegerMax || (digits > 1 && text_[at_] == '0')) {
      refuse("expected a whole number up to 2^53");
      return std::nullopt;
    }
    at_ += digits;
    return value;
  }
  void list(std::string_view name, std::vector<std::string>& values) {
    if (!key(name)) return;
    char before = '[';
    do {
      expect(before);
      before = ',';
      string(values.emplace_back());
    } while (good() && peek() == ',');
    expect(']');
  }
  void map(std::string_view name, std::map<std::string, std::string>& values) {
    if (!key(name)) return;
    char before = '{';
    do {
      expect(before);
      before = ',';
      std::string member;
      string(member);
      if (!is_extra_key(member)) refuse("a name in \"extra\" has other than a-z, 0-9, '.', '_', '-'");
      if (!values.empty() && !(values.rbegin()->first < member))
        refuse("names in \"extra\" are not in order");
      expect(':');
      std::string value;
      string(value);
      if (value.empty()) refuse("an empty field has to be left out");
      values.emplace(std::move(member), std::move(value));
    } while (good() && peek() == ',');
    expect('}');
  }
  void finish() {
    expect('}');
    if (good() && at_ != text_.size()) refuse("something follows the entry");
  }
  void refuse(std::string why) {
    if (good()) why_ = std::move(why) + ", at byte " + std::to_string(at_);
  }
  bool good() const { return why_.empty(); }
  const std::string& why() const { return why_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void expect(char c) {
    if (!good()) return;
    if (peek() != c)
      return refuse(std::string("expected '") + c + "' here, or a field out of order or unknown");
    ++at_;
  }
  // Steps over `{"NAME":` or `,"NAME":` if that is what comes.
  bool key(std::string_view name) {
    if (!good()) return false;
    const std::string_view rest = text_.substr(at_);
    if (rest.size() < name.size() + 4 || rest[0] != (at_ == 0 ? '{' : ',') || rest[1] != '"' ||
        rest.substr(2, name.size()) != name || rest[name.size() + 2] != '"' || rest[name.size() + 3] != ':') {
      return false;
    }
    at_ += name.size() + 4;
    return true;
  }
  void string(std::string& value) {
    expect('"');
    while (good()) {
      const size_t begin = at_;
      at_ += plain_words(text_.substr(at_));
      while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
      value.append(text_.substr(begin, at_ - begin));
      if (at_ == text_.size()) return refuse("a string does not end");
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return refuse("a control character is not escaped");
      if (text_[at_++] == '"') return;
      escape(value);
    }
  }
  static bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }
  // How many bytes at the front are plain, in steps of eight; a few more may be. Most of an entry is plain
  // text.
  static size_t plain_words(std::string_view text) {
    constexpr uint64_t kOnes = 0x0101010101010101;
    constexpr uint64_t kHighs = 0x8080808080808080;
    // Has a high bit where a byte of `word` is below `least`, and where nothing is sure behind such a byte.
    const auto below = [](uint64_t word, uint64_t least) { return (word - kOnes * least) & ~word & kHighs; };
    size_t at = 0;
    for (; at + sizeof(uint64_t) <= text.size(); at += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((below(word, 0x20) | below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1)) != 0) break;
    }
    return at;
  }
  // After a backslash: the one form that RFC 8785 allows for each character.
  void escape(std::string& value) {
    static constexpr std::string_view kNames = "\"\\btnfr";
    static constexpr std::string_view kMeant = "\"\\\b\t\n\f\r";
    const char name = peek();
    if (const size_t found = kNames.find(name); name != '\0' && found != std::string_view::npos) {
      value += kMeant[found];
      ++at_;
      return;
    }
    static constexpr std::string_view kHex = "0123456789abcdef";
    if (text_.substr(at_, 3) != "u00" || at_ + 5 > text_.size()) return refuse("an escape is not canonical");
    const size_t high = kHex.find(text_[at_ + 3]);
    const size_t low = kHex.find(text_[at_ + 4]);
    if (high > 1 || low == std::string_view::npos) return refuse("an escape is not canonical");
    const char c = static_cast<char>(high * 16 + low);
    if (kMeant.find(c) != std::string_view::npos) return refuse("an escape is not canonical");
    value += c;
    at_ += 5;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string why_;
};

// "2026-11-23T11:55:51.000000Z" and no other form of the same instant.
std::optional<Instant> read_time(std::string_view text) {
  if (text.size() != 27 || text[10] != 'T' || text[26] != 'Z' || text[17] == '6') return std::nullopt;
  return parse_rfc3339(text);
}

std::string name_of(const Entry& entry) {
  return "ledger entry " + std::to_string(entry.sequence) + " (" + printable(entry.kind) + ")";
}

std::string why_unprintable(const Entry& entry) {
  static constexpr int64_t kMicrosPerYear = 31'556'952'000'000;
  if (entry.sequence > kIntegerMax) return "its sequence is over 2^53";
  if (entry.item_bytes < 0 || static_cast<uint64_t>(entry.item_bytes) > kIntegerMax)
    return "its item size is negative or over 2^53";
  if (entry.time.micros / kMicrosPerYear > 8'000 || entry.time.micros / kMicrosPerYear < -1'900)
    return "its time is outside the years 0 to 9999";
  if (entry.region.empty()) return "it names no region";
  if (!is_word(entry.kind)) return "its kind is not lower-case words joined by '-'";
  for (const auto& [key, _] : entry.extra) {
    if (!is_extra_key(key)) return "\"" + printable(key) + "\" is not a name of a-z, 0-9, '.', '_', '-'";
  }
  return {};
}

}  // namespace

Result<std::string> encode_entry(const Entry& entry) {
  if (std::string why = why_unprintable(entry); !why.empty())
    return fail(ErrorCode::kUsage, name_of(entry), std::move(why), "correct what was to be recorded");
  Printer out;
  out.text("crossing", entry.crossing);
  out.text("decision", entry.decision);
  out.text("direction", entry.direction);
  out.map("extra", entry.extra);
  if (!entry.item_digest.empty() || entry.item_bytes != 0)
    out.number("item_bytes", static_cast<uint64_t>(entry.item_bytes));
  out.text("item_digest", entry.item_digest);
  out.text("job", entry.job);
  out.text("kind", entry.kind);
  out.text("peer", entry.peer);
  out.text("policy_digest", entry.policy_digest);
  out.text("reason", entry.reason);
  out.text("region", entry.region);
  out.list("rules", entry.rules);
  out.number("sequence", entry.sequence);
  out.text("time", to_rfc3339(entry.time));
  out.text("who", entry.who);
  std::string bytes = out.finish();
  if (bytes.size() > limits::kLedgerEntryBytesMax)
    return fail(ErrorCode::kUsage, name_of(entry),
                "it takes " + std::to_string(bytes.size()) + " bytes; an entry has at most " +
                    std::to_string(limits::kLedgerEntryBytesMax),
                "record the digest of what is large");
  if (!is_utf8(bytes))
    return fail(ErrorCode::kUsage, name_of(entry), "it has text that is not UTF-8", "record text as UTF-8");
  return bytes;
}

Result<Entry> decode_entry(std::string_view bytes) {
  Entry entry;
  Reader in(bytes);
  std::string time;
  in.text("crossing", entry.crossing);
  in.text("decision", entry.decision);
  in.text("direction", entry.direction);
  in.map("extra", entry.extra);
  const auto item_bytes = in.number("item_bytes");
  in.text("item_digest", entry.item_digest);
  in.text("job", entry.job);
  in.text("kind", entry.kind);
  in.text("peer", entry.peer);
  in.text("policy_digest", entry.policy_digest);
  in.text("reason", entry.reason);
  in.text("region", entry.region);
  in.list("rules", entry.rules);
  const auto sequence = in.number("sequence");
  in.text("time", time);
  in.text("who", entry.who);
  in.finish();
  if (!sequence) in.refuse("no \"sequence\"");
  if (item_bytes.has_value() == (entry.item_digest.empty() && item_bytes.value_or(0) == 0))
    in.refuse("\"item_bytes\" without an item, or an item without it");
  const auto instant = read_time(time);
  if (!instant) in.refuse("\"time\" is not of the form 2026-11-23T11:55:51.000000Z");
  entry.sequence = sequence.value_or(0);
  entry.item_bytes = static_cast<int64_t>(item_bytes.value_or(0));
  entry.time = instant.value_or(Instant{});
  if (std::string why = why_unprintable(entry); !why.empty()) in.refuse(std::move(why));
  if (bytes.size() > limits::kLedgerEntryBytesMax) in.refuse("larger than an entry may be");
  if (!is_utf8(bytes)) in.refuse("not UTF-8");
  if (!in.good())
    return fail(ErrorCode::kVerification, "ledger entry", in.why(),
                "it was not written by a gateway, or was changed");
  return entry;
}

}  // namespace hetao::ledger
