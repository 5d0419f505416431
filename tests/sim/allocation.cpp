// operator new and delete of the simulation, which lives on one thread and makes very many small objects that
// are gone in a moment: what is freed is taken again by the next of its size. Larger ones are malloc's. Not
// under sanitizers, which look at every block themselves.
#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr size_t kStep = 16;
constexpr size_t kLargest = 1024;
constexpr size_t kSlabBits = 16;  // a slab has blocks of one size
constexpr size_t kSlabs = 1U << 18U;
constexpr size_t kReserved = kSlabs << kSlabBits;  // of addresses; memory comes as it is touched

struct Free {
  Free* next;
};

std::byte* begin = nullptr;
size_t slabs = 0;
std::array<Free*, kLargest / kStep + 1> free_of_size;
std::array<uint8_t, kSlabs> size_of_slab;

// Blocks of a size, strung together; nullptr: the reserved addresses are used up.
Free* new_slab(size_t size_class) {
  if (begin == nullptr) {
    void* reserved =
        mmap(nullptr, kReserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return nullptr;
    begin = static_cast<std::byte*>(reserved);
  }
  if (slabs == kSlabs) return nullptr;
  size_of_slab[slabs] = static_cast<uint8_t>(size_class);
  std::byte* slab = begin + (slabs++ << kSlabBits);
  const size_t bytes = size_class * kStep;
  Free* all = nullptr;
  for (size_t at = (size_t{1} << kSlabBits) / bytes * bytes; at >= bytes; at -= bytes)
    all = new (slab + at - bytes) Free{all};
  return all;
}

}  // namespace

void* operator new(size_t bytes) {
  const size_t size_class = bytes == 0 ? 1 : (bytes + kStep - 1) / kStep;
  if (bytes <= kLargest) {
    Free*& free = free_of_size[size_class];
    if (free == nullptr) free = new_slab(size_class);
    if (free != nullptr) {
      void* taken = free;
      free = free->next;
      return taken;
    }
  }
  void* taken = std::malloc(bytes);
  if (taken == nullptr) throw std::bad_alloc();
  return taken;
}

void operator delete(void* given) noexcept {
  const auto at = static_cast<size_t>(static_cast<std::byte*>(given) - begin);
  if (begin == nullptr || at >= kReserved) return std::free(given);
  Free*& free = free_of_size[size_of_slab[at >> kSlabBits]];
  free = new (given) Free{free};
}

void operator delete(void* given, size_t) noexcept {
  operator delete(given);
}
