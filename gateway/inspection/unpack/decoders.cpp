// zlib, libbz2, liblzma and libzstd behind one interface.
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

constexpr size_t kOutBytes = size_t{256} << 10U;
constexpr uint64_t kXzMemoryMax = uint64_t{256} << 20U;
constexpr size_t kInputMax = size_t{1} << 30U;  // of one call: the libraries count in 32 bits

// Each of the libraries eats input and fills output until one of both is used up.
template <class Step>
Decoder::State drive(ByteView& in, Bytes& buffer, const std::function<bool(ByteView)>& out, Step step) {
  while (true) {
    size_t used = 0;
    size_t made = 0;
    const Decoder::State state = step(in.first(std::min(in.size(), kInputMax)), used, made);
    in = in.subspan(used);
    if (made > 0 && !out(ByteView(buffer).first(made))) return Decoder::State::kBroken;
    if (state != Decoder::State::kMore) return state;
    if (made < buffer.size() && (in.empty() || (used == 0 && made == 0))) return state;
  }
}

class ZlibDecoder : public Decoder {
 public:
  explicit ZlibDecoder(int window_bits)
      : buffer_(kOutBytes), good_(inflateInit2(&stream_, window_bits) == Z_OK) {}
  ~ZlibDecoder() override { inflateEnd(&stream_); }
  State decode(ByteView& in, const std::function<bool(ByteView)>& out) override {
    if (!good_) return State::kBroken;
    return drive(in, buffer_, out, [this](ByteView some, size_t& used, size_t& made) {
      stream_.next_in = const_cast<Bytef*>(some.data());  // NOLINT: zlib reads it alone
      stream_.avail_in = static_cast<uInt>(some.size());
      stream_.next_out = buffer_.data();
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      used = some.size() - stream_.avail_in;
      made = buffer_.size() - stream_.avail_out;
      if (result == Z_STREAM_END) return State::kMemberEnd;
      return result == Z_OK || result == Z_BUF_ERROR ? State::kMore : State::kBroken;
    });
  }
  void restart() override { inflateReset(&stream_); }

 private:
  Bytes buffer_;
  z_stream stream_{};
  bool good_;
};

class Bzip2Decoder : public Decoder {
 public:
  Bzip2Decoder() : buffer_(kOutBytes), good_(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK) {}
  ~Bzip2Decoder() override { BZ2_bzDecompressEnd(&stream_); }
  State decode(ByteView& in, const std::function<bool(ByteView)>& out) override {
    if (!good_) return State::kBroken;
    return drive(in, buffer_, out, [this](ByteView some, size_t& used, size_t& made) {
      stream_.next_in =
          const_cast<char*>(reinterpret_cast<const char*>(some.data()));  // NOLINT: it reads it alone
      stream_.avail_in = static_cast<unsigned>(some.size());
      stream_.next_out = reinterpret_cast<char*>(buffer_.data());
      stream_.avail_out = static_cast<unsigned>(buffer_.size());
      const int result = BZ2_bzDecompress(&stream_);
      used = some.size() - stream_.avail_in;
      made = buffer_.size() - stream_.avail_out;
      if (result == BZ_STREAM_END) return State::kMemberEnd;
      return result == BZ_OK ? State::kMore : State::kBroken;
    });
  }
  void restart() override {
    BZ2_bzDecompressEnd(&stream_);
    stream_ = {};
    good_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
  }

 private:
  Bytes buffer_;
  bz_stream stream_{};
  bool good_;
};

class LzmaDecoder : public Decoder {
 public:
  explicit LzmaDecoder(bool alone) : buffer_(kOutBytes), alone_(alone) { restart(); }
  ~LzmaDecoder() override { lzma_end(&stream_); }
  LzmaDecoder(const LzmaDecoder&) = delete;
  LzmaDecoder& operator=(const LzmaDecoder&) = delete;
  State decode(ByteView& in, const std::function<bool(ByteView)>& out) override {
    if (!good_) return State::kBroken;
    return drive(in, buffer_, out, [this](ByteView some, size_t& used, size_t& made) {
      stream_.next_in = some.data();
      stream_.avail_in = some.size();
      stream_.next_out = buffer_.data();
      stream_.avail_out = buffer_.size();
      const lzma_ret result = lzma_code(&stream_, LZMA_RUN);
      used = some.size() - stream_.avail_in;
      made = buffer_.size() - stream_.avail_out;
      if (result == LZMA_STREAM_END) return State::kMemberEnd;
      if (result == LZMA_MEMLIMIT_ERROR) too_large_ = true;
      return result == LZMA_OK || result == LZMA_BUF_ERROR ? State::kMore : State::kBroken;
    });
  }
  void restart() override {  // NOLINT: the class is final in effect
    lzma_end(&stream_);
    stream_ = LZMA_STREAM_INIT;
    good_ = (alone_ ? lzma_alone_decoder(&stream_, kXzMemoryMax)
                    : lzma_stream_decoder(&stream_, kXzMemoryMax, 0)) == LZMA_OK;
  }
  std::string_view broken_why() const override {
    return too_large_ ? "it needs more memory to be unpacked than the limit" : "it is damaged";
  }

 private:
  Bytes buffer_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool alone_;
  bool good_ = false;
  bool too_large_ = false;
};

class ZstdDecoder : public Decoder {
 public:
  ZstdDecoder() : buffer_(kOutBytes), context_(ZSTD_createDCtx()) {
    // The window of a frame, and so the memory it takes: 128 MiB, as zstd's own program allows.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 27);
  }
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;
  State decode(ByteView& in, const std::function<bool(ByteView)>& out) override {
    return drive(in, buffer_, out, [this](ByteView some, size_t& used, size_t& made) {
      ZSTD_inBuffer input{some.data(), some.size(), 0};
      ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
      const size_t result = ZSTD_decompressStream(context_, &output, &input);
      used = input.pos;
      made = output.pos;
      if (ZSTD_isError(result) != 0) return State::kBroken;
      return result == 0 ? State::kMemberEnd : State::kMore;
    });
  }
  void restart() override { ZSTD_DCtx_reset(context_, ZSTD_reset_session_only); }

 private:
  Bytes buffer_;
  ZSTD_DCtx* context_;
};

}  // namespace

std::unique_ptr<Decoder> zlib_decoder(int window_bits) {
  return std::make_unique<ZlibDecoder>(window_bits);
}
std::unique_ptr<Decoder> bzip2_decoder() {
  return std::make_unique<Bzip2Decoder>();
}
std::unique_ptr<Decoder> xz_decoder() {
  return std::make_unique<LzmaDecoder>(false);
}
std::unique_ptr<Decoder> lzma_decoder() {
  return std::make_unique<LzmaDecoder>(true);
}
std::unique_ptr<Decoder> zstd_decoder() {
  return std::make_unique<ZstdDecoder>();
}

}  // namespace hetao::inspection
