// Decisions on crossings by hour, for the overview: read from the ledger once, and then as it grows. What is
// over may have left the core; the ledger keeps it. Bounded: a week of hours. Io thread only.
#pragma once

#include <cstdint>
#include <map>

#include "gateway/api/backend.h"

namespace hetao::api {

class Activity {
 public:
  static constexpr int64_t kHoursMax = 168;

  struct Hour {
    int64_t permit = 0;
    int64_t hold = 0;
    int64_t forbid = 0;
  };
  using Hours = std::map<int64_t, Hour>;  // by hours since 1970

  // Reads what is new in the ledger. At the first time that is at most limits::kAuditScanEntriesMax entries.
  io::Awaitable<Result<void>> read(Backend& backend);
  const Hours& hours() const { return hours_; }

 private:
  void take(const Hours& found, uint64_t end, int64_t oldest);

  bool begun_ = false;
  uint64_t next_ = 0;  // the first entry that was not read yet
  Hours hours_;
};

}  // namespace hetao::api
