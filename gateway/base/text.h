// Small text helpers shared by every room. All functions are pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetao {

// Replaces C0 controls and DEL by '?', so that a foreign string can't forge log lines or terminal escapes.
std::string printable(std::string_view text);

// The beginning of bytes that may be anything, for people and JSON: printable as above, well-formed UTF-8
// (what is not becomes '?'), at most `bytes_max` long without cutting a character.
std::string readable(std::string_view bytes, size_t bytes_max);

// The same text where it is well-formed UTF-8; each byte that is not becomes U+FFFD.
std::string to_utf8(std::string_view bytes);

// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

// The candidate nearest to `name` by edit distance, or empty when none is near enough to be worth naming.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

// True if `pattern` (glob: `*`, `?`, `[a-z]`, `[!x]`, `\x` quotes x) matches the whole of `text`.
// Linear in pattern times text; no recursion.
bool glob_match(std::string_view pattern, std::string_view text);

std::string join(std::span<const std::string> parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);

// 1234567 -> "1.2 MB" (powers of 1,000).
std::string human_bytes(unsigned long long bytes);

}  // namespace hetao
