// Reads what is about to leave: text in any of the usual encodings, tables, formats that are sensitive as
// such, and what is inside archives and documents, to any depth that makes sense.
//
// A file is a layer; what a container or an encoding holds is a layer of its own. Every layer's raw bytes are
// scanned, its format is recognised from its content (never from its name), and what can't be read makes the
// report incomplete: nothing is ever let through because it could not be read. Names, addresses, pictures and
// sound are not read, and a program that wants to hide data can (see README.md).
//
// Pure and bounded: memory by limits, work by limits and by the caller's own clock. One inspection belongs to
// one thread, but for the windows of large layers, which `parallel` may scan on several.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/inspection/report.h"
#include "gateway/inspection/scan/block_masks.h"

namespace hetao::inspection {

class PatternSet;  // customers' own patterns: patterns.h

struct InspectLimits {
  int depth = 16;                                // layers in layers
  uint64_t decoded_bytes = uint64_t{64} << 30U;  // that come out of all layers together
  uint64_t ratio = 250;                          // of them to the file's own bytes, beyond `ratio_free_bytes`
  uint64_t ratio_free_bytes = uint64_t{256} << 20U;  // a small file of zeros may grow to this
  uint64_t members = 1'000'000;
  size_t held_bytes =
      size_t{64} << 20U;  // of a layer inside another that is kept in memory to be read in any order
};

struct InspectOptions {
  InspectLimits limits;
  uint32_t latest_birth_day = 20991231;  // yyyymmdd: nobody is born later
  const MaskEngine* engine = nullptr;    // null: the best one of this processor
  std::string profile = "personal-identifiers";
  const PatternSet* patterns = nullptr;
  std::vector<std::string> spans_of;  // kinds whose places are wanted too (Report::spans)
  // Runs work(0) to work(count - 1), in any order and on any threads, and returns when all are done. Null:
  // here.
  std::function<void(size_t count, const std::function<void(size_t)>& work)> parallel;
};

// Names of the profiles, and what each looks for.
struct Profile {
  std::string_view name;
  std::string_view about;
};
std::vector<Profile> profiles();
bool is_profile(std::string_view name);

// The whole of a file, which may be mapped into memory.
Report inspect(ByteView content, const InspectOptions& options = {});

// Words that travel with a file: its name, the tags of its job. Found under the path "(name)".
Report inspect_text(std::string_view text, const std::string& path, const InspectOptions& options = {});

// A file that comes in pieces. The findings are those of inspect(): but a file of more than `held_bytes` that
// has to be read in any order (zip, PDF, databases) is incomplete.
class Inspector {
 public:
  explicit Inspector(InspectOptions options = {});
  ~Inspector();
  Inspector(Inspector&&) noexcept;
  Inspector& operator=(Inspector&&) noexcept;

  void feed(ByteView bytes);
  Report finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hetao::inspection
