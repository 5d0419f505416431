// A watch: an endless answer of one JSON object a line, told as changes. Pure; not thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/platforms/http_call.h"
#include "gateway/platforms/kubernetes/pod.h"

namespace hetao::platforms::kubernetes {

class WatchReader {
 public:
  // `deleted`: the pod is gone, as it was last.
  using Take = std::function<void(PodRecord pod, bool deleted)>;

  // `version`: from where on; from the list before.
  WatchReader(std::string version, Take take) : version_(std::move(version)), take_(std::move(take)) {}

  // False: there is no use in more. Lists again if `expired`; `trouble` says what else is wrong.
  bool read(std::string_view bytes);

  const std::string& version() const { return version_; }  // to go on from
  bool expired() const { return expired_; }                // 410: it is too old to go on from
  const std::string& trouble() const { return trouble_; }

 private:
  bool read_line(std::string_view line);

  std::string version_;
  Take take_;
  std::string rest_;  // of a line
  bool expired_ = false;
  std::string trouble_;
};

// True: the answer to the watch itself says that the version is too old.
bool is_expired(const HttpReply& reply);

}  // namespace hetao::platforms::kubernetes
