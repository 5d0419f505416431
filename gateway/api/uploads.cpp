// Resumable uploads: tus 1.0 with creation, checksums, termination and expiration. Nothing is read of a body
// before it is known that it may come and that there is room.
#include "gateway/api/uploads.h"

#include <array>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/tus.h"
#include "gateway/api/views.h"
#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr size_t kPieceBytes = size_t{1} << 20U;
constexpr const char* kNameKey = "filename";

io::HttpResponse tus(io::HttpResponse response) {
  response.headers.set("Tus-Resumable", std::string(kTusVersion));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

io::HttpResponse refused(int status, std::string what, std::string why, std::string hint = {}) {
  return tus(problem(status, {status == 404 ? ErrorCode::kNotFound : ErrorCode::kUsage, std::move(what),
                              std::move(why), std::move(hint)}));
}

io::HttpResponse refused(const io::UploadRefusal& refusal) {
  io::HttpResponse response = tus(problem(refusal.status, refusal.error));
  if (refusal.status == 460) response.reason = "Checksum Mismatch";
  return response;
}

// Nothing: the client speaks our version.
std::optional<io::HttpResponse> wrong_version(const Context& c) {
  if (c.request.headers.get("Tus-Resumable") == kTusVersion) return std::nullopt;
  io::HttpResponse response = refused(412, "Tus-Resumable", "is not " + std::string(kTusVersion));
  response.headers.set("Tus-Version", std::string(kTusVersion));
  return response;
}

// What is another tenant's looks like what is not there.
std::optional<io::UploadFacts> visible(const Context& c) {
  auto facts = c.backend.uploads().find(c.at("id"));
  if (facts && facts->tenant != c.caller.tenant) return std::nullopt;
  return facts;
}

// Only who began it goes on with it or ends it.
std::optional<io::UploadFacts> own(const Context& c) {
  auto facts = visible(c);
  if (facts && facts->user != c.caller.name_in_ledger()) return std::nullopt;
  return facts;
}

io::HttpResponse not_there(const Context& c) {
  return tus(no_such("upload", c.at("id"), "`hetao upload` makes one"));
}

// RFC 9110, section 5.6.7.
std::string http_time(Instant at) {
  static constexpr std::array kDays = {"Thu", "Fri", "Sat", "Sun",
                                       "Mon", "Tue", "Wed"};  // 1970-01-01 was a Thursday
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = to_rfc3339(at);  // 2026-11-23T11:55:51…Z
  const auto day = static_cast<size_t>(at.micros / 1'000'000 / 86'400);
  return std::string(kDays.at(day % 7)) + ", " + text.substr(8, 2) + " " +
         kMonths.at(static_cast<size_t>(std::stoi(text.substr(5, 2)) - 1)) + " " + text.substr(0, 4) + " " +
         text.substr(11, 8) + " GMT";
}

void put_facts(io::HttpHeaders& headers, const io::UploadFacts& facts) {
  headers.set("Upload-Offset", std::to_string(facts.offset));
  headers.set("Upload-Length", std::to_string(facts.length));
  headers.set("Upload-Expires", http_time(facts.until));
  if (!facts.metadata.empty()) headers.set("Upload-Metadata", facts.metadata);
}

json::object view(const Context& c, const io::UploadFacts& facts) {
  json::object out;
  out["id"] = facts.id;
  out["url"] = std::string(kUploadScheme) + facts.id;
  const auto metadata = read_tus_metadata(facts.metadata);
  if (metadata && metadata->contains(kNameKey)) out["name"] = readable(metadata->at(kNameKey), 255);
  out["user"] = facts.user == c.caller.name_in_ledger() ? c.caller.user : facts.user;
  out["bytes"] = facts.length;
  out["offset"] = facts.offset;
  out["complete"] = facts.is_complete();
  put_time(out, "created", facts.made.micros);
  put_time(out, "expires", facts.until.micros);
  return out;
}

// What the request says of its checksum; a refusal where it says nonsense.
struct Checksum {
  std::optional<io::UploadChecksum> value;
  std::optional<io::HttpResponse> refusal;
};
Checksum checksum_of(const Context& c) {
  if (!c.request.headers.has("Upload-Checksum")) return {};
  TusChecksum read = read_tus_checksum(c.request.headers.get("Upload-Checksum"));
  if (!read.known)
    return {{}, refused(400, "Upload-Checksum", "names an algorithm that is not known", "sha1 or sha256")};
  if (!read.checksum) return {{}, refused(400, "Upload-Checksum", "is none", "ALGORITHM BASE64")};
  return {std::move(read.checksum), {}};
}

// The body, into the upload, until its end or its break. The new offset, or the refusal.
io::Awaitable<io::UploadResult<uint64_t>> receive(const Context& c, std::string id, uint64_t offset,
                                                  std::optional<io::UploadChecksum> checksum) {
  Backend& backend = c.backend;
  std::optional<io::UploadResult<io::UploadStore::Piece>> begun;
  const auto begin = [&] { begun.emplace(backend.uploads().begin(id, offset, std::move(checksum))); };
  co_await backend.on_disk(begin);
  if (!*begun) co_return tl::unexpected(begun->error());
  io::UploadStore::Piece& piece = **begun;
  Bytes buffer(kPieceBytes);
  size_t filled = 0;
  bool whole = false;
  bool broken = false;
  io::UploadResult<void> written;
  while (!whole && !broken && written) {
    auto size = co_await c.request.incoming->read(std::span(buffer).subspan(filled));
    broken = !size;
    whole = size && *size == 0;
    if (size) filled += *size;
    if (filled < buffer.size() && !whole && !broken) continue;
    const auto write = [&] { written = piece.write(ByteView(buffer).first(filled)); };
    co_await backend.on_disk(write);
    filled = 0;
  }
  io::UploadResult<uint64_t> ended = uint64_t{0};
  const auto end = [&, now = backend.now()] { ended = piece.end(whole && written.has_value(), now); };
  co_await backend.on_disk(end);
  if (!written) co_return tl::unexpected(written.error());
  co_return ended;
}

void note_complete(const Context& c, const std::string& id) {
  const auto facts = c.backend.uploads().find(id);
  if (facts && facts->is_complete() && facts->length > 0)
    c.backend.note("upload", c.caller.name_in_ledger(), "uploaded",
                   {{"upload", id}, {"bytes", std::to_string(facts->length)}});
}

}  // namespace

std::string upload_of(std::string_view url) {
  return url.starts_with(kUploadScheme) ? std::string(url.substr(kUploadScheme.size())) : std::string();
}

Result<void> check_upload(Backend& backend, const std::string& tenant, const std::string& id) {
  const auto facts = backend.uploads().find(id);
  const std::string what = "upload " + printable(id.substr(0, 64));
  if (!facts || facts->tenant != tenant)
    return fail(ErrorCode::kUsage, what, "no such upload is known here", "`hetao upload FILE` makes one");
  if (!facts->is_complete())
    return fail(ErrorCode::kUsage, what,
                "the upload is not complete: " + std::to_string(facts->offset) + " of " +
                    std::to_string(facts->length) + " bytes are here",
                "go on with it first");
  return {};
}

Result<std::vector<pb::ItemFile>> ingest_upload(Backend& backend, const std::string& tenant,
                                                const std::string& id) {
  if (auto checked = check_upload(backend, tenant, id); !checked) return fail(checked.error());
  const auto stored = backend.uploads().ingest(id, backend.blobs());
  if (!stored) return fail(stored.error());
  pb::ItemFile file;
  file.set_digest(stored->digest);
  file.set_bytes(static_cast<int64_t>(stored->bytes));
  return std::vector<pb::ItemFile>{std::move(file)};
}

io::HttpResponse describe_uploads(const Context&) {
  io::HttpResponse response;
  response.status = 204;
  response.headers.set("Tus-Version", std::string(kTusVersion));
  response.headers.set("Tus-Extension", std::string(kTusExtensions));
  response.headers.set("Tus-Max-Size", std::to_string(limits::kUploadBytesMax));
  response.headers.set("Tus-Checksum-Algorithm", "sha1,sha256");
  return tus(std::move(response));
}

io::HttpResponse list_uploads(const Context& c) {
  json::array list;
  for (const io::UploadFacts& facts : c.backend.uploads().list(c.caller.tenant))
    list.push_back(view(c, facts));
  return json_answer(json::object{{"uploads", std::move(list)}});
}

io::HttpResponse get_upload(const Context& c) {
  const auto facts = visible(c);
  if (!facts) return not_there(c);
  io::HttpResponse response = tus(json_answer(view(c, *facts)));
  put_facts(response.headers, *facts);
  return response;
}

io::Awaitable<io::HttpResponse> create_upload(const Context& c) {
  if (auto wrong = wrong_version(c)) co_return std::move(*wrong);
  const auto length = read_tus_number(c.request.headers.get("Upload-Length"));
  if (!length)
    co_return refused(400, "Upload-Length", "is missing or no number", "how many bytes there will be");
  const std::string metadata(c.request.headers.get("Upload-Metadata"));
  if (!read_tus_metadata(metadata))
    co_return refused(400, "Upload-Metadata", "is none", "KEY BASE64, KEY BASE64, …");
  Checksum checksum = checksum_of(c);
  if (checksum.refusal) co_return std::move(*checksum.refusal);
  if (!c.request.incoming && !c.request.body.empty())
    co_return refused(415, "Content-Type", "is not " + std::string(io::kStreamedType));
  if (c.request.incoming && c.request.incoming->length().value_or(0) > *length)
    co_return refused(413, "body", "is longer than Upload-Length says");
  io::UploadFacts facts;
  facts.id = c.backend.fresh_id();
  facts.tenant = c.caller.tenant;
  facts.user = c.caller.name_in_ledger();
  facts.metadata = metadata;
  facts.length = *length;
  std::optional<io::UploadResult<io::UploadFacts>> made;
  const auto make = [&, now = c.backend.now()] { made.emplace(c.backend.uploads().create(facts, now)); };
  co_await c.backend.on_disk(make);
  if (!*made) co_return refused(made->error());
  io::HttpResponse response;
  response.status = 201;
  response.headers.set("Location", "/api/v1/uploads/" + facts.id);
  if (c.request.incoming) {
    const auto received = co_await receive(c, facts.id, 0, std::move(checksum.value));
    if (!received && received.error().status != 460) co_return refused(received.error());
  }
  put_facts(response.headers, c.backend.uploads().find(facts.id).value_or((*made).value()));
  note_complete(c, facts.id);
  co_return tus(std::move(response));
}

io::Awaitable<io::HttpResponse> continue_upload(const Context& c) {
  if (auto wrong = wrong_version(c)) co_return std::move(*wrong);
  const auto facts = own(c);
  if (!facts) co_return not_there(c);
  if (!c.request.incoming) co_return refused(415, "Content-Type", "is not " + std::string(io::kStreamedType));
  const auto offset = read_tus_number(c.request.headers.get("Upload-Offset"));
  if (!offset) co_return refused(400, "Upload-Offset", "is missing or no number", "as HEAD says");
  Checksum checksum = checksum_of(c);
  if (checksum.refusal) co_return std::move(*checksum.refusal);
  const uint64_t coming = c.request.incoming->length().value_or(0);
  if (*offset == facts->offset && coming > facts->length - facts->offset)
    co_return refused(413, "body", "is longer than what is left of Upload-Length");
  const auto received = co_await receive(c, facts->id, *offset, std::move(checksum.value));
  if (!received) co_return refused(received.error());
  if (*received != facts->offset) note_complete(c, facts->id);
  io::HttpResponse response;
  response.status = 204;
  const auto now_known = c.backend.uploads().find(facts->id);
  response.headers.set("Upload-Offset", std::to_string(*received));
  if (now_known) response.headers.set("Upload-Expires", http_time(now_known->until));
  co_return tus(std::move(response));
}

io::Awaitable<io::HttpResponse> delete_upload(const Context& c) {
  if (auto wrong = wrong_version(c)) co_return std::move(*wrong);
  const auto facts = own(c);
  if (!facts) co_return not_there(c);
  io::UploadResult<void> removed;
  const auto remove = [&] { removed = c.backend.uploads().remove(facts->id); };
  co_await c.backend.on_disk(remove);
  if (!removed) co_return refused(removed.error());
  c.backend.note("upload", c.caller.name_in_ledger(), "deleted", {{"upload", facts->id}});
  io::HttpResponse response;
  response.status = 204;
  co_return tus(std::move(response));
}

}  // namespace hetao::api
