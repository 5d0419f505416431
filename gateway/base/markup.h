// Text as the content of an element or as an attribute in double quotes. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hetao {

// The four characters that would end either are written as references (XML 1.0, section 2.4; HTML reads them
// alike). What XML forbids altogether, control characters and broken UTF-8, is the caller's to replace.
std::string escape_markup(std::string_view text);

}  // namespace hetao
