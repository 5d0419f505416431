// One request to a store, by libcurl. Internal to the store client. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gateway/io/store_client.h"

namespace hetao::io {

struct StoreRequest {
  std::string url;  // where to connect: of the store's endpoint
  bool s3 = false;  // signed as S3 wants it
  int upload = -1;  // a descriptor whose `upload_bytes` are put; else the URL is read
  uint64_t upload_bytes = 0;
  uint64_t from = 0;           // go on at this byte …
  std::string same_etag = {};  // … of the object with this ETag
};

struct StoreAnswer {
  long status = 0;
  std::string etag;
  std::string words;    // of an error answer: its first bytes
  bool broken = false;  // worth another try: the line broke, or the server was busy
  std::string why;      // in words, when it did not go well
};

// Hands the body of a good answer to `take`, which says no to stop.
using TakeBody = std::function<bool(std::string_view)>;
StoreAnswer perform(const StoreAccess& store, const StoreRequest& request, const TakeBody& take);

// The endpoint's URL of an s3:// URL, path style; the URL itself for others. Keys are written as S3 signs
// them: everything but unreserved characters and '/' is percent-encoded.
Result<std::string> address_of(const StoreAccess& store, std::string_view url);

}  // namespace hetao::io
