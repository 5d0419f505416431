// Reads what is about to leave: the blobs of an item, their names too, each blob once (hetao-inspector, a
// process of its own for each; see gateway/inspector). Called on worker threads; thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/inspection/report.h"
#include "gateway/inspector/worker_client.h"
#include "gateway/io/blob_store.h"
#include "proto/state.pb.h"

namespace hetao::io {

struct Inspection {
  std::vector<pb::Fact> facts;  // inspection.*, result.min_group; sorted by name
  std::string summary;          // kinds and counts, never a value
};

class ItemInspector {
 public:
  ItemInspector();

  // Never fails: what could not be read is said in the facts, and a policy takes that as not clean.
  Inspection inspect(const BlobStore& blobs, const pb::Item& item, const std::string& profile);
  // The same with places and masked excerpts, for a reviewer on this side of the border. Nothing where the
  // item's files are not here.
  std::optional<inspection::Report> report(const BlobStore& blobs, const pb::Item& item,
                                           const std::string& profile);

 private:
  struct Key {
    std::string digest, profile;
    auto operator<=>(const Key&) const = default;
  };
  std::optional<inspection::Report> blob_report(const BlobStore& blobs, const std::string& digest,
                                                const std::string& profile);
  inspection::Report name_report(const pb::Item& item, const std::string& profile);
  std::vector<std::optional<inspection::Report>> reports(const BlobStore& blobs, const pb::Item& item,
                                                         const std::string& profile);

  std::string program_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const inspection::Report>> known_;  // blobs do not change
};

}  // namespace hetao::io
