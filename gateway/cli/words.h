// The product's words for people, in English, Simplified and Traditional Chinese. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hetao::cli {

enum class Language { kEn, kZhHans, kZhHant };

// "en", "zh-Hans", "zh-Hant"; nothing else.
std::optional<Language> parse_language(std::string_view text);
// From a locale such as "zh_HK.UTF-8": Hong Kong, Macao and Taiwan write traditional characters.
Language language_of_locale(std::string_view locale);
// The tag that policy texts are asked by: "zh-Hans".
const char* tag_of(Language language);

// A word or heading of the product; what is not in the table stays English.
std::string translate(std::string_view english, Language language);

}  // namespace hetao::cli
