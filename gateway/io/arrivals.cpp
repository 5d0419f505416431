#include "gateway/io/arrivals.h"

#include <fcntl.h>
#include <unistd.h>

#include "gateway/base/limits.h"
#include "gateway/io/durable_file.h"
#include "gateway/ledger/sha256.h"

namespace hetao::io {

namespace {

constexpr size_t kDigestBytes = 32;
constexpr std::string_view kSuffix = ".came";

}  // namespace

std::string Arrivals::path_of(std::string_view region, std::string_view crossing) const {
  const std::string name = std::string(region) + '\n' + std::string(crossing);
  return folder_ + "/" + ledger::sha256(as_bytes(name)).hex() + std::string(kSuffix);
}

// A torn end is left out: that file comes again.
std::set<Digest> Arrivals::of(std::string_view region, std::string_view crossing) const {
  std::set<Digest> came;
  const auto bytes = read_file(path_of(region, crossing), 2 * limits::kItemFilesMax * kDigestBytes);
  for (size_t at = 0; bytes && at + kDigestBytes <= bytes->size(); at += kDigestBytes)
    came.insert(*Digest::from_bytes(ByteView(*bytes).subspan(at, kDigestBytes)));
  return came;
}

void Arrivals::note(std::string_view region, std::string_view crossing,
                    std::span<const Digest> digests) const {
  Bytes bytes;
  bytes.reserve(digests.size() * kDigestBytes);
  for (const Digest& digest : digests) bytes.insert(bytes.end(), digest.bytes.begin(), digest.bytes.end());
  const std::string path = path_of(region, crossing);
  if (auto file = open_file(path, O_WRONLY | O_CREAT | O_APPEND)) (void)write_all(file->get(), bytes, path);
}

void Arrivals::forget(std::string_view region, std::string_view crossing) const {
  ::unlink(path_of(region, crossing).c_str());
}

}  // namespace hetao::io
