// The end of a file as text, for what people are shown of a program's streams. Blocking; thread-safe.
#pragma once

#include <cstddef>
#include <string>

#include "gateway/base/limits.h"

namespace hetao::io {

// At most `bytes_max` bytes from the end, as UTF-8: a character cut at the front is left out, other bytes
// that are no text become U+FFFD. Empty if the file can't be read. Links are not followed.
std::string tail_of_file(const std::string& path, size_t bytes_max = limits::kStreamTailBytesMax);
std::string tail_of_file(int descriptor, size_t bytes_max = limits::kStreamTailBytesMax);

}  // namespace hetao::io
