// A packed layer as it flows: its raw bytes are scanned, what comes out is a layer of its own, and what
// stands behind its end is one too.
#include <algorithm>
#include <cstring>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

constexpr size_t kHeadBytes = 512;  // of a member: its name stands there
constexpr size_t kPaddingMax = size_t{1} << 20U;
constexpr size_t kFrameHeadBytes = 8;  // of a frame that is skipped

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
}

// The name in a gzip header (RFC 1952), and whether it is one of BGZF's blocks (extra field BC).
struct GzipHead {
  std::string name;
  bool bgzf = false;
  ByteView extra;
};
GzipHead gzip_head(ByteView head) {
  GzipHead found;
  if (head.size() < 12) return found;
  const uint8_t flags = head[3];
  size_t at = 10;
  if ((flags & 4U) != 0) {
    const size_t extra = size_t{head[10]} | size_t{head[11]} << 8U;
    found.bgzf = head.size() >= 16 && head[12] == 'B' && head[13] == 'C';
    found.extra = head.subspan(12, std::min(extra, head.size() - 12));
    at = 12 + extra;
  }
  if ((flags & 8U) != 0) {
    while (at < head.size() && head[at] != 0 && found.name.size() < 255)
      found.name += static_cast<char>(head[at++]);
  }
  return found;
}

bool is_skippable(ByteView bytes) {
  return bytes.size() >= 4 && (bytes[0] & 0xf0U) == 0x50 &&
         as_text(bytes.subspan(1, 3)) == std::string_view("\x2a\x4d\x18");
}

bool begins_member(std::string_view format, ByteView bytes) {
  using namespace std::string_view_literals;
  const std::string_view text = as_text(bytes);
  if (format == "gzip") return text.starts_with("\x1f\x8b");
  if (format == "bzip2") return text.starts_with("BZh");
  if (format == "xz") return text.starts_with("\xfd\x37zXZ\0"sv);
  if (format == "zstd") return text.starts_with("\x28\xb5\x2f\xfd"sv) || is_skippable(bytes);
  return false;
}

class PackedFlow : public Taker {
 public:
  PackedFlow(Reading& reading, const Place& place, std::string_view format, std::unique_ptr<Decoder> decoder)
      : reading_(reading),
        place_(place),
        format_(format),
        decoder_(std::move(decoder)),
        raw_(reading, place, {}) {}

  void take(ByteView bytes) override {
    raw_.take(bytes);
    if (head_done_) return work(bytes);
    head_.insert(head_.end(), bytes.begin(), bytes.end());
    if (head_.size() >= kHeadBytes) begin();
  }

  void end() override {
    if (!head_done_) begin();
    if (state_ == State::kBetween) between(ByteView(), true);
    if (state_ == State::kInside)
      reading_.not_read(place_.path, std::string(format_) + " data that is cut off");
    if (inner_) inner_->end();
    if (trailing_) trailing_->end();
    raw_.end();
  }

 private:
  enum class State { kInside, kBetween, kTrailing, kBroken };

  void begin() {
    head_done_ = true;
    std::string name(format_);
    if (format_ == "gzip") {
      const GzipHead head = gzip_head(head_);
      if (!head.name.empty()) name = head.name;
      if (head.bgzf) name = "bgzf";
      if (is_surely_packed(head.extra)) read_layer(reading_, place_.inside("extra field"), head.extra);
    }
    if (is_skippable(head_)) state_ = State::kBetween;
    inner_ = std::make_unique<Layer>(reading_, place_.inside(name));
    const Bytes head = std::move(head_);
    work(head);
  }

  void work(ByteView bytes) {
    while (!bytes.empty() && state_ != State::kBroken) {
      if (state_ == State::kTrailing) return trailing_->take(bytes);
      if (state_ == State::kBetween) {
        between(bytes, false);
        bytes = {};
        if (state_ == State::kInside) {
          const Bytes again = std::move(gap_);
          gap_.clear();
          work(again);
        }
        return;
      }
      const Decoder::State state = decoder_->decode(bytes, [this](ByteView out) {
        if (!reading_.decoded(place_.path, out.size())) return false;
        inner_->take(out);
        return true;
      });
      if (state == Decoder::State::kBroken) {
        // A limit has said so itself.
        if (!reading_.stopped())
          reading_.not_read(place_.path,
                            std::string(format_) + " data: " + std::string(decoder_->broken_why()));
        state_ = State::kBroken;
      } else if (state == Decoder::State::kMemberEnd) {
        state_ = State::kBetween;
      } else if (bytes.empty()) {
        return;
      }
    }
  }

  // Behind a member: another one, padding, or something that a plain reader would never see.
  void between(ByteView bytes, bool last) {
    gap_.insert(gap_.end(), bytes.begin(), bytes.end());
    if (format_ == "zstd" && skip_frames(last)) return;
    if (gap_.empty()) return;
    if (begins_member(format_, gap_)) {
      decoder_->restart();
      state_ = State::kInside;
      if (last) {
        const Bytes again = std::move(gap_);
        gap_.clear();
        work(again);
      }
      return;
    }
    if (gap_.size() < 8 && !last) return;
    if (all_zero(gap_)) {
      if (gap_.size() > kPaddingMax) gap_.resize(8);
      if (last || gap_.size() < kPaddingMax) return;
    }
    trailing_ = std::make_unique<Layer>(reading_, place_.inside("behind the end"));
    trailing_->take(gap_);
    gap_.clear();
    state_ = State::kTrailing;
  }

