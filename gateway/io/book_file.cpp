#include "gateway/io/book_file.h"

#include <fcntl.h>

#include "gateway/io/durable_file.h"
#include "gateway/io/mapped_file.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::io {

namespace {

constexpr size_t kLengthBytes = 4;

// Each whole line, until `take` says false.
void each_line(ByteView bytes, const std::function<bool(std::string_view)>& take) {
  std::string_view rest = as_text(bytes);
  for (size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1))
    if (!take(rest.substr(0, end))) return;
}

Result<MappedFile> read_if_there(const std::string& path) {
  auto file = MappedFile::open(path);
  if (!file && file.error().code == ErrorCode::kNotFound) return MappedFile();
  return file;
}

Result<void> add_to(const std::string& path, ByteView bytes) {
  const auto file = open_file(path, O_WRONLY | O_CREAT | O_APPEND);
  if (!file) return fail(file.error());
  return write_all(file->get(), bytes, path);
}

std::string print(const pb::BookPage& page, const pb::BookLine& line) {
  ledger::TlogProof proof{std::nullopt, line.index(), {}, page.checkpoint()};
  for (const std::string& hash : line.proof()) {
    const auto digest = Digest::from_bytes(as_bytes(hash));
    if (!digest) return {};
    proof.hashes.push_back(*digest);
  }
  return ledger::print_tlog_proof(proof);
}

}  // namespace

Result<bool> BookFile::load(const std::function<bool(ledger::Entry&&)>& take) const {
  const auto file = read_if_there(path_);
  if (!file) return fail(file.error());
  bool is_whole = file->bytes().empty() || file->bytes().back() == '\n';
  if (is_whole) {
    each_line(file->bytes(), [&](std::string_view line) {
      auto entry = ledger::decode_entry(line);
      is_whole = entry && take(std::move(*entry));
      return is_whole;
    });
  }
  if (is_whole) return true;
  for (const std::string& path : {path_, proofs_path()}) {
    if (auto emptied = write_durably(path, {}); !emptied) return fail(emptied.error());
  }
  return false;
}

// The proofs first: an entry that is there has its proof.
Result<void> BookFile::append(const pb::BookPage& page) const {
  if (page.lines().empty()) return {};
  std::string lines;
  pb::BookPage proofs = page;
  for (pb::BookLine& line : *proofs.mutable_lines()) {
    lines += line.entry() + "\n";
    line.clear_entry();
  }
  const std::string record = proofs.SerializeAsString();
  Bytes bytes;
  put_u32(bytes, static_cast<uint32_t>(record.size()));
  bytes.insert(bytes.end(), record.begin(), record.end());
  if (auto added = add_to(proofs_path(), bytes); !added) return added;
  return add_to(path_, as_bytes(lines));
}

std::vector<std::string> BookFile::about(const std::string& job, const std::string& crossing) const {
  std::vector<std::string> found;
  const std::string& wanted = crossing.empty() ? job : crossing;
  const auto file = read_if_there(path_);
  if (!file || wanted.empty()) return found;
  each_line(file->bytes(), [&](std::string_view line) {
    if (line.find(wanted) == std::string_view::npos) return true;
    const auto entry = ledger::decode_entry(line);
    if (entry && (crossing.empty() ? entry->job == job : entry->crossing == crossing))
      found.emplace_back(line);
    return true;
  });
  return found;
}

std::optional<ProvedEntry> BookFile::entry(uint64_t index) const {
  const auto file = read_if_there(path_);
  if (!file) return std::nullopt;
  const std::string mark = "\"sequence\":" + std::to_string(index) + ",";
  std::optional<ProvedEntry> found;
  each_line(file->bytes(), [&](std::string_view line) {
    if (line.find(mark) == std::string_view::npos) return true;
    const auto entry = ledger::decode_entry(line);
    if (entry && entry->sequence == index) found = ProvedEntry{std::string(line), proof_of(index)};
    return !found;
  });
  return found;
}

std::string BookFile::proof_of(uint64_t index) const {
  const auto file = read_if_there(proofs_path());
  if (!file) return {};
  for (ByteView rest = file->bytes(); rest.size() > kLengthBytes;) {
    const size_t size = get_u32(rest);
    rest = rest.subspan(kLengthBytes);
    pb::BookPage page;
    if (size > rest.size() || !page.ParseFromArray(rest.data(), static_cast<int>(size))) return {};
    for (const pb::BookLine& line : page.lines())
      if (line.index() == index) return print(page, line);
    rest = rest.subspan(size);
  }
  return {};
}

}  // namespace hetao::io
