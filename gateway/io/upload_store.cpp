#include "gateway/io/upload_store.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "gateway/base/check.h"
#include "gateway/base/json.h"
#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr const char* kFacts = ".json";
constexpr const char* kData = ".data";
constexpr const char* kChecking = ".checking";

tl::unexpected<UploadRefusal> refuse(int status, std::string what, std::string why, std::string hint = {}) {
  const ErrorCode code = status == 404  ? ErrorCode::kNotFound
                         : status < 500 ? ErrorCode::kUsage
                                        : ErrorCode::kFailed;
  return tl::unexpected(UploadRefusal{status, {code, std::move(what), std::move(why), std::move(hint)}});
}

tl::unexpected<UploadRefusal> refuse(Error error) {
  const int status = error.why.find("No space left") != std::string::npos ? 507 : 500;
  return tl::unexpected(UploadRefusal{status, std::move(error)});
}

std::unique_ptr<ReservedRoom> reserve(BlobStore& blobs, uint64_t bytes) {
  auto room = blobs.reserve_room(bytes);
  return room ? std::make_unique<ReservedRoom>(std::move(*room)) : nullptr;
}

struct DigestFreer {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestPtr = std::unique_ptr<EVP_MD_CTX, DigestFreer>;

uint64_t size_of(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0 ? static_cast<uint64_t>(facts.st_size) : 0;
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

int64_t number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

struct UploadStore::Upload {
  UploadFacts facts;
  std::unique_ptr<ReservedRoom> room;  // for what has not come yet; null: there is none
  uint64_t generation = 0;             // of the newest piece: an older one writes no more
  mutable std::mutex writing;          // held while bytes are written and checked
};

struct UploadStore::Piece::Parts {
  UploadStore* store = nullptr;
  std::shared_ptr<Upload> upload;
  uint64_t generation = 0;
  uint64_t begin = 0;
  Descriptor file;
  DigestPtr digest;  // null: no checksum came
  UploadChecksum checksum;

  // Under `writing`.
  bool is_newest() const { return upload->generation == generation; }
  UploadResult<void> drop_piece();
  UploadResult<void> check();
};

UploadStore::UploadStore(std::string folder, BlobStore& blobs, UploadLimits limits)
    : folder_(std::move(folder)), blobs_(blobs), limits_(limits) {}
UploadStore::~UploadStore() = default;

std::string UploadStore::path_of(std::string_view id, const char* end) const {
  return folder_ + "/" + std::string(id) + end;
}

Result<std::unique_ptr<UploadStore>> UploadStore::open(std::string folder, BlobStore& blobs,
                                                       UploadLimits limits) {
  if (auto made = make_folders(folder); !made) return fail(made.error());
  remove_leftovers(folder);
  std::unique_ptr<UploadStore> store(new UploadStore(std::move(folder), blobs, limits));
  if (auto loaded = store->load(); !loaded) return fail(loaded.error());
  return store;
}

Result<void> UploadStore::load() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (entry.path().extension() != kFacts) continue;
    const std::string id = entry.path().stem().string();
    auto text = read_text(entry.path().string(), size_t{64} << 10U);
    if (!text) return fail(text.error());
    const auto value = parse_json(*text, entry.path().string());
    if (!value || !value->is_object())
      return fail(ErrorCode::kVerification, entry.path().string(), "is damaged",
                  "remove this upload's files");
    const json::object& object = value->get_object();
    auto upload = std::make_shared<Upload>();
    UploadFacts& facts = upload->facts;
    facts.id = id;
    facts.tenant = text_of(object, "tenant");
    facts.user = text_of(object, "user");
    facts.metadata = text_of(object, "metadata");
    facts.length = static_cast<uint64_t>(number_of(object, "length"));
    facts.made = {number_of(object, "made")};
    facts.until = {number_of(object, "until")};
    // A piece that was being checked when the power went was never acknowledged.
    if (const auto begin = read_text(path_of(id, kChecking), 32)) {
      if (::truncate(path_of(id, kData).c_str(), static_cast<off_t>(std::stoull("0" + *begin))) != 0)
        return fail_errno(path_of(id, kData), "can't be cut");
      ::unlink(path_of(id, kChecking).c_str());
    }
    facts.offset = std::min(size_of(path_of(id, kData)), facts.length);
    upload->room = reserve(blobs_, facts.length - facts.offset);
    uploads_[id] = std::move(upload);
  }
  return {};
}

