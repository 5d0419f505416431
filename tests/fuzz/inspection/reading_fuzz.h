// What every reader of foreign bytes has to keep: it ends, it stays within its limits, and it never calls
// something clean that it did not read in full.
#pragma once

#include "gateway/base/check.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

inline InspectOptions fuzz_options() {
  InspectOptions options;
  options.limits.decoded_bytes = uint64_t{16} << 20U;
  options.limits.ratio_free_bytes = uint64_t{4} << 20U;
  options.limits.held_bytes = size_t{1} << 20U;
  options.limits.members = 1'000;
  options.limits.depth = 6;
  return options;
}

inline void check(const Report& report) {
  HETAO_CHECK(report.verdict != Verdict::kClean || (report.coverage.full() && report.findings.empty()));
  HETAO_CHECK(report_from_json(to_json(report, true)).has_value());
}

// Runs one reader on the bytes as the whole of a file.
template <class Read>
int fuzz_reader(const uint8_t* data, size_t size, Read read) {
  const InspectOptions options = fuzz_options();
  Reading reading(options);
  reading.expects(size);
  read(reading, Place{}, ByteView(data, size));
  check(reading.finish(size));
  return 0;
}

}  // namespace hetao::inspection
