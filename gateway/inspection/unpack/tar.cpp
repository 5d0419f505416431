// tar (ustar, pax, GNU), member by member as it flows. A reader of its own, because usual ones stop at the
// first block of zeros: what stands behind it (a second archive, data) is read here too, and so is what is in
// headers and padding.
#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

constexpr size_t kBlock = 512;
constexpr size_t kNameBytesMax = size_t{64} << 10U;

// An octal field, or the base-256 form of GNU for large values. Nothing where it is neither.
std::optional<uint64_t> number_of(ByteView field) {
  if ((field[0] & 0x80U) != 0) {
    uint64_t value = field[0] & 0x7fU;
    for (size_t i = 1; i < field.size(); ++i) {
      if (value >> 55U != 0) return std::nullopt;
      value = value << 8U | field[i];
    }
    return value;
  }
  uint64_t value = 0;
  bool digits = false;
  for (const uint8_t c : field) {
    if (c == 0 || c == ' ') {
      if (digits) break;
      continue;
    }
    if (c < '0' || c > '7' || value >> 60U != 0) return std::nullopt;
    value = value * 8 + (c - '0');
    digits = true;
  }
  return value;
}

std::string text_of(ByteView field) {
  const auto end = std::find(field.begin(), field.end(), uint8_t{0});
  return {field.begin(), end};
}

class TarFlow : public Taker {
 public:
  TarFlow(Reading& reading, const Place& place)
      : reading_(reading), place_(place), raw_(reading, place, {}) {}

  void take(ByteView bytes) override {
    while (!bytes.empty()) {
      if (left_ > 0) {
        const auto some = bytes.first(static_cast<size_t>(std::min<uint64_t>(left_, bytes.size())));
        data(some);
        bytes = bytes.subspan(some.size());
        continue;
      }
      const size_t some = std::min(kBlock - block_.size(), bytes.size());
      block_.insert(block_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(some));
      bytes = bytes.subspan(some);
      if (block_.size() == kBlock) header();
    }
  }

  void end() override {
    if (left_ > 0 || !block_.empty()) {
      if (left_ > 0) reading_.not_read(place_.path, "tar member that is cut off");
      outside(block_);
    }
    if (member_) member_->end();
    if (outside_) outside_->end();
    raw_.end();
  }

 private:
  // Member data, or the padding behind it.
  void data(ByteView some) {
    left_ -= some.size();
    const auto content = some.first(static_cast<size_t>(std::min<uint64_t>(content_left_, some.size())));
    content_left_ -= content.size();
    if (extension_ != '\0') {
      raw_.take(some);
      if (name_.size() + content.size() <= kNameBytesMax) name_.append(as_text(content));
    } else {
      if (member_) member_->take(content);
      raw_.skip(content.size());
      raw_.take(some.subspan(content.size()));  // padding
    }
    if (left_ == 0) member_end();
  }

  void member_end() {
    if (extension_ != '\0') {
      apply_extension();
      extension_ = '\0';
      return;
    }
    if (member_) member_->end();
    member_.reset();
  }

  // pax records "LEN key=value\n", and GNU's long names.
  void apply_extension() {
    if (extension_ == 'L') long_name_ = text_of(as_bytes(name_));
    if (extension_ == 'x') {
      std::string_view rest = name_;
      while (!rest.empty()) {
        const size_t blank = rest.find(' ');
        uint64_t length = 0;
        for (const char c : rest.substr(0, std::min(blank, rest.size()))) {
          if (c < '0' || c > '9' || length > kNameBytesMax) return;
          length = length * 10 + static_cast<uint64_t>(c - '0');
        }
        if (blank == std::string_view::npos || length <= blank + 2 || length > rest.size()) return;
        const std::string_view record = rest.substr(blank + 1, length - blank - 2);
        if (record.starts_with("path=")) long_name_ = record.substr(5);
        if (record.starts_with("size=")) {
          uint64_t size = 0;
          for (const char c : record.substr(5))
            size = c >= '0' && c <= '9' && size < (uint64_t{1} << 58U)
                       ? size * 10 + static_cast<uint64_t>(c - '0')
                       : size;
          size_ = size;
        }
        rest.remove_prefix(length);
      }
    }
    name_.clear();
  }

  void header() {
    const Bytes block = std::move(block_);
    block_.clear();
    const bool zero = std::all_of(block.begin(), block.end(), [](uint8_t b) { return b == 0; });
    if (zero) {
      raw_.take(block);
      return;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : block[i];
    const ByteView view(block);
    const auto said = number_of(view.subspan(148, 8));
    const auto size = number_of(view.subspan(124, 12));
    if (!said || *said != sum || !size) return outside(block);
    if (outside_) {
      outside_->end();
      outside_.reset();
    }
    // Modes, sizes and times are numbers of a known meaning: only names and owners are looked at.
    Bytes names = block;
    std::fill(names.begin() + 100, names.begin() + 157, uint8_t{0});
    const bool gnu = as_text(view.subspan(257, 8)) == std::string_view("ustar  \0", 8);
    std::fill(names.begin() + (gnu ? 329 : 500), names.begin() + (gnu ? 508 : 512), uint8_t{0});
    raw_.take(names);
    begin_member(view, *size);
  }

  void begin_member(ByteView head, uint64_t size) {
    const char type = static_cast<char>(head[156]);
    const bool extension = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    if (size_ && !extension) size = *size_;
    content_left_ = size;
    left_ = (size + kBlock - 1) / kBlock * kBlock;
    if (extension) {
      extension_ = type;
      name_.clear();
      if (left_ == 0) extension_ = '\0';
      return;
    }
    std::string name = text_of(head.first(100));
    if (as_text(head.subspan(257, 5)) == "ustar" && head[345] != 0)
      name = text_of(head.subspan(345, 155)) + "/" + name;
    if (!long_name_.empty()) name = long_name_;
    long_name_.clear();
    size_.reset();
    if (reading_.member(place_.path)) {
      report_sparse(type, name);
      member_ = std::make_unique<Layer>(reading_, place_.inside(name));
    }
    if (left_ == 0) member_end();
  }

  void report_sparse(char type, const std::string& name) {
    if (type == 'S')
      reading_.not_read(place_.inside(name).path, "a sparse file: its holes are not told apart");
    if (type == 'M')
      reading_.not_read(place_.inside(name).path, "the continuation of a file of another volume");
  }

  // Blocks that are no header: whatever they are, they are read as a layer.
  void outside(ByteView block) {
    if (block.empty()) return;
    raw_.skip(block.size());
    if (!outside_) outside_ = std::make_unique<Layer>(reading_, place_.inside("between members"));
    outside_->take(block);
  }

  Reading& reading_;
  Place place_;
  RawScan raw_;
  Bytes block_;
  uint64_t left_ = 0;          // of the member with its padding
  uint64_t content_left_ = 0;  // of the member
  char extension_ = '\0';      // the member is a header's extension
  std::string name_;
  std::string long_name_;
  std::optional<uint64_t> size_;
  std::unique_ptr<Layer> member_;
  std::unique_ptr<Layer> outside_;
};

}  // namespace

std::unique_ptr<Taker> tar_flow(Reading& reading, const Place& place);
std::unique_ptr<Taker> tar_flow(Reading& reading, const Place& place) {
  return std::make_unique<TarFlow>(reading, place);
}

}  // namespace hetao::inspection