  // Frames that zstd's readers skip: what is packed in them is read. True: more of one has to come.
  bool skip_frames(bool last) {
    size_t at = 0;
    bool more = false;
    while (is_skippable(ByteView(gap_).subspan(at))) {
      const ByteView frame = ByteView(gap_).subspan(at);
      more = !last && frame.size() < kFrameHeadBytes;
      if (frame.size() < kFrameHeadBytes) break;
      const size_t size =
          size_t{frame[4]} | size_t{frame[5]} << 8U | size_t{frame[6]} << 16U | size_t{frame[7]} << 24U;
      if (size > kPaddingMax) {
        reading_.not_read(place_.path, "a large frame that readers skip");
        break;
      }
      more = !last && frame.size() - kFrameHeadBytes < size;
      if (frame.size() - kFrameHeadBytes < size) break;
      const ByteView inside = frame.subspan(kFrameHeadBytes, size);
      if (is_surely_packed(inside)) read_layer(reading_, place_.inside("skipped frame"), inside);
      at += kFrameHeadBytes + size;
    }
    gap_.erase(gap_.begin(), gap_.begin() + static_cast<ptrdiff_t>(at));
    return more;
  }

  Reading& reading_;
  Place place_;
  std::string_view format_;
  std::unique_ptr<Decoder> decoder_;
  RawScan raw_;
  Bytes head_;
  Bytes gap_;
  bool head_done_ = false;
  State state_ = State::kInside;
  std::unique_ptr<Layer> inner_;
  std::unique_ptr<Layer> trailing_;
};

// UTF-16 and UTF-32 with or without a mark, as UTF-8.
class WideFlow : public Taker {
 public:
  WideFlow(Reading& reading, const Place& place, size_t width, bool little)
      : width_(width),
        little_(little),
        reading_(reading),
        inner_(reading, place.inside("text")),
        raw_(reading, place, {}),
        path_(place.path) {}

  void take(ByteView bytes) override {
    raw_.take(bytes);
    std::string out;
    out.reserve(bytes.size() + 8);
    for (const uint8_t byte : bytes) {
      unit_[have_++] = byte;
      if (have_ < width_) continue;
      have_ = 0;
      uint32_t code = 0;
      for (size_t i = 0; i < width_; ++i) code |= uint32_t{unit_[i]} << (8 * (little_ ? i : width_ - 1 - i));
      push(out, code);
    }
    if (reading_.decoded(path_, out.size())) inner_.take(as_bytes(out));
  }
  void end() override {
    if (have_ != 0) reading_.not_read(path_, "UTF-16 or UTF-32 text that ends inside a character");
    // Were it no such text after all, digits with zeros between them show in the raw bytes.
    const size_t before = reading_.report().findings.size();
    inner_.end();
    if (reading_.report().findings.size() == before) raw_.end();
  }

 private:
  void push(std::string& out, uint32_t code) {
    if (width_ == 2 && code >= 0xd800 && code < 0xdc00) {
      lead_ = code;
      return;
    }
    if (width_ == 2 && code >= 0xdc00 && code < 0xe000 && lead_ != 0)
      code = 0x10000 + ((lead_ - 0xd800) << 10U) + (code - 0xdc00);
    lead_ = 0;
    if (code == 0xfeff) return;
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0U | code >> 6U);
      out += static_cast<char>(0x80U | (code & 0x3fU));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xe0U | code >> 12U);
      out += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
      out += static_cast<char>(0x80U | (code & 0x3fU));
    } else if (code < 0x110000) {
      out += static_cast<char>(0xf0U | code >> 18U);
      out += static_cast<char>(0x80U | (code >> 12U & 0x3fU));
      out += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
      out += static_cast<char>(0x80U | (code & 0x3fU));
    } else {
      out += '\1';  // no character: the text counts as binary
    }
  }

  size_t width_;
  bool little_;
  Reading& reading_;
  Layer inner_;
  RawScan raw_;
  std::string path_;
  uint8_t unit_[4] = {};
  size_t have_ = 0;
  uint32_t lead_ = 0;
};

}  // namespace

std::unique_ptr<Taker> tar_flow(Reading& reading, const Place& place);

std::unique_ptr<Taker> flow_of(Reading& reading, const Place& place, std::string_view format) {
  const auto packed = [&](std::unique_ptr<Decoder> decoder) {
    return std::make_unique<PackedFlow>(reading, place, format, std::move(decoder));
  };
  if (format == "gzip") return packed(zlib_decoder(31));
  if (format == "zlib") return packed(zlib_decoder(15));
  if (format == "bzip2") return packed(bzip2_decoder());
  if (format == "xz") return packed(xz_decoder());
  if (format == "lzma") return packed(lzma_decoder());
  if (format == "zstd") return packed(zstd_decoder());
  if (format == "tar") return tar_flow(reading, place);
  if (format == "utf-16le") return std::make_unique<WideFlow>(reading, place, 2, true);
  if (format == "utf-16be") return std::make_unique<WideFlow>(reading, place, 2, false);
  if (format == "utf-32le") return std::make_unique<WideFlow>(reading, place, 4, true);
  if (format == "utf-32be") return std::make_unique<WideFlow>(reading, place, 4, false);
  return nullptr;
}

}  // namespace hetao::inspection
