// Assertions that stay on in release builds: a broken invariant ends the process before it can do harm.
#pragma once

#include <string_view>

namespace hetao {

// Writes the condition and place to standard error and aborts.
[[noreturn]] void check_failed(std::string_view condition, std::string_view file, int line);

}  // namespace hetao

#define HETAO_CHECK(condition)                               \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::hetao::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
