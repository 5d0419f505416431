// Makes the copy of an item that may cross where a permit asks for masking: the same files, with what was
// found of the named kinds overwritten. Plain text in single bytes alone can be masked; a copy is made only
// if a second inspection finds nothing of these kinds in it, else there is none, with the reason. The
// original's blobs stay as they are. Called on worker threads; blocks.
#pragma once

#include <string>
#include <vector>

#include "gateway/io/blob_store.h"
#include "gateway/io/inspector.h"
#include "proto/state.pb.h"

namespace hetao::io {

// `name`, `kind` and labels are the item's; digest and size are those of the masked files.
Result<pb::Item> masked_copy(ItemInspector& inspector, BlobStore& blobs, const pb::Item& item,
                             const std::vector<std::string>& kinds);

}  // namespace hetao::io
