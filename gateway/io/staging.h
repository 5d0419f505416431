// The folders that file:// URLs may name. Nothing outside them is read or written, whatever links or `..` a
// URL holds: every path is resolved by the kernel below its root (openat2, RESOLVE_BENEATH |
// RESOLVE_NO_MAGICLINKS).
//
// Trust: users of a staging root can change files while they are read; what counts is the digest of what was
// copied. Thread-safe: const functions; called on worker threads, because they block.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/blob_store.h"
#include "proto/state.pb.h"

namespace hetao::io {

class Staging {
 public:
  // Absolute folders that exist.
  static Result<Staging> open(std::vector<std::string> roots);
  const std::vector<std::string>& roots() const { return roots_; }

  // Copies a file, or every file below a folder, into the blob store. Paths are below the URL's own place,
  // sorted; one unnamed file if the URL names a file.
  Result<std::vector<pb::ItemFile>> ingest(std::string_view url, BlobStore& blobs) const;
  // Writes the files to where the URL says; each is complete or not there. Repeating it does no harm.
  Result<void> deliver(std::string_view url, const std::vector<pb::ItemFile>& files,
                       const BlobStore& blobs) const;
  // Whether the URL may be used at all, without touching it.
  Result<void> check(std::string_view url) const;

 private:
  struct Place {
    std::string root;
    std::string path;  // relative, normalised; empty: the root itself
  };
  Result<Place> place_of(std::string_view url) const;
  std::vector<std::string> roots_;
};

}  // namespace hetao::io
