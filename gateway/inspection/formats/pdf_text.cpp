#include "gateway/inspection/formats/pdf_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kGlyphsMax = 100'000;
constexpr double kWordGap = -200;        // in thousandths of the font's size: a blank is a quarter and more
constexpr double kGlyphWidthMax = 1.05;  // of the font's size: what moves less stands right behind one glyph

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0' || c == '\f';
}

int hex_value(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

uint32_t number(std::string_view hex) {
  uint32_t value = 0;
  for (const char c : hex)
    value = hex_value(c) >= 0 ? value << 4U | static_cast<uint32_t>(hex_value(c)) : value;
  return value;
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

uint32_t code_at(std::string_view bytes, size_t i) {
  return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i]) << 8U |
                               static_cast<unsigned char>(bytes[i + 1]));
}

constexpr uint32_t kOneByte = 0x10000;

// A code without a table is what it looks like; below the blank fonts have ligatures, accents and arrows.
// Zeros are halves of wide characters.
char plain_code(char c) {
  return (c > 0 && c < ' ') || c == 0x7f ? ' ' : c;
}

// Operands and operators of a content stream.
class ContentReader {
 public:
  ContentReader(std::string_view text, const FontNamed& font_named)
      : text_(text), font_named_(font_named), font_(font_named("")) {}

  std::string read() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '(') {
        show(pdf_literal(text_, at_));
      } else if (c == '<' && at_ + 1 < text_.size() && text_[at_ + 1] != '<') {
        hexadecimal();
      } else if (c == '%') {
        while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
      } else if (c == '/') {
        name();
      } else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '\'' || c == '"') {
        op();
      } else if (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9')) {
        operand();
      } else {
        if (c == '[') in_array_ = true;
        if (c == ']') in_array_ = false;
        ++at_;
      }
    }
    return std::move(out_);
  }
  bool unknown() const { return unknown_; }

 private:
  size_t word_end(size_t from) const {
    while (from < text_.size() && !is_space(text_[from]) && "()<>[]{}/%"sv.find(text_[from]) == "()"sv.npos)
      ++from;
    return from;
  }

  void name() {
    const size_t end = word_end(at_ + 1);
    name_ = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
  }

  void operand() {
    const size_t begin = text_[at_] == '+' ? at_ + 1 : at_;
    size_t end = begin;
    while (end < text_.size() &&
           (text_[end] == '-' || text_[end] == '.' || (text_[end] >= '0' && text_[end] <= '9')))
      ++end;
    double value = 0;
    std::from_chars(text_.data() + begin, text_.data() + end, value);
    at_ = std::max(end, at_ + 1);
    // In an array between two strings a large negative number moves to the right: a blank between words.
    if (in_array_ && value <= kWordGap) out_ += ' ';
    std::rotate(operands_.begin(), operands_.begin() + 1, operands_.end());
    operands_.back() = value;
  }
  // From the last one on, which is 1.
  double last(size_t i) const { return operands_[operands_.size() - i]; }

  void op() {
    const size_t end = std::max(word_end(at_), at_ + 1);
    const std::string_view name = text_.substr(at_, end - at_);
    at_ = end;
    if (name == "Tf") {
      font_ = font_named_(name_);
      size_ = last(1);
    } else if (name == "Td" || name == "TD") {
      x_ += last(2) * scale_;
      y_ += last(1) * scale_;
      moved_ = true;
    } else if (name == "Tm") {
      scale_ = std::hypot(last(6), last(5));
      x_ = last(2);
      y_ = last(1);
      moved_ = true;
    } else if (name == "BT") {
      scale_ = 1;
      x_ = y_ = 0;
      moved_ = true;
    } else if (name == "T*" || name == "'" || name == "\"") {
      out_ += '\n';
    }
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

  // Some programs place every glyph by itself: one right behind another is the same word.
  void place() {
    const double right = x_ - shown_x_;
    const bool same_line = std::fabs(y_ - shown_y_) < 0.01;
    const bool adjacent =
        same_line && glyphs_ == 1 && right > 0 && right <= std::fabs(size_ * scale_) * kGlyphWidthMax;
    if (!adjacent) out_ += '\n';
    glyphs_ = 0;
    shown_x_ = x_;
    shown_y_ = y_;
    moved_ = false;
  }

  void show(const std::string& codes) {
    if (codes.empty()) return;
    if (moved_) place();
    unknown_ = unknown_ || font_.numbered;
    if (font_.glyphs == nullptr) {
      for (const char c : codes) out_ += plain_code(c);
      glyphs_ += codes.size();
    } else {
      out_ += font_.glyphs->text_of(codes, glyphs_);
    }
  }

  std::string_view text_;
  const FontNamed& font_named_;
  PdfFont font_;
  size_t at_ = 0;
  std::string out_;
  std::string_view name_;
  std::array<double, 6> operands_{};
  bool in_array_ = false;
  bool moved_ = false;
  bool unknown_ = false;
  double size_ = 0;
  double scale_ = 1;
  double x_ = 0, y_ = 0;              // where the text goes on
  double shown_x_ = 0, shown_y_ = 0;  // where the last piece of it began
  size_t glyphs_ = 0;                 // that piece's
};

}  // namespace

