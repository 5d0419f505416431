// Raw bytes in windows at fixed places, one after the other or several at once.
#include <algorithm>
#include <cstring>

#include "gateway/base/text.h"
#include "gateway/inspection/layer.h"
#include "gateway/inspection/patterns.h"
#include "gateway/inspection/scan/views.h"

namespace hetao::inspection {

namespace {

// What one thread takes at a time: little, so that all end together; and how many of these are counted before
// what they found is put together.
constexpr size_t kPartBytes = kWindowBytes * 8;
constexpr size_t kPartsMax = 512;
constexpr size_t kEmbeddedMax = 10'000;  // encoded runs of a layer that are read

ScanOptions scan_options(const Reading& reading) {
  return {reading.options().latest_birth_day, reading.options().engine};
}

void scan_one(Reading& reading, const Shape& shape, const Window& window, Tally& tally,
              std::vector<Embedded>& embedded) {
  scan_window(window, shape, scan_options(reading), tally, embedded);
  if (reading.options().patterns != nullptr) reading.options().patterns->scan(window, tally);
}

// Nearly any bytes can be characters of GBK or Big5; chance makes no UTF-8 of so many.
bool begins_as_utf8(std::string_view content) {
  constexpr size_t kEnough = 32;
  for (size_t size = std::min(content.size(), kEnough); size + 4 > kEnough && size > 0; --size) {
    if (is_utf8(content.substr(0, size))) return true;
  }
  return false;
}

// One encoded run, which `text` begins with, as a layer of its own. False: no more are read.
bool read_run(Reading& reading, const Place& place, std::string_view text, const Embedded& one,
              std::vector<Tally::Range>& ranges) {
  if (ranges.size() == kEmbeddedMax) {
    reading.not_read(place.path, "more encoded runs than are read");
    return false;
  }
  size_t used = 0;
  const std::string content =
      decode_run(text.substr(0, one.most), one.encoding, reading.limits().held_bytes, used);
  if (content.size() >= reading.limits().held_bytes)
    reading.not_read(place.path, "encoded text that is too large to be decoded in memory");
  if (!reading.decoded(place.path, content.size())) return false;
  const size_t before = reading.report().findings.size();
  const char* name = one.encoding == RunEncoding::kBase64 ? "base64@" : "hex@";
  Place inner = place.inside(name + std::to_string(one.offset));
  inner.guessed = one.encoding != RunEncoding::kHexDump && !begins_as_utf8(content);
  read_layer(reading, inner, as_bytes(content));
  Tally::Range range{one.offset, one.offset + std::max<size_t>(used, 1), {}};
  for (size_t i = before; i < reading.report().findings.size(); ++i)
    range.kinds.push_back(reading.report().findings[i].kind);
  ranges.push_back(std::move(range));
  return true;
}

bool with_spans(const Reading& reading, const Place& place) {
  return place.path.empty() && !reading.options().spans_of.empty();
}

void report(Reading& reading, const Place& place, const Shape& shape, const Tally& tally) {
  Report& report = reading.report();
  tally.findings(place.path, shape.table, report.findings, report.noise);
  if (!with_spans(reading, place)) return;
  auto spans = tally.spans(reading.options().spans_of, shape.table);
  if (!spans) return reading.not_read(place.path, "too many places to be masked");
  report.spans.insert(report.spans.end(), spans->begin(), spans->end());
}

}  // namespace

RawScan::RawScan(Reading& reading, Place place, Shape shape)
    : reading_(reading),
      place_(std::move(place)),
      shape_(std::move(shape)),
      tally_(with_spans(reading_, place_)) {}

void RawScan::take(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  size_t at = 0;
  while (at < text.size()) {
    const size_t full = kLookBehindBytes + kWindowBytes + kLookAheadBytes;
    const size_t room = held_.size() < full ? full - held_.size() : 0;
    const size_t some = std::min(room, text.size() - at);
    held_.append(text, at, some);
    at += some;
    end_ += some;
    scan_held(false);
  }
}

// Scans every window that can be seen whole; at the end of a segment, what is left.
void RawScan::scan_held(bool last) {
  while (true) {
    const uint64_t have = begin_ + held_.size();
    const uint64_t until = segment_ + (next_ - segment_) / kWindowBytes * kWindowBytes + kWindowBytes;
    if (next_ >= have) return;
    if (!last && have < until + kLookAheadBytes) return;
    const size_t size = held_.size();
    held_.append(kMaskPadBytes, '\0');
    Window window;
    window.text =
        std::string_view(held_).substr(0, std::min<uint64_t>(size, until + kLookAheadBytes - begin_));
    window.from = static_cast<size_t>(next_ - begin_);
    window.until = static_cast<size_t>(std::min(until, have) - begin_);
    window.offset = begin_;
    scan_one(reading_, shape_, window, tally_, embedded_);
    read_held_runs(window.text, last && window.text.size() == size);
    held_.resize(size);
    next_ = std::min(until, have);
    const uint64_t keep = next_ - std::min<uint64_t>(next_ - segment_, kLookBehindBytes);
    held_.erase(0, static_cast<size_t>(keep - begin_));
    begin_ = keep;
  }
}

// Encoded runs that end in what a window sees; of longer ones it is said that they are not read.
void RawScan::read_held_runs(std::string_view seen, bool to_the_end) {
  std::sort(embedded_.begin(), embedded_.end());
  for (const Embedded& one : embedded_) {
    if (one.offset < begin_ || (!ranges_.empty() && one.offset < ranges_.back().end)) continue;
    const std::string_view run = seen.substr(static_cast<size_t>(one.offset - begin_));
    if (!read_run(reading_, place_, run, one, ranges_)) break;
    if (!to_the_end && ranges_.back().end >= begin_ + seen.size())
      reading_.not_read(place_.path, "encoded text in a layer too large to be kept");
  }
  embedded_.clear();
}

void RawScan::skip(uint64_t bytes) {
  if (bytes == 0) return;
  scan_held(true);
  held_.clear();
  end_ += bytes;
  begin_ = next_ = segment_ = end_;
}

RawScan::Seen RawScan::end() {
  scan_held(true);
  tally_.settle(ranges_);
  report(reading_, place_, shape_, tally_);
  return {tally_.binary(), tally_.lines()};
}

namespace {

// One part's windows.
void scan_part(Reading& reading, const Shape& shape, ByteView bytes, size_t part, Tally& tally,
               std::vector<Embedded>& embedded) {
  const std::string_view text = as_text(bytes);
  const size_t end = std::min(text.size(), (part + 1) * kPartBytes);
  std::string copy;
  for (size_t at = part * kPartBytes; at < end; at += kWindowBytes) {
    const size_t begin = at - std::min(at, kLookBehindBytes);
    const size_t until = std::min(text.size(), at + kWindowBytes);
    const size_t readable = std::min(text.size(), until + kLookAheadBytes);
    Window window;
    window.text = text.substr(begin, readable - begin);
    window.from = at - begin;
    window.until = until - begin;
    window.offset = begin;
    if (readable + kMaskPadBytes > text.size()) {  // nothing may be read behind the end
      copy.assign(window.text);
      const size_t size = copy.size();
      copy.append(kMaskPadBytes, '\0');
      window.text = std::string_view(copy).substr(0, size);
    }
    scan_one(reading, shape, window, tally, embedded);
  }
}

// Several at once, each into a tally of its own; these are put together in order.
void scan_parts(Reading& reading, const Shape& shape, ByteView bytes, size_t parts, Tally& all,
                std::vector<Embedded>& runs) {
  for (size_t first = 0; first < parts; first += kPartsMax) {
    const size_t count = std::min(kPartsMax, parts - first);
    std::vector<Tally> tallies(count, Tally(all.with_spans()));
    std::vector<std::vector<Embedded>> embedded(count);
    reading.options().parallel(
        count, [&](size_t i) { scan_part(reading, shape, bytes, first + i, tallies[i], embedded[i]); });
    for (size_t i = 0; i < count; ++i) {
      all.add(tallies[i]);
      runs.insert(runs.end(), embedded[i].begin(), embedded[i].end());
    }
  }
}

// Returns which bytes they took.
std::vector<Tally::Range> read_embedded(Reading& reading, const Place& place, ByteView bytes,
                                        std::vector<Embedded>& found) {
  std::sort(found.begin(), found.end());
  std::vector<Tally::Range> ranges;
  for (const Embedded& one : found) {
    if (!ranges.empty() && one.offset < ranges.back().end) continue;
    const std::string_view run = as_text(bytes).substr(static_cast<size_t>(one.offset));
    if (!read_run(reading, place, run, one, ranges)) break;
  }
  return ranges;
}

}  // namespace

RawScan::Seen RawScan::whole(Reading& reading, const Place& place, const Shape& shape, ByteView bytes) {
  const size_t parts = (bytes.size() + kPartBytes - 1) / kPartBytes;
  Tally all(with_spans(reading, place));
  std::vector<Embedded> runs;
  if (!reading.options().parallel) {
    for (size_t part = 0; part < parts; ++part) scan_part(reading, shape, bytes, part, all, runs);
  } else {
    scan_parts(reading, shape, bytes, parts, all, runs);
  }
  all.settle(read_embedded(reading, place, bytes, runs));
  report(reading, place, shape, all);
  return {all.binary(), all.lines()};
}

}  // namespace hetao::inspection
