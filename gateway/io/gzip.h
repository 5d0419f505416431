// gzip (RFC 1952) for answers, with zlib. Pure; takes a few milliseconds a megabyte.
#pragma once

#include <string>
#include <string_view>

namespace hetao::io {

std::string gzip(std::string_view bytes);

}  // namespace hetao::io
