#include "gateway/daemon/certificate_watch.h"

#include "gateway/files/file.h"
#include "gateway/ledger/sha256.h"

namespace hetao::daemon {

void CertificateWatch::watch(std::vector<std::string> files) {
  files_ = std::move(files);
  in_force_ = last_ = content();
}

// A file that can't be read has a content of its own: coming and going are changes.
Digest CertificateWatch::content() const {
  std::string all;
  for (const std::string& file : files_) {
    const auto text = files::read_file(file);
    all += ledger::sha256(as_bytes(text ? "+" + *text : "-" + text.error().why)).hex();
  }
  return ledger::sha256(as_bytes(all));
}

bool CertificateWatch::look() {
  const Digest now = content();
  const bool is_still = now == last_;
  last_ = now;
  if (!is_still || now == in_force_) return false;
  in_force_ = now;
  return true;
}

}  // namespace hetao::daemon
