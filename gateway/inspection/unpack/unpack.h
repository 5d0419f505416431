// Containers and packed streams. Internal to the room.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "gateway/inspection/layer.h"

namespace hetao::inspection {

// A reader for a format that can be read as it comes: gzip, zlib, bzip2, xz, zstd, tar, UTF-16 and UTF-32.
// Null: there is none.
std::unique_ptr<Taker> flow_of(Reading& reading, const Place& place, std::string_view format);

// For a layer too large to be kept, whose beginning is `head`: the reader above, or a raw scan. What can't be
// read this way is said.
std::unique_ptr<Taker> open_flow(Reading& reading, const Place& place, ByteView head);

void read_zip(Reading& reading, const Place& place, ByteView bytes);
// 7z, rar, cpio, iso9660, lha, cab, ar, xar: by libarchive, each by its own name.
void read_archive(Reading& reading, const Place& place, std::string_view format, ByteView bytes);

// One decoder of packed bytes. A member is what begins with the format's magic and ends where it says.
class Decoder {
 public:
  enum class State { kMore, kMemberEnd, kBroken };
  virtual ~Decoder() = default;
  // Takes bytes off the front of `in`; gives what comes out to `out` in pieces.
  virtual State decode(ByteView& in, const std::function<bool(ByteView)>& out) = 0;
  virtual void restart() = 0;  // for the next member
  virtual std::string_view broken_why() const { return "it is damaged"; }
};
std::unique_ptr<Decoder> zlib_decoder(int window_bits);  // 31 gzip, 15 zlib, -15 raw deflate
std::unique_ptr<Decoder> bzip2_decoder();
std::unique_ptr<Decoder> xz_decoder();
std::unique_ptr<Decoder> lzma_decoder();
std::unique_ptr<Decoder> zstd_decoder();

}  // namespace hetao::inspection
