#include "gateway/io/gzip.h"

#include <zlib.h>

#include "gateway/base/check.h"

namespace hetao::io {

namespace {

constexpr int kQuick = 4;             // most of the gain for a fraction of the time
constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header instead of zlib's

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  HETAO_CHECK(deflateInit2(&stream, kQuick, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  HETAO_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace hetao::io
