// The same bytes in another writing: full-width digits, zero-width characters and escapes folded to plain
// ASCII, base64 and hexadecimal decoded. A view says for each of its bytes where in the window it came from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/inspection/scan/block_masks.h"
#include "gateway/inspection/scan/window.h"

namespace hetao::inspection {

struct View {
  std::string text;
  std::vector<uint32_t> from;    // of each byte, and of the end: its place in the window
  std::vector<uint8_t> changed;  // folded: of each byte, it is not what stands in the window
  std::vector<uint32_t> root;    // the same in the layer's own window, where this is a view of a view
  int encoding = -1;             // 0 base64, 1 hexadecimal; -1: folded
  bool cut = false;              // of something encoded: there is more of it
  const std::vector<uint32_t>& places() const { return root.empty() ? from : root; }
  void push(char c, size_t at) {
    text.push_back(c);
    from.push_back(static_cast<uint32_t>(at));
  }
  void push_changed(char c, size_t at) {
    push(c, at);
    changed.push_back(1);
  }
  // What stands at [begin, end) of `window`, as it is.
  void copy(std::string_view window, size_t begin, size_t end) {
    text.append(window.substr(begin, end - begin));
    changed.resize(text.size());
    from.reserve(text.size() + 1);
    for (size_t i = begin; i < end; ++i) from.push_back(static_cast<uint32_t>(i));
  }
  void reserve(size_t bytes) {
    text.reserve(bytes);
    from.reserve(bytes + 1);
  }
  void close(size_t end) { from.push_back(static_cast<uint32_t>(end)); }  // a place in the window
};

// text[from, until) with what units.h knows folded. `markup`: tags too.
View fold(std::string_view text, size_t from, size_t until, bool markup);

// The last two of a quad's four characters fit three digits; the scanner has seen the first two.
bool is_digit_quad(std::string_view quad);
// Base64 (standard and URL alphabet, line ends skipped) round the quad at `quad`, which holds three digits;
// hexadecimal pairs (together, or with one separator after each) round `pair`; the lines of a hexadecimal
// dump round `pos`: nothing where it is none.
View decode_base64_near(std::string_view text, size_t quad);
View decode_hex_near(std::string_view text, size_t pair, bool separated);
View decode_hex_dump(std::string_view text, size_t pos);

// So many characters of base64 may be a text of their own.
inline constexpr size_t kShortRunMin = 20;
// How many characters of a run are worth reading as a layer: all (npos) where what it decodes to begins like
// text or like something packed, 0 where it does not, and some where it does for so short a way that it may
// be chance.
size_t content_characters(std::string_view run, RunEncoding encoding);
// The bytes of a base64 run's first four quads; nothing where something else stands between or behind them.
std::optional<std::array<char, 12>> decode_first_quads(std::string_view run);
// Decodes a whole run; stops at the first byte that belongs to none.
std::string decode_run(std::string_view text, RunEncoding encoding, size_t bytes_max, size_t& used);

}  // namespace hetao::inspection
