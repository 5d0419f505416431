// PDF: streams are inflated, and the text that pages show is put together from their operators (ISO
// 32000-1, 9.4). Fonts that number their glyphs are read through the ToUnicode tables of the file. Pictures
// and what is encrypted are not read.
#include <algorithm>
#include <map>
#include <set>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kStreamsMax = 100'000;
constexpr size_t kStreamBytesMax = size_t{64} << 20U;
constexpr size_t kGlyphsMax = 100'000;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0' || c == '\f';
}

int hex_value(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

void push_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3fU));
  } else {
    out += static_cast<char>(0xe0U | (code >> 12U & 0xfU));
    out += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
    out += static_cast<char>(0x80U | (code & 0x3fU));
  }
}

// Operands and operators of a content stream.
class ContentReader {
 public:
  ContentReader(std::string_view text, const std::map<uint32_t, std::string>& glyphs)
      : text_(text), glyphs_(glyphs) {}

  std::string read() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '(') {
        literal();
      } else if (c == '<' && at_ + 1 < text_.size() && text_[at_ + 1] != '<') {
        hexadecimal();
      } else if (c == '%') {
        while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
      } else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '\'' || c == '"') {
        op();
      } else if (c == '-' || c == '.' || (c >= '0' && c <= '9')) {
        number();
      } else {
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  void number() {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (text_[at_] == '-' || text_[at_] == '.' || (text_[at_] >= '0' && text_[at_] <= '9')))
      ++at_;
    // In an array between two strings a large negative number moves to the right: a blank between words.
    last_number_ = std::string(text_.substr(begin, at_ - begin));
    if (last_number_.size() >= 4 && last_number_[0] == '-' && last_number_.find('.') != 1)
      out_ += last_number_.size() > 4 || last_number_ > "-250" ? " " : "";
  }

  void op() {
    const size_t begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) &&
           std::string_view("()<>[]{}/%").find(text_[at_]) == std::string_view::npos)
      ++at_;
    if (at_ == begin) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name == "Td" || name == "TD" || name == "T*" || name == "Tm" || name == "ET" || name == "'" ||
        name == "\"")
      out_ += '\n';
  }

  void literal() {
    std::string bytes;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '(' && depth++ == 0) continue;
      if (c == ')' && --depth == 0) break;
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        if (c >= '0' && c <= '7') {
          unsigned value = 0;
          size_t digits = 0;
          while (digits < 3 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7') {
            value = value * 8 + static_cast<unsigned>(text_[at_++] - '0');
            ++digits;
          }
          --at_;
          c = static_cast<char>(value);
        } else {
          c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
        }
      }
      bytes += c;
    }
    ++at_;
    show(bytes);
  }

  void hexadecimal() {
    std::string bytes;
    int high = -1;
    for (++at_; at_ < text_.size() && text_[at_] != '>'; ++at_) {
      const int value = hex_value(text_[at_]);
      if (value < 0) continue;
      if (high < 0) {
        high = value;
      } else {
        bytes += static_cast<char>(high * 16 + value);
        high = -1;
      }
    }
    if (high >= 0) bytes += static_cast<char>(high * 16);
    ++at_;
    show(bytes);
  }

  // Two-byte codes where the file's tables know them, else the bytes themselves.
  void show(const std::string& bytes) {
    bool wide = bytes.size() >= 2 && bytes.size() % 2 == 0;
    for (size_t i = 0; wide && i < bytes.size(); i += 2) wide = glyphs_.contains(code_at(bytes, i));
    if (wide) {
      for (size_t i = 0; i < bytes.size(); i += 2) out_ += glyphs_.at(code_at(bytes, i));
      return;
    }
    for (const char c : bytes) {
      const auto it = glyphs_.find(0x10000U + static_cast<unsigned char>(c));
      if (it != glyphs_.end()) {
        out_ += it->second;
      } else {
        out_ += c;
      }
    }
  }

  static uint32_t code_at(const std::string& bytes, size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i]) << 8U |
                                 static_cast<unsigned char>(bytes[i + 1]));
  }

  std::string_view text_;
  const std::map<uint32_t, std::string>& glyphs_;
  size_t at_ = 0;
  std::string out_;
  std::string last_number_;
};

class PdfReader {
 public:
  PdfReader(Reading& reading, const Place& place, ByteView bytes)
      : reading_(reading), place_(place), text_(as_text(bytes)) {}

  void read() {
    if (text_.find("/Encrypt") != std::string_view::npos) return reading_.not_read(place_.path, "encrypted");
    std::vector<std::string> contents;
    size_t streams = 0;
    size_t at = 0;
    while ((at = text_.find("stream", at)) != std::string_view::npos) {
      if (at >= 3 && text_.substr(at - 3, 3) == "end") {
        at += 6;
        continue;
      }
      if (++streams > kStreamsMax || reading_.stopped())
        return reading_.not_read(place_.path, "more streams than are read");
      at = stream(at, contents);
    }
    std::string shown;
    for (const std::string& content : contents) {
      if (content.find("BT") != std::string::npos) shown += ContentReader(content, glyphs_).read() + "\n";
    }
    if (!shown.empty()) read_layer(reading_, place_.inside("text"), as_bytes(shown));
    if (numbered_ && glyphs_.empty())
      reading_.not_read(place_.path, "text in fonts that only number their glyphs");
  }

