#include "gateway/inspection/layer.h"

#include <algorithm>
#include <tuple>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/shown_names.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

constexpr size_t kPathBytesMax = 400;
constexpr size_t kFindingsMax = 20'000;

}  // namespace

void Reading::not_read(const std::string& path, std::string_view why) {
  ++not_read_count_;
  if (report_.coverage.not_read.size() >= kNotReadMax) return;
  std::string said = (path.empty() ? std::string() : path + ": ") + std::string(why);
  auto& all = report_.coverage.not_read;
  if (std::find(all.begin(), all.end(), said) == all.end()) all.push_back(std::move(said));
}

void Reading::found(Kind kind, const std::string& path, uint64_t offset, uint64_t count) {
  Finding finding;
  finding.kind = std::string(facts_of(kind).name);
  finding.count = count;
  finding.offsets = {offset};
  finding.path = path;
  finding.confidence = facts_of(kind).sure >= 2   ? Confidence::kHigh
                       : facts_of(kind).sure == 1 ? Confidence::kMedium
                                                  : Confidence::kLow;
  report_.findings.push_back(std::move(finding));
}

void Reading::format(const std::string& path, std::string_view name, std::string_view what) {
  if (report_.formats.size() < kFormatsMax)
    report_.formats.push_back({path, std::string(name), std::string(what)});
}

bool Reading::decoded(const std::string& path, uint64_t bytes) {
  Coverage& coverage = report_.coverage;
  coverage.bytes_decoded += bytes;
  if (stopped_) return false;
  if (coverage.bytes_decoded > limits().decoded_bytes) {
    not_read(path, "more comes out of it than the limit of " + human_bytes(limits().decoded_bytes));
    stopped_ = true;
  } else if (coverage.bytes_decoded > limits().ratio_free_bytes &&
             coverage.bytes_decoded / limits().ratio > bytes_in_) {
    not_read(path, "more than " + std::to_string(limits().ratio) + " times its size comes out of it");
    stopped_ = true;
  }
  return !stopped_;
}

bool Reading::member(const std::string& path) {
  if (report_.findings.size() > kFindingsMax) {
    if (!stopped_) not_read(path, "more findings than a report holds");
    stopped_ = true;
  }
  if (++report_.coverage.members > limits().members && !stopped_) {
    not_read(path, "more than " + std::to_string(limits().members) + " files inside");
    stopped_ = true;
  }
  return !stopped_;
}

Report Reading::finish(uint64_t bytes_in) {
  Coverage& coverage = report_.coverage;
  coverage.bytes_in = bytes_in;
  // What a file is made of was scanned raw in any case; "read" says that its format was understood too.
  coverage.bytes_read = not_read_count_ == 0 ? bytes_in : 0;
  if (not_read_count_ > coverage.not_read.size())
    coverage.not_read.push_back("and more of the same (" + std::to_string(not_read_count_) + " in all)");
  ShownNames(options_).mask(report_);
  std::sort(report_.findings.begin(), report_.findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.path, a.kind, a.offsets) < std::tie(b.path, b.kind, b.offsets);
  });
  report_.verdict = !report_.findings.empty() ? Verdict::kFindings
                    : coverage.full()         ? Verdict::kClean
                                              : Verdict::kIncomplete;
  if (!coverage.full()) {
    report_.smallest_group.reset();
    report_.anonymity.reset();
  }
  return std::move(report_);
}

Place Place::inside(std::string_view name) const {
  Place inner;
  inner.depth = depth + 1;
  inner.path = path.empty() ? readable(name, kPathBytesMax) : path + "/" + readable(name, kPathBytesMax);
  if (inner.path.size() > 2 * kPathBytesMax)
    inner.path = "…" + readable(inner.path.substr(inner.path.size() - kPathBytesMax), kPathBytesMax);
  return inner;
}

void Layer::take(ByteView bytes) {
  if (flow_) return flow_->take(bytes);
  if (refused_) return;
  held_.insert(held_.end(), bytes.begin(), bytes.end());
  if (held_.size() > reading_.limits().held_bytes) overflow();
}

// Too large to be kept: read on as it flows, if its format allows that.
void Layer::overflow() {
  flow_ = open_flow(reading_, place_, held_);
  if (!flow_) {
    refused_ = true;
  } else {
    flow_->take(held_);
  }
  Bytes().swap(held_);
}

void Layer::end() {
  if (flow_) return flow_->end();
  if (!refused_) read_layer(reading_, place_, held_);
  Bytes().swap(held_);
}

namespace {

// Reads to the end what can be read in order.
void read_flow(Taker& flow, ByteView bytes) {
  flow.take(bytes);
  flow.end();
}

}  // namespace

void read_layer(Reading& reading, const Place& place, ByteView bytes) {
  Coverage& coverage = reading.report().coverage;
  coverage.layers = std::max(coverage.layers, static_cast<uint64_t>(place.depth) + 1);
  if (place.depth > reading.limits().depth)
    return reading.not_read(place.path,
                            "nested deeper than " + std::to_string(reading.limits().depth) + " layers");
  if (reading.stopped()) return;
  const Sniffed sniffed = sniff(bytes);
  if (sniffed.what != "text") reading.format(place.path, sniffed.name, sniffed.what);
  if (auto flow = flow_of(reading, place, sniffed.name)) return read_flow(*flow, bytes);
  if (read_whole(reading, place, sniffed, bytes)) return;
  read_content(reading, place, sniffed, bytes);
}

}  // namespace hetao::inspection
