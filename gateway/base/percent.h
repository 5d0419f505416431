// Percent-encoding of parts of URIs (RFC 3986, section 2.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hetao {

// Everything but the unreserved characters (section 2.3) and those of `kept` becomes %XX, in upper case.
std::string percent_encode(std::string_view text, std::string_view kept = {});

// Nothing when a % is not followed by two hex digits, or when the outcome is not UTF-8 or holds a NUL.
// `plus_is_blank`: as in a form's query.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);

}  // namespace hetao