// <01> <0041>; <01> <0f> <0041>; <01> <03> [<0041> <0043> <0045>].
void GlyphTable::read(std::string_view table) {
  std::vector<std::string_view> line;
  bool range = false;
  bool listed = false;
  uint32_t step = 0;
  for (size_t at = 0; at < table.size() && glyphs_.size() < kGlyphsMax;) {
    if (table.substr(at).starts_with("beginbfchar")) range = false;
    if (table.substr(at).starts_with("beginbfrange")) range = true;
    if (table[at] != '<') {
      if (table[at] == 'b') line.clear();
      if (table[at] == '[') {
        listed = range && line.size() == 2;
        step = 0;
      }
      if (table[at] == ']' && listed) {
        listed = false;
        line.clear();
      }
      ++at;
      continue;
    }
    const size_t end = table.find('>', at);
    if (end == std::string_view::npos) return;
    const std::string_view hex = table.substr(at + 1, end - at - 1);
    at = end + 1;
    if (listed) {
      add(line[0], step++, hex, false);
      continue;
    }
    line.push_back(hex);
    if (!range && line.size() == 2) {
      add(line[0], 0, line[1], false);
      line.clear();
    } else if (range && line.size() == 3) {
      const uint32_t from = number(line[0]);
      for (uint32_t i = from; i <= std::min(number(line[1]), from + 65'535); ++i)
        add(line[0], i - from, line[2], true);
      line.clear();
    }
  }
}

void GlyphTable::add(std::string_view code, uint32_t step, std::string_view unicode, bool last_steps) {
  const uint32_t key = number(code) + step + (code.size() <= 2 ? kOneByte : 0U);
  std::string text;
  for (size_t i = 0; i + 4 <= unicode.size(); i += 4)
    push_utf8(text, number(unicode.substr(i, 4)) + (last_steps && i + 8 > unicode.size() ? step : 0));
  glyphs_.emplace(key, std::move(text));
}

std::string GlyphTable::text_of(std::string_view codes, size_t& count) const {
  bool wide = codes.size() >= 2 && codes.size() % 2 == 0;
  for (size_t i = 0; wide && i < codes.size(); i += 2) wide = glyphs_.contains(code_at(codes, i));
  std::string text;
  for (size_t i = 0; i < codes.size(); i += wide ? 2 : 1) {
    const uint32_t key = wide ? code_at(codes, i) : kOneByte + static_cast<unsigned char>(codes[i]);
    const auto it = glyphs_.find(key);
    if (it != glyphs_.end()) {
      text += it->second;
    } else {
      text += plain_code(codes[i]);
    }
    ++count;
  }
  return text;
}

std::string shown_text(std::string_view content, const FontNamed& font_named, bool& unknown) {
  ContentReader reader(content, font_named);
  std::string text = reader.read();
  unknown = unknown || reader.unknown();
  return text;
}

std::string pdf_literal(std::string_view text, size_t& at) {
  std::string bytes;
  int depth = 0;
  for (; at < text.size(); ++at) {
    char c = text[at];
    if (c == '(' && depth++ == 0) continue;
    if (c == ')' && --depth == 0) break;
    if (c == '\\' && at + 1 < text.size()) {
      c = text[++at];
      if (c == '\r' || c == '\n') {  // the line goes on
        if (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
        continue;
      }
      if (c >= '0' && c <= '7') {
        unsigned value = 0;
        for (size_t digits = 0; digits < 3 && at < text.size() && text[at] >= '0' && text[at] <= '7';
             ++digits)
          value = value * 8 + static_cast<unsigned>(text[at++] - '0');
        --at;
        c = static_cast<char>(value);
      } else {
        c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
      }
    }
    bytes += c;
  }
  ++at;
  return bytes;
}

std::string pdf_readable(const std::string& bytes) {
  if (!bytes.starts_with("\xfe\xff"sv)) return bytes;
  std::string text;
  for (size_t i = 2; i + 1 < bytes.size(); i += 2) push_utf8(text, code_at(bytes, i));
  return text;
}

}  // namespace hetao::inspection
