// gzip (RFC 1952) for requests and answers, with zlib. Pure; takes a few milliseconds a megabyte.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace hetao::io {

std::string gzip(std::string_view bytes);

// kUsage: it is no gzip, or is not whole; kNotAllowed: it would be longer than `most`.
Result<std::string> gunzip(std::string_view packed, size_t most);

}  // namespace hetao::io
