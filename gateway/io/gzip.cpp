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

Result<std::string> gunzip(std::string_view packed, size_t most) {
  constexpr size_t kPieceBytes = size_t{64} << 10U;
  z_stream stream{};
  HETAO_CHECK(inflateInit2(&stream, kGzipWindow) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most) {
    const size_t before = out.size();
    out.resize(before + kPieceBytes);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(kPieceBytes);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  const bool is_whole = state == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (out.size() > most) return fail(ErrorCode::kNotAllowed, "gzip", "is too long when it is unpacked");
  if (!is_whole) return fail(ErrorCode::kUsage, "gzip", "is no gzip, or not whole");
  return out;
}

}  // namespace hetao::io
