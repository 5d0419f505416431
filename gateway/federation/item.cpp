#include "gateway/federation/item.h"

#include <algorithm>

#include "gateway/federation/facts.h"
#include "gateway/ledger/sha256.h"

namespace hetao::federation {

void seal_item(pb::Item& item) {
  auto& files = *item.mutable_files();
  std::sort(files.begin(), files.end(),
            [](const pb::ItemFile& a, const pb::ItemFile& b) { return a.path() < b.path(); });
  int64_t bytes = 0;
  std::string lines;
  for (const pb::ItemFile& file : files) {
    bytes += file.bytes();
    lines += file.path() + '\0' + file.digest() + '\0' + std::to_string(file.bytes()) + '\n';
  }
  item.set_bytes(bytes);
  const bool single = files.size() == 1 && files.Get(0).path().empty();
  item.set_digest(single ? files.Get(0).digest() : "files-sha256:" + ledger::sha256(as_bytes(lines)).hex());
}

std::string output_name(const pb::Output& output) {
  static constexpr std::string_view kScheme = "result:";
  if (output.url().starts_with(kScheme)) return output.url().substr(kScheme.size());
  if (!output.name().empty()) return output.name();
  std::string path = output.path();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

std::string output_kind(const pb::Task& task, const std::string& name) {
  const std::string declared = tag_of(task.tags(), "output:" + name);
  return declared.empty() ? "result" : declared;
}

std::string dataset_of(const pb::Input& input) {
  static constexpr std::string_view kScheme = "dataset:";
  return input.url().starts_with(kScheme) && !input.has_content() ? input.url().substr(kScheme.size())
                                                                  : std::string();
}

}  // namespace hetao::federation
