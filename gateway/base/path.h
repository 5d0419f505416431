// Absolute paths as text. Pure.
#pragma once

#include <string_view>

namespace hetao {

// True if `path` is `folder` or lies below it; both are plain: "/a/b", without "..", "//" or a "/" at the
// end.
bool is_within(std::string_view path, std::string_view folder);

}  // namespace hetao
