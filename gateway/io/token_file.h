// A scheduler's token in a file that somebody else renews: read again when the file changes, and refused with
// a clear word once it has ended. Not thread-safe.
#pragma once

#include <sys/stat.h>

#include <string>

#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::io {

class TokenFile {
 public:
  enum class Kind {
    kSlurm,       // a JWT, also as `scontrol token` prints it
    kKubernetes,  // a service account's JWT, or any other bearer token
  };

  TokenFile(std::string path, Kind kind) : path_(std::move(path)), kind_(kind) {}

  Result<std::string> read();

 private:
  Result<void> take(std::string text);

  std::string path_;
  Kind kind_;
  std::string text_;
  Instant ends_;
  timespec seen_{};
};

}  // namespace hetao::io
