// The archive as the gateway sees it: what the store has, and what is on its way there. So a job that the
// core let go of is found at every moment. Thread-safe; reading calls block: worker threads only.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gateway/store/archive.h"

namespace hetao::io {

class PastRows final : public store::Archive {
 public:
  using Key = std::pair<federation::Table, std::string>;

  explicit PastRows(std::unique_ptr<store::Archive> stored) : stored_(std::move(stored)) {}

  // Of a step that is not durable yet; answers what has to be given to arrive() once it is.
  std::vector<Key> leave(const std::vector<federation::Record>& records);
  void arrive(const std::vector<Key>& keys);

  Result<std::optional<std::string>> find(federation::Table table, std::string_view key) override;
  Result<std::vector<federation::Record>> rows(federation::Table table, const store::KeyRange& range,
                                               size_t most, bool last_ones = false) override;

 private:
  std::unique_ptr<store::Archive> stored_;
  std::mutex mutex_;
  std::map<Key, std::string> on_their_way_;
};

}  // namespace hetao::io
