// The text that a PDF's pages show, put together from the operators of their contents (ISO 32000-1, 9.4).
// Internal to the room.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::inspection {

// What the codes of one font stand for, from its ToUnicode table. Every font numbers its glyphs for itself.
class GlyphTable {
 public:
  void read(std::string_view table);
  void add_all(const GlyphTable& other) { glyphs_.insert(other.glyphs_.begin(), other.glyphs_.end()); }
  bool empty() const { return glyphs_.empty(); }
  // The text of a string: two-byte codes where all of them are known, else bytes. `count`: of glyphs.
  std::string text_of(std::string_view codes, size_t& count) const;

 private:
  void add(std::string_view code, uint32_t step, std::string_view unicode, bool last_steps);
  std::map<uint32_t, std::string> glyphs_;  // codes of one byte are kept apart from those of two
};

// A font as a page names it.
struct PdfFont {
  const GlyphTable* glyphs = nullptr;
  bool numbered = false;  // its codes are numbers of glyphs, and nothing says which
};
using FontNamed = std::function<PdfFont(std::string_view name)>;

// What a content stream shows, in lines. `unknown` is set where it shows glyphs that are only numbers.
std::string shown_text(std::string_view content, const FontNamed& font_named, bool& unknown);

// A string from its opening bracket on, without its escapes; `at` is left behind its end. UTF-16 becomes
// UTF-8 where it is marked as such.
std::string pdf_literal(std::string_view text, size_t& at);
std::string pdf_readable(const std::string& bytes);

}  // namespace hetao::inspection
