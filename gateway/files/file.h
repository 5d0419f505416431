// Whole files, for programs that read a few: the client and the daemon's start. Blocking; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace hetao::files {

// `-` reads standard input. At most 1 GiB.
Result<std::string> read_file(const std::string& path);

// Written beside, made durable, and renamed; a `secret` file has mode 0600. Without `replace`, refuses to
// touch one that is there.
Result<void> write_file(const std::string& path, std::string_view content, bool secret = false,
                        bool replace = true);

}  // namespace hetao::files
