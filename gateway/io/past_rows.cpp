#include "gateway/io/past_rows.h"

#include <algorithm>

namespace hetao::io {

using federation::Record;
using federation::Table;

std::vector<PastRows::Key> PastRows::leave(const std::vector<Record>& records) {
  std::vector<Key> keys;
  for (const Record& record : records) {
    if (!federation::is_past(record.table) || !record.value) continue;
    keys.emplace_back(record.table, record.key);
    const std::lock_guard lock(mutex_);
    on_their_way_[keys.back()] = *record.value;
  }
  return keys;
}

void PastRows::arrive(const std::vector<Key>& keys) {
  if (keys.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const Key& key : keys) on_their_way_.erase(key);
}

// What is on its way is looked at first: then it is in the store at the latest.
Result<std::optional<std::string>> PastRows::find(Table table, std::string_view key) {
  {
    const std::lock_guard lock(mutex_);
    const auto at = on_their_way_.find({table, std::string(key)});
    if (at != on_their_way_.end()) return at->second;
  }
  return stored_->find(table, key);
}

Result<std::vector<Record>> PastRows::rows(Table table, const store::KeyRange& range, size_t most,
                                           bool last_ones) {
  std::map<std::string, std::string> all;
  {
    const std::lock_guard lock(mutex_);
    const auto end = on_their_way_.lower_bound({table, range.end});
    for (auto at = on_their_way_.lower_bound({table, range.from}); at != end; ++at)
      all.emplace(at->first.second, at->second);
  }
  auto stored = stored_->rows(table, range, most, last_ones);
  if (!stored || all.empty()) return stored;
  for (Record& record : *stored) all.emplace(std::move(record.key), std::move(*record.value));
  std::vector<Record> answer;
  for (auto& [key, value] : all) answer.push_back({table, key, std::move(value)});
  if (last_ones) std::reverse(answer.begin(), answer.end());
  if (answer.size() > most) answer.resize(most);
  return answer;
}

}  // namespace hetao::io
