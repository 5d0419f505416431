// Measures inspection beside Hyperscan (block mode, 64 KiB).
//
// usage: bench_inspect write DIR BYTES        the corpus' parts as files
//        bench_inspect measure BYTES LIBHS    JSON lines; LIBHS is the path of Hyperscan's library
#include <dlfcn.h>
#include <hs/hs.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>

#include "corpus.h"
#include "gateway/inspection/inspector.h"
#include "gateway/inspector/thread_team.h"

namespace {

using hetao::bench::Part;
using hetao::inspection::InspectOptions;

constexpr int kRounds = 15;
constexpr size_t kBlockBytes = size_t{64} << 10U;

double seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Work>
double timed(clockid_t clock, Work work) {
  const double begin = seconds(clock);
  work();
  return seconds(clock) - begin;
}

// The quietest of several rounds, in which both sides take turns: other programs on the machine are not what
// is measured, and come and go.
struct Least {
  double ours = 1e9;
  double theirs = 1e9;
  template <class Ours, class Theirs>
  void round(clockid_t clock, Ours our_work, Theirs their_work) {
    ours = std::min(ours, timed(clock, our_work));
    theirs = std::min(theirs, timed(clock, their_work));
  }
};

void print(const std::string& name, double value, const char* unit, const char* peer, double peer_value) {
  std::printf(
      "{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"peer\":\"%s\",\"peer_value\":%.4g,\"ratio\":%.4g}\n",
      name.c_str(), value, unit, peer, peer_value, peer_value > 0 ? value / peer_value : 0.0);
  std::fflush(stdout);
}

// Hyperscan by its own library; its names are those of the library that the product links, so it has to see
// its own first.
class Hyperscan {
 public:
  explicit Hyperscan(const char* path) : library_(::dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)) {
    if (library_ == nullptr) {
      std::fprintf(stderr, "bench: %s\n", ::dlerror());
      std::exit(1);
    }
    load(compile_, "hs_compile_multi");
    load(alloc_, "hs_alloc_scratch");
    load(scan_, "hs_scan");
    load(version_, "hs_version");
    static const char* kExpressions[] = {
        "[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]",
        "[A-Za-z]{1,2}[0-9]{6}\\(?[0-9Aa]\\)?", "[2-6][0-9]{12,18}", "1[3-9][0-9]{9}",
        "\\+?852[ -]?[2-9][0-9]{3}[ -]?[0-9]{4}"};
    const unsigned flags[] = {0, 0, 0, 0, 0};
    const unsigned ids[] = {0, 1, 2, 3, 4};
    hs_compile_error_t* error = nullptr;
    if (compile_(kExpressions, flags, ids, 5, HS_MODE_BLOCK, nullptr, &database_, &error) != HS_SUCCESS ||
        alloc_(database_, &scratch_) != HS_SUCCESS) {
      std::fprintf(stderr, "bench: Hyperscan does not compile the patterns: %s\n",
                   error != nullptr ? error->message : "");
      std::exit(1);
    }
    std::fprintf(stderr, "bench: peer is Hyperscan %s, block mode\n", version_());
  }
  uint64_t scan(std::string_view text) {
    uint64_t matches = 0;
    for (size_t at = 0; at < text.size(); at += kBlockBytes) {
      const auto size = static_cast<unsigned>(std::min(kBlockBytes, text.size() - at));
      scan_(database_, text.data() + at, size, 0, scratch_, on_match, &matches);
    }
    return matches;
  }

 private:
  static int on_match(unsigned, unsigned long long, unsigned long long, unsigned, void* count) {
    ++*static_cast<uint64_t*>(count);
    return 0;
  }
  template <class Function>
  void load(Function& function, const char* name) {
    void* found = ::dlsym(library_, name);
    if (found == nullptr) std::exit(1);
    std::memcpy(&function, &found, sizeof found);
  }
  void* library_;
  decltype(&hs_compile_multi) compile_ = nullptr;
  decltype(&hs_alloc_scratch) alloc_ = nullptr;
  decltype(&hs_scan) scan_ = nullptr;
  decltype(&hs_version) version_ = nullptr;
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

// Bytes at a page's beginning, as those of a file that is mapped are.
class Page {
 public:
  explicit Page(std::string_view text)
      : size_(text.size()),
        bytes_(static_cast<char*>(std::aligned_alloc(kPageBytes, (size_ / kPageBytes + 1) * kPageBytes))) {
    std::memcpy(bytes_.get(), text.data(), size_);
  }
  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  static constexpr size_t kPageBytes = 4'096;
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  size_t size_;
  std::unique_ptr<char, Free> bytes_;
};

double gigabytes(std::string_view text) {
  return static_cast<double>(text.size()) / 1e9;
}

void measure(size_t bytes, const char* library) {
  const std::vector<Part> parts = hetao::bench::make_corpus(bytes, 1);
  Hyperscan peer(library);
  std::vector<Page> pages;
  for (const Part& part : parts) pages.emplace_back(part.text);
  std::vector<Least> least(parts.size());
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < parts.size(); ++i) {
      const std::string_view text = pages[i].text();
      least[i].round(
          CLOCK_THREAD_CPUTIME_ID, [&] { (void)hetao::inspection::inspect(hetao::as_bytes(text)); },
          [&] { (void)peer.scan(text); });
    }
  }
  Least total{0, 0};
  double all = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const double size = gigabytes(parts[i].text);
    print("inspect/" + parts[i].name, size / least[i].ours, "GB/s a core", "Hyperscan",
          size / least[i].theirs);
    total.ours += least[i].ours;
    total.theirs += least[i].theirs;
    all += size;
  }
  print("inspect/mixed", all / total.ours, "GB/s a core", "Hyperscan", all / total.theirs);
  hetao::inspector::ThreadTeam team(2);
  InspectOptions two;
  two.parallel = [&team](size_t count, const std::function<void(size_t)>& work) { team.run(count, work); };
  const std::string_view text = pages[0].text();
  Least cores;
  for (int round = 0; round < kRounds; ++round) {
    cores.round(
        CLOCK_MONOTONIC, [&] { (void)hetao::inspection::inspect(hetao::as_bytes(text), two); },
        [&] { (void)hetao::inspection::inspect(hetao::as_bytes(text)); });
  }
  print("inspect/two-cores", gigabytes(text) / cores.ours, "GB/s", "one core",
        gigabytes(text) / cores.theirs);
}

int write(const std::string& folder, size_t bytes) {
  for (const Part& part : hetao::bench::make_corpus(bytes, 1)) {
    std::ofstream out(folder + "/" + part.name, std::ios::binary);
    out << part.text;
    if (!out.flush()) return 1;
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  if (what == "write" && count == 4) return write(words[2], std::strtoull(words[3], nullptr, 10));
  if (what == "measure" && count == 4) return measure(std::strtoull(words[2], nullptr, 10), words[3]), 0;
  std::fputs("usage: bench_inspect write DIR BYTES | measure BYTES LIBHS\n", stderr);
  return 2;
}