 private:
  // The dictionary in front of a stream, back to the object's beginning.
  std::string_view dictionary(size_t at) const {
    const size_t begin = text_.rfind(" obj", at);
    return begin == std::string_view::npos
               ? text_.substr(at - std::min<size_t>(at, 512), std::min<size_t>(at, 512))
               : text_.substr(begin, at - begin);
  }

  size_t stream(size_t at, std::vector<std::string>& contents) {
    const std::string_view dict = dictionary(at);
    size_t begin = at + 6;
    if (begin < text_.size() && text_[begin] == '\r') ++begin;
    if (begin < text_.size() && text_[begin] == '\n') ++begin;
    const size_t end = std::min(text_.find("endstream", begin), text_.size());
    const ByteView data = as_bytes(text_.substr(begin, end - begin));
    const bool flate =
        dict.find("/FlateDecode") != std::string_view::npos || dict.find("/Fl ") != std::string_view::npos;
    const bool image = dict.find("/Image") != std::string_view::npos;
    const bool font =
        dict.find("/FontFile") != std::string_view::npos || dict.find("/Length1") != std::string_view::npos ||
        dict.find("/CIDFontType0C") != std::string_view::npos ||
        dict.find("/Type1C") != std::string_view::npos || dict.find("/OpenType") != std::string_view::npos;
    if (image) {
      reading_.not_read(place_.path, "pictures: what they show is not read");
    } else if (font) {
      // A font's outlines say nothing.
    } else if (flate) {
      std::string out;
      if (!inflate(data, out)) reading_.not_read(place_.path, "a stream that is damaged");
      keep(std::move(out), dict, contents);
    } else if (dict.find("/Filter") != std::string_view::npos) {
      reading_.not_read(place_.path, "a stream packed by a method that is not known");
    } else {
      keep(std::string(as_text(data)), dict, contents);
    }
    return end;
  }

  bool inflate(ByteView data, std::string& out) {
    auto decoder = zlib_decoder(15);
    const auto state = decoder->decode(data, [&](ByteView piece) {
      out += as_text(piece);
      return out.size() <= kStreamBytesMax && reading_.decoded(place_.path, piece.size());
    });
    return state == Decoder::State::kMemberEnd;
  }

  void keep(std::string content, std::string_view dict, std::vector<std::string>& contents) {
    if (content.find("beginbfchar") != std::string::npos || content.find("beginbfrange") != std::string::npos)
      return map_of(content);
    if (dict.find("/ObjStm") != std::string_view::npos) {
      numbered_ = numbered_ || content.find("/Identity-H") != std::string::npos;
      read_layer(reading_, place_.inside("objects"), as_bytes(content));
      return;
    }
    if (dict.find("/XRef") != std::string_view::npos) return;
    if (content.find("BT") != std::string::npos || content.find("Do") != std::string::npos ||
        dict.find("/Form") != std::string_view::npos) {
      contents.push_back(std::move(content));
      return;
    }
    // Metadata, attachments and scripts.
    read_layer(reading_, place_.inside("stream"), as_bytes(content));
  }

  // ToUnicode: <01> <0041>, and <01> <0f> <0041>.
  void map_of(const std::string& table) {
    std::vector<std::string> line;
    bool range = false;
    size_t at = 0;
    while (at < table.size() && glyphs_.size() < kGlyphsMax) {
      if (table.compare(at, 11, "beginbfchar") == 0) range = false;
      if (table.compare(at, 12, "beginbfrange") == 0) range = true;
      if (table[at] != '<') {
        if (table[at] == 'b') line.clear();
        ++at;
        continue;
      }
      const size_t end = table.find('>', at);
      if (end == std::string::npos) return;
      line.push_back(table.substr(at + 1, end - at - 1));
      at = end + 1;
      if (!range && line.size() == 2) {
        add(line[0], 0, line[1]);
        line.clear();
      } else if (range && line.size() == 3) {
        const uint32_t from = number(line[0]);
        for (uint32_t i = from; i <= std::min(number(line[1]), from + 65'535); ++i)
          add(line[0], i - from, line[2]);
        line.clear();
      }
    }
  }

  static uint32_t number(const std::string& hex) {
    uint32_t value = 0;
    for (const char c : hex)
      value = hex_value(c) >= 0 ? value << 4U | static_cast<uint32_t>(hex_value(c)) : value;
    return value;
  }

  void add(const std::string& code, uint32_t step, const std::string& unicode) {
    // One-byte codes are kept apart from two-byte ones.
    const uint32_t key = number(code) + step + (code.size() <= 2 ? 0x10000U : 0U);
    std::string text;
    for (size_t i = 0; i + 4 <= unicode.size(); i += 4)
      push_utf8(text, number(unicode.substr(i, 4)) + (i + 8 > unicode.size() ? step : 0));
    glyphs_.emplace(key, std::move(text));
  }

  Reading& reading_;
  Place place_;
  std::string_view text_;
  std::map<uint32_t, std::string> glyphs_;
  bool numbered_ = false;
};

}  // namespace

void read_pdf(Reading& reading, const Place& place, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  PdfReader(reading, place, bytes).read();
}

}  // namespace hetao::inspection
