// Words near a number that say what it is, in English and both Chinese scripts, as UTF-8, GBK and Big5 bytes.
// Looked for only around numbers that could be something: searching all text for them would cost more than
// all else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hetao::inspection {

// Groups (ContextGroup) of the words that begin in text[from, until).
uint32_t words_in(std::string_view text, size_t from, size_t until);
// Whether one of these groups' words begins there: cheaper where that is all that is asked.
bool has_word(std::string_view text, size_t from, size_t until, uint32_t groups);

// The same for places that come in ascending order, near each other: each byte is looked at once.
class ContextFinder {
 public:
  explicit ContextFinder(std::string_view text) : text_(text) {}
  uint32_t near(size_t from, size_t until);

 private:
  struct Found {
    size_t at = 0;
    uint32_t groups = 0;
  };
  std::string_view text_;
  size_t done_from_ = 0;
  size_t done_until_ = 0;
  std::vector<Found> found_;
};

}  // namespace hetao::inspection