Result<void> UploadStore::save(const Upload& upload) const {
  const UploadFacts& f = upload.facts;
  const std::string text = json::serialize(json::object{{"tenant", f.tenant},
                                                        {"user", f.user},
                                                        {"metadata", f.metadata},
                                                        {"length", static_cast<int64_t>(f.length)},
                                                        {"made", f.made.micros},
                                                        {"until", f.until.micros}});
  return write_durably(path_of(f.id, kFacts), as_bytes(text));
}

// Under the mutex.
uint64_t UploadStore::promised_to(std::string_view tenant, size_t& count) const {
  uint64_t bytes = 0;
  for (const auto& [id, upload] : uploads_) {
    if (upload->facts.tenant != tenant) continue;
    bytes += upload->facts.length;
    ++count;
  }
  return bytes;
}

UploadResult<UploadFacts> UploadStore::create(UploadFacts facts, Instant now) {
  if (facts.length > limits::kUploadBytesMax)
    return refuse(413, "Upload-Length", "is more than an upload may have");
  facts.made = now;
  facts.until = now + limits_.kept;
  facts.offset = 0;
  auto upload = std::make_shared<Upload>();
  upload->facts = facts;
  {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    const uint64_t promised = promised_to(facts.tenant, count);
    if (count >= limits::kUploadsOfTenantMax)
      return refuse(429, "upload", "your tenant has too many", "delete some, or wait until they are over");
    if (promised + facts.length > limits_.quota_bytes)
      return refuse(413, "Upload-Length",
                    "is more than what is left of your tenant's quota, " +
                        std::to_string(limits_.quota_bytes - std::min(promised, limits_.quota_bytes)) +
                        " bytes",
                    "delete uploads that are not needed any more");
    upload->room = reserve(blobs_, facts.length);
    if (!upload->room)
      return refuse(507, "upload", "there is no room for it on the gateway's disk", "tell the operator");
    uploads_[facts.id] = upload;
  }
  auto file = open_file(path_of(facts.id, kData), O_WRONLY | O_CREAT | O_EXCL);
  auto saved = file ? save(*upload) : fail(file.error());
  if (saved) return facts;
  const std::lock_guard lock(mutex_);
  uploads_.erase(facts.id);
  ::unlink(path_of(facts.id, kData).c_str());
  return refuse(saved.error());
}

std::optional<UploadFacts> UploadStore::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto at = uploads_.find(id);
  if (at == uploads_.end()) return std::nullopt;
  return at->second->facts;
}

std::vector<UploadFacts> UploadStore::list(std::string_view tenant) const {
  const std::lock_guard lock(mutex_);
  std::vector<UploadFacts> out;
  for (const auto& [id, upload] : uploads_) {
    if (upload->facts.tenant == tenant) out.push_back(upload->facts);
  }
  return out;
}

UploadResult<void> UploadStore::remove(std::string_view id) {
  std::shared_ptr<Upload> upload;
  {
    const std::lock_guard lock(mutex_);
    const auto at = uploads_.find(id);
    if (at == uploads_.end()) return refuse(404, "upload", "is not known here");
    upload = at->second;
    uploads_.erase(at);
  }
  const std::lock_guard writing(upload->writing);
  ++upload->generation;  // whoever is writing notices
  for (const char* end : {kFacts, kChecking, kData}) ::unlink(path_of(id, end).c_str());
  if (auto synced = sync_folder(folder_); !synced) return refuse(synced.error());
  return {};
}

void UploadStore::remove_overdue(Instant now) {
  std::vector<std::string> overdue;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, upload] : uploads_) {
      if (upload->facts.until < now) overdue.push_back(id);
    }
  }
  for (const std::string& id : overdue) (void)remove(id);
}

UploadResult<UploadStore::Piece> UploadStore::begin(std::string_view id, uint64_t offset,
                                                    std::optional<UploadChecksum> checksum) {
  auto parts = std::make_unique<Piece::Parts>();
  {
    const std::lock_guard lock(mutex_);
    const auto at = uploads_.find(id);
    if (at == uploads_.end()) return refuse(404, "upload", "is not known here");
    parts->upload = at->second;
  }
  Upload& upload = *parts->upload;
  const std::lock_guard writing(upload.writing);
  uint64_t have = 0;
  {
    const std::lock_guard lock(mutex_);
    have = upload.facts.offset;
  }
  if (have != offset)
    return refuse(409, "Upload-Offset",
                  "is " + std::to_string(offset) + ", and " + std::to_string(have) + " bytes are here",
                  "ask with HEAD where to go on");
  parts->store = this;
  parts->generation = ++upload.generation;
  parts->begin = offset;
  auto file = open_file(path_of(id, kData), O_WRONLY);
  if (!file) return refuse(file.error());
  parts->file = std::move(*file);
  // What an older piece that was never ended left behind.
  if (::ftruncate(parts->file.get(), static_cast<off_t>(offset)) != 0)
    return refuse(Error(fail_errno(std::string(id), "can't be cut").value()));
  if (checksum) {
    parts->checksum = std::move(*checksum);
    parts->digest.reset(EVP_MD_CTX_new());
    HETAO_CHECK(EVP_DigestInit_ex(parts->digest.get(),
                                  parts->checksum.algorithm == "sha1" ? EVP_sha1() : EVP_sha256(),
                                  nullptr) == 1);
    if (auto kept = write_durably(path_of(id, kChecking), as_bytes(std::to_string(offset))); !kept)
      return refuse(kept.error());
  }
  return Piece(std::move(parts));
}

