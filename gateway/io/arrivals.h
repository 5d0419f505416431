// Which files of a crossing its peer has brought already, remembered over restarts: a file that is here and
// stands in this list need not come again. A file a crossing, beside the partial blobs, 32 bytes a digest.
//
// What is lost of it only costs that a file is sent again, so nothing is synced here. A file is named after
// the crossing, and removed with it. Blocks; any thread.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/digest.h"

namespace hetao::io {

class Arrivals {
 public:
  explicit Arrivals(std::string folder) : folder_(std::move(folder)) {}

  std::set<Digest> of(std::string_view region, std::string_view crossing) const;
  void note(std::string_view region, std::string_view crossing, std::span<const Digest> digests) const;
  void forget(std::string_view region, std::string_view crossing) const;

 private:
  std::string path_of(std::string_view region, std::string_view crossing) const;
  std::string folder_;
};

}  // namespace hetao::io
