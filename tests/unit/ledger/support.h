// Things that several tests of the ledger need: a folder in memory, keys, entries, a small log.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "gateway/ledger/entry.h"
#include "gateway/ledger/log.h"
#include "gateway/ledger/note.h"

namespace hetao::ledger::testing {

inline Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

// A folder: what it holds is what was written, nothing else.
class Folder {
 public:
  void write(const FileWrite& file) { files[file.path] = file.bytes; }
  void write(const std::vector<FileWrite>& all) {
    for (const FileWrite& file : all) write(file);
  }
  void append(const LogAppend& part) {
    Bytes& wal = files["wal"];
    ASSERT_EQ(wal.size(), part.offset);
    wal.insert(wal.end(), part.bytes.begin(), part.bytes.end());
  }
  FileReader reader() const {
    return [this](const std::string& path) -> Result<Bytes> {
      const auto found = files.find(path);
      if (found == files.end()) return fail(ErrorCode::kNotFound, path, "no such file");
      return found->second;
    };
  }
  std::vector<std::string> listing() const {
    std::vector<std::string> paths;
    for (const auto& [path, _] : files) paths.push_back(path);
    return paths;
  }
  std::map<std::string, Bytes> files;
};

inline SigningKey key_of(const std::string& name, uint8_t type, uint8_t seed) {
  return SigningKey::from_seed(name, type, Bytes(32, seed)).value();
}
inline const std::string kOrigin = "hetao.example/shenzhen";
inline SigningKey log_key() {
  return key_of(kOrigin, kEd25519, 1);
}
inline SigningKey witness_key() {
  return key_of("hetao.example/hongkong/witness", kEd25519Cosignature, 2);
}

inline Entry entry_of(uint64_t sequence) {
  Entry entry;
  entry.sequence = sequence;
  entry.time = {1'795'000'000'000'000 + static_cast<int64_t>(sequence) * 1'001};
  entry.region = "shenzhen";
  entry.kind = "job-state";
  entry.job = "j-" + std::to_string(sequence % 7);
  entry.reason = "state " + std::to_string(sequence);
  return entry;
}
inline Bytes encoded(uint64_t sequence) {
  return bytes_of(encode_entry(entry_of(sequence)).value());
}
inline std::vector<Bytes> encoded(uint64_t first, uint64_t count) {
  std::vector<Bytes> entries;
  for (uint64_t i = 0; i < count; ++i) entries.push_back(encoded(first + i));
  return entries;
}

inline LogConfig config() {
  return {kOrigin, {log_key().verifier()}};
}

// Publishes everything appended so far and carries out the writes.
inline void publish(Log& log, Folder& folder) {
  const auto publication = log.publish(std::vector{log_key()});
  ASSERT_TRUE(publication) << to_line(publication.error());
  if (!*publication) return;
  folder.write((*publication)->in_order());
  log.published();
}

inline void append(Log& log, Folder& folder, uint64_t count) {
  auto part = log.append(encoded(log.size(), count));
  ASSERT_TRUE(part) << to_line(part.error());
  folder.append(*part);
}

}  // namespace hetao::ledger::testing
