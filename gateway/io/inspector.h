// Reads what is about to leave: runs gateway/inspection over the blobs of an item. Called on a worker thread.
#pragma once

#include <string>
#include <vector>

#include "gateway/io/blob_store.h"
#include "proto/state.pb.h"

namespace hetao::io {

struct Inspection {
  std::vector<pb::Fact> facts;  // inspection.*, result.min_group; sorted by name
  std::string summary;          // kinds and counts, never a value
};

// Never fails: what could not be read is said in the facts, and a policy takes that as not clean.
Inspection inspect_item(const BlobStore& blobs, const pb::Item& item, const std::string& profile);

}  // namespace hetao::io
