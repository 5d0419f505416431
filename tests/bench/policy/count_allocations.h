// Counts every allocation of the program that includes it, so that "takes no memory" is measured and not
// believed. In one source file of a program alone: it replaces the program's operator new.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

inline std::atomic<uint64_t> allocations{0};

void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t /*size*/) noexcept {
  std::free(p);
}
