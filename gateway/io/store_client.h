// Stores outside as the shell sees them: S3 (path style, AWS Signature Version 4, ListObjectsV2) and plain
// HTTPS. libcurl speaks and signs.
//
// Promises: only the configured endpoint of a store is ever connected to; no redirect is followed; an address
// that is loopback, link-local or private is refused unless the store is `inside`, whatever a name resolves
// to; a transfer that breaks goes on where it broke, if the server says by its ETag that the object is the
// same; what is stored counts by its digest. Errors never hold a key or a query string.
//
// Thread-safe: const functions. Calls block, with deadlines: worker threads only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/blob_store.h"
#include "proto/state.pb.h"

namespace hetao::io {

struct StoreAccess {
  std::string name;
  std::string endpoint;  // of s3:// URLs: "https://s3.example"; http:// only if `inside`
  std::string region = "us-east-1";
  std::string access_key, secret_key;  // S3; empty: unsigned
  std::string bearer;                  // of https:// URLs
  std::string ca_file;                 // empty: the system's
  bool inside = false;                 // may be at a private address
};

class StoreClient {
 public:
  StoreClient() = default;
  explicit StoreClient(std::vector<StoreAccess> stores) : stores_(std::move(stores)) {}

  // One unnamed file; or for a folder of S3, every object below it, paths below the URL, sorted.
  Result<std::vector<pb::ItemFile>> fetch(const pb::Fetch& fetch, BlobStore& blobs) const;
  // Puts each file to where the URL says. Repeating it does no harm.
  Result<void> deliver(const pb::Delivery& delivery, const BlobStore& blobs) const;

 private:
  Result<const StoreAccess*> store(std::string_view name) const;
  std::vector<StoreAccess> stores_;
};

// The names of the objects in an answer to ListObjectsV2, and where the list goes on ("" at its end).
struct S3Listing {
  std::vector<std::string> keys;
  std::string next;
};
Result<S3Listing> parse_listing(std::string_view xml);
// The words of an S3 error: "NoSuchKey: The specified key does not exist." Empty if there are none.
std::string s3_error_words(std::string_view xml);

}  // namespace hetao::io
