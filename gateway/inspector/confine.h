// Shuts this process in, for good: it keeps the descriptors and memory that it has, and can do nothing but
// compute, read and write them. Linux, x86_64 and aarch64.
#pragma once

#include <cstdint>

#include "gateway/base/result.h"

namespace hetao::inspector {

// Memory and processor time, before anything is mapped or started.
Result<void> limit_resources(uint64_t memory_bytes, uint64_t cpu_seconds);
// The system call filter, for all threads. What it does not know fails with EPERM.
Result<void> install_filter();

}  // namespace hetao::inspector
