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
  // `patterns`: what this site looks for beside what is built in.
  explicit ItemInspector(std::vector<inspection::Pattern> patterns = {});
  bool has_pattern(const std::string& name) const;

  // Never fails: what could not be read is said in the facts, and a policy takes that as not clean.
  Inspection inspect(const BlobStore& blobs, const pb::Item& item, const std::string& profile);
  // The same with places and masked excerpts, for a reviewer on this side of the border. Nothing where the
  // item's files are not here.
  std::optional<inspection::Report> report(const BlobStore& blobs, const pb::Item& item,
                                           const std::string& profile);

  // One blob, with the places of these kinds. Nothing when it is not here.
  std::optional<inspection::Report> blob_with_spans(const BlobStore& blobs, const std::string& digest,
                                                    const std::vector<std::string>& kinds);
  // The names of the item and of its files.
  inspection::Report names(const pb::Item& item) { return name_report(item, ""); }

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

  inspector::WorkerOptions worker_options(const std::string& profile) const;
  std::optional<inspection::Report> read_blob(const BlobStore& blobs, const std::string& digest,
                                              inspector::WorkerOptions options) const;

  std::string program_;
  std::vector<inspection::Pattern> patterns_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const inspection::Report>> known_;  // blobs do not change
};

}  // namespace hetao::io
