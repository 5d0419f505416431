// Text that people wrote or will read, on its way into and out of RESET and GOODBYE frames: always UTF-8,
// never longer than its limit, and on arrival without control characters, so that a peer can't forge log
// lines. Pure functions.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::tunnel {

inline std::string text_to_wire(std::string_view text) {
  std::string out(text.substr(0, limits::kReasonTextBytesMax));
  while (!out.empty() && !is_utf8(out) && text.size() > out.size() &&
         out.size() + 4 > limits::kReasonTextBytesMax)
    out.pop_back();  // a character that the limit cut in two
  if (!is_utf8(out))
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

inline std::string text_from_wire(std::string_view text) {
  return printable(text.substr(0, limits::kReasonTextBytesMax));
}

}  // namespace hetao::tunnel
