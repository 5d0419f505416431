// Notices that certificate files were replaced: compares what is in them with what was there, so that a
// renewed certificate or a new revocation list is in force within seconds without a signal.
//
// Files are replaced one after the other, and a certificate without its new key is broken: a change counts
// only when the files stood still from one look to the next. One thread; reads files.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/digest.h"

namespace hetao::daemon {

class CertificateWatch {
 public:
  explicit CertificateWatch(std::vector<std::string> files) { watch(std::move(files)); }

  // These files, as they are now, are what is in force.
  void watch(std::vector<std::string> files);
  // True once for each change, when it has settled.
  bool look();

 private:
  Digest content() const;

  std::vector<std::string> files_;
  Digest in_force_;
  Digest last_;
};

}  // namespace hetao::daemon