UploadStore::Piece::Piece(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
UploadStore::Piece::Piece(Piece&&) noexcept = default;
UploadStore::Piece::~Piece() = default;

UploadResult<void> UploadStore::Piece::write(ByteView bytes) {
  Upload& upload = *parts_->upload;
  const std::lock_guard writing(upload.writing);
  if (!parts_->is_newest()) return refuse(409, "upload", "another request goes on with it");
  uint64_t at = 0;
  {
    const std::lock_guard lock(parts_->store->mutex_);
    at = upload.facts.offset;
  }
  if (bytes.size() > upload.facts.length - at)
    return refuse(413, "body", "is longer than Upload-Length said");
  if (auto written = write_all_at(parts_->file.get(), bytes, at, upload.facts.id); !written)
    return refuse(written.error());
  if (parts_->digest) EVP_DigestUpdate(parts_->digest.get(), bytes.data(), bytes.size());
  const std::lock_guard lock(parts_->store->mutex_);
  upload.facts.offset += bytes.size();
  if (upload.room) upload.room->used(bytes.size());
  return {};
}

// Back to where it began.
UploadResult<void> UploadStore::Piece::Parts::drop_piece() {
  const std::lock_guard lock(store->mutex_);
  upload->facts.offset = begin;
  upload->room = reserve(store->blobs_, upload->facts.length - begin);
  if (::ftruncate(file.get(), static_cast<off_t>(begin)) != 0)
    return refuse(500, upload->facts.id, "can't be cut");
  return {};
}

UploadResult<void> UploadStore::Piece::Parts::check() {
  Bytes found(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  EVP_DigestFinal_ex(digest.get(), found.data(), &size);
  found.resize(size);
  const bool holds = found.size() == checksum.digest.size() &&
                     CRYPTO_memcmp(found.data(), checksum.digest.data(), found.size()) == 0;
  if (holds) return {};
  return refuse(460, "Upload-Checksum", "is not that of what came", "send this piece again");
}

UploadResult<uint64_t> UploadStore::Piece::end(bool whole, Instant now) {
  Upload& upload = *parts_->upload;
  const std::lock_guard writing(upload.writing);
  if (!parts_->is_newest()) return refuse(409, "upload", "another request goes on with it");
  std::optional<UploadRefusal> wrong;
  if (parts_->digest) {
    auto held = whole ? parts_->check() : refuse(460, "Upload-Checksum", "the piece did not come whole");
    if (!held) wrong = held.error();
    if (wrong) {
      if (auto dropped = parts_->drop_piece(); !dropped) return tl::unexpected(dropped.error());
    }
  }
  if (!sync_data(parts_->file.get()))
    return refuse(Error(fail_errno(upload.facts.id, "can't be synced").value()));
  if (parts_->digest) ::unlink(parts_->store->path_of(upload.facts.id, kChecking).c_str());
  if (wrong) return tl::unexpected(*wrong);
  {
    const std::lock_guard lock(parts_->store->mutex_);
    upload.facts.until = now + parts_->store->limits_.kept;
  }
  if (auto saved = parts_->store->save(upload); !saved) return refuse(saved.error());
  const std::lock_guard lock(parts_->store->mutex_);
  return upload.facts.offset;
}

Result<StoredBlob> UploadStore::ingest(std::string_view id, BlobStore& blobs) const {
  const auto facts = find(id);
  const std::string what = "upload " + std::string(id.substr(0, 64));
  if (!facts) return fail(ErrorCode::kNotFound, what, "is not known here", "`hetao upload` makes one");
  if (!facts->is_complete())
    return fail(ErrorCode::kUsage, what,
                "is not complete: " + std::to_string(facts->offset) + " of " + std::to_string(facts->length) +
                    " bytes are here",
                "go on with it first");
  auto file = open_file(path_of(id, kData), O_RDONLY);
  if (!file) return fail(file.error());
  return blobs.ingest_file(file->get(), what);
}

}  // namespace hetao::io
