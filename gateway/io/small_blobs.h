// Many small blobs into the store at once: durable together, at the price of a few syncs for all of them.
#pragma once

#include <span>
#include <string>

#include "gateway/io/blob_store.h"

namespace hetao::io {

// One chunk or less, whose content the caller has checked against its digest.
struct SmallBlob {
  Digest digest;
  ByteView bytes;
};

// All of them, or an error. What is there already stays. Blocks: worker threads only.
Result<void> keep_small(const BlobStore& store, std::span<const SmallBlob> blobs);

// Where files stand that are no blobs yet, and what belongs to them.
std::string partial_folder(const BlobStore& store);

}  // namespace hetao::io
