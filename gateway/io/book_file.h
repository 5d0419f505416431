// A peer's side of the crossings with us, as it gave and proved it: the entries, one a line, and beside them
// the proofs with the checkpoints that they lead to. What was checked once stays evidence, also against a
// peer who rewrites its book later.
//
//   data_dir/books/REGION         entries, one a line, in the order of the peer's ledger
//   data_dir/books/REGION.proofs  u32 length, BookPage without its entries; a page at a time
//
// A copy: what is odd is dropped, and asked for again. One thread writes; any may read meanwhile. Calls
// block.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/ledger/entry.h"
#include "proto/peer.pb.h"

namespace hetao::io {

// An entry of a log to the byte, and its C2SP tlog-proof.
struct ProvedEntry {
  std::string text;
  std::string proof;
};

class BookFile {
 public:
  explicit BookFile(std::string path) : path_(std::move(path)) {}

  // Hands out every entry; whole lines count. False from `take`: the book is odd, and is emptied. Returns
  // whether it was whole.
  Result<bool> load(const std::function<bool(ledger::Entry&&)>& take) const;
  Result<void> append(const pb::BookPage& page) const;

  // The texts of the entries about this job or crossing, in their order.
  std::vector<std::string> about(const std::string& job, const std::string& crossing) const;
  std::optional<ProvedEntry> entry(uint64_t index) const;

 private:
  std::string proofs_path() const { return path_ + ".proofs"; }
  std::string proof_of(uint64_t index) const;

  std::string path_;
};

}  // namespace hetao::io
