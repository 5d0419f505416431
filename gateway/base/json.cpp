#include "gateway/base/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <set>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao {

namespace {

// Watches a parse for keys that stand twice in one object, which RFC 8259 leaves undefined and attackers use.
struct DuplicateKeyHandler {
  static constexpr size_t max_object_size = 1U << 20U;
  static constexpr size_t max_array_size = 1U << 24U;
  static constexpr size_t max_key_size = 1U << 16U;
  static constexpr size_t max_string_size = 1U << 30U;

  std::vector<std::set<std::string>> open;
  std::string key;
  std::string duplicate;

  using Ec = boost::system::error_code;
  using Sv = json::string_view;
  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) { return open.emplace_back(), true; }
  bool on_object_end(size_t, Ec&) { return open.pop_back(), true; }
  bool on_array_begin(Ec&) { return true; }
  bool on_array_end(size_t, Ec&) { return true; }
  bool on_key_part(Sv part, size_t, Ec&) { return key.append(part.data(), part.size()), true; }
  bool on_key(Sv part, size_t, Ec&) {
    key.append(part.data(), part.size());
    if (!open.back().insert(key).second && duplicate.empty()) duplicate = key;
    key.clear();
    return true;
  }
  bool on_string_part(Sv, size_t, Ec&) { return true; }
  bool on_string(Sv, size_t, Ec&) { return true; }
  bool on_number_part(Sv, Ec&) { return true; }
  bool on_int64(int64_t, Sv, Ec&) { return true; }
  bool on_uint64(uint64_t, Sv, Ec&) { return true; }
  bool on_double(double, Sv, Ec&) { return true; }
  bool on_bool(bool, Ec&) { return true; }
  bool on_null(Ec&) { return true; }
  bool on_comment_part(Sv, Ec&) { return true; }
  bool on_comment(Sv, Ec&) { return true; }
};

std::string find_duplicate_key(std::string_view text, const json::parse_options& options) {
  json::basic_parser<DuplicateKeyHandler> parser(options);
  boost::system::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return parser.handler().duplicate;
}

std::string place_of(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const auto line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const size_t start = before.rfind('\n');
  const size_t column = start == std::string_view::npos ? offset + 1 : offset - start;
  return std::to_string(line) + ":" + std::to_string(column);
}

// RFC 8785 section 3.2.3 sorts keys by UTF-16 code units; that differs from bytes only above U+FFFF against
// U+E000..U+FFFF.
std::u16string utf16_of(std::string_view text) {
  std::u16string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    unsigned code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      code = (code << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
    }
    if (code >= 0x10000) {
      out += static_cast<char16_t>(0xd800U + ((code - 0x10000) >> 10U));
      out += static_cast<char16_t>(0xdc00U + ((code - 0x10000) & 0x3ffU));
    } else {
      out += static_cast<char16_t>(code);
    }
    i += length;
  }
  return out;
}

void append_canonical(std::string& out, const json::value& value) {
  static constexpr int64_t kLargest = int64_t{1} << 53U;
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      HETAO_CHECK(value.get_int64() <= kLargest && value.get_int64() >= -kLargest);
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      HETAO_CHECK(value.get_uint64() <= static_cast<uint64_t>(kLargest));
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::double_:
      HETAO_CHECK(value.is_int64());
      return;  // integers only
    case json::kind::string:
      append_canonical_string(out, value.get_string());
      return;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!std::exchange(first, false)) out += ',';
        append_canonical(out, element);
      }
      out += ']';
      return;
    }
    case json::kind::object: {
      std::vector<std::pair<std::u16string, const json::key_value_pair*>> members;
      for (const auto& member : value.get_object()) members.emplace_back(utf16_of(member.key()), &member);
      std::sort(members.begin(), members.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      out += '{';
      bool first = true;
      for (const auto& [_, member] : members) {
        if (!std::exchange(first, false)) out += ',';
        append_canonical_string(out, member->key());
        out += ':';
        append_canonical(out, member->value());
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::string_view what, size_t max_bytes) {
  const auto refuse = [&](std::string why, std::string hint = {}) {
    return fail(ErrorCode::kUsage, std::string(what), std::move(why), std::move(hint));
  };
  if (text.size() > max_bytes) return refuse("larger than " + human_bytes(max_bytes), "send less at once");
  if (!is_utf8(text)) return refuse("not valid UTF-8", "save it as UTF-8");
  json::parse_options options;
  options.max_depth = limits::kJsonDepthMax;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  const size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error) {
    // Only white space may follow the value.
    if (text.find_first_not_of(" \t\r\n", read) != std::string_view::npos) {
      error = json::error::extra_data;
    } else if (!parser.done()) {
      parser.finish(error);
    }
  }
  if (error) return refuse(error.message() + " at " + place_of(text, read), "expected one JSON value");
  if (const std::string key = find_duplicate_key(text, options); !key.empty()) {
    return refuse("key \"" + printable(key) + "\" stands twice in one object", "keep one of them");
  }
  return parser.release();
}

void append_canonical_string(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  static constexpr std::string_view kShort = "btn?fr";  // from U+0008 on
  out += '"';
  size_t plain = 0;  // where the part that needs no escape begins
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    out += '\\';
    if (byte >= 0x20) {
      out += text[i];
    } else if (byte >= 0x08 && byte <= 0x0d && byte != 0x0b) {
      out += kShort[byte - 0x08U];
    } else {
      out += "u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  out.append(text.substr(plain));
  out += '"';
}

std::string canonical_json(const json::value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

}  // namespace hetao
