// hetao upload: a file to the gateway in pieces (tus 1.0), going on where an earlier try broke. What is
// remembered of an upload that is not complete stands in $XDG_CACHE_HOME/hetao/uploads.json.
#include <sys/stat.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/progress.h"
#include "gateway/cli/sign_in.h"
#include "gateway/ledger/sha256.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = size_t{8} << 20U;
constexpr int kTriesMax = 8;  // of one piece; the pauses between them double
constexpr long kPieceSecondsMax = 600;

struct UploadOptions {
  std::string file;
  std::string name;
};

// The file as it is now: another content is another upload.
struct Source {
  std::string key;
  uint64_t bytes = 0;
};

Result<Source> source_of(const Context& context, const std::string& file) {
  struct stat facts{};
  if (::stat(file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return fail(ErrorCode::kUsage, file, "is no file that can be read",
                "pack folders first, for example with tar");
  std::error_code error;
  const std::string path = fs::absolute(file, error).lexically_normal().string();
  return Source{context.gateway + " " + path + " " + std::to_string(facts.st_size) + " " +
                    std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec),
                static_cast<uint64_t>(facts.st_size)};
}

std::string memory_file() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache != nullptr && *cache != '\0') return std::string(cache) + "/hetao/uploads.json";
  return home == nullptr ? std::string() : std::string(home) + "/.cache/hetao/uploads.json";
}

json::object read_memory() {
  const auto text = read_file(memory_file());
  const auto value = text ? parse_json(*text, "uploads") : fail(text.error());
  return value && value->is_object() ? value->get_object() : json::object();
}

// Only a convenience: without it the next try begins anew.
void write_memory(const json::object& memory) {
  if (memory_file().empty()) return;
  std::error_code error;
  fs::create_directories(fs::path(memory_file()).parent_path(), error);
  (void)write_file(memory_file(), json::serialize(memory) + "\n", true, true);
}

std::map<std::string, std::string> tus_headers() {
  return {{"Tus-Resumable", "1.0.0"}};
}

std::string header_of(const Reply& reply, const std::string& name) {
  const auto at = reply.headers.find(name);
  return at == reply.headers.end() ? std::string() : at->second;
}

// How far the gateway is; nothing: it does not know this upload.
Result<std::optional<uint64_t>> offset_of(const Client& client, const std::string& target) {
  const auto reply = client.send({"GET", target, {}, tus_headers(), 60, {}});
  if (!reply) return fail(reply.error());
  if (reply->status == 404) return std::optional<uint64_t>();
  if (reply->status != 200) return fail(error_of(*reply, "upload"));
  return std::optional<uint64_t>(std::strtoull(header_of(*reply, "upload-offset").c_str(), nullptr, 10));
}

Result<std::string> begin(const Client& client, const std::string& name, uint64_t bytes) {
  auto headers = tus_headers();
  headers["Upload-Length"] = std::to_string(bytes);
  headers["Upload-Metadata"] = "filename " + to_base64(as_bytes(name));
  const auto reply = client.send({"POST", "/api/v1/uploads", {}, headers, 60, {}});
  if (!reply) return fail(reply.error());
  if (reply->status != 201) return fail(error_of(*reply, "upload of " + name));
  return header_of(*reply, "location");
}

bool may_try_again(const Reply& reply) {
  return reply.status == 409 || reply.status == 429 || reply.status == 460 || reply.status >= 502;
}

// One piece at `offset`; where the gateway is afterwards. A broken connection is asked about and gone on
// with.
Result<uint64_t> send_piece(const Client& client, const std::string& target, uint64_t offset,
                            std::string piece) {
  Call call{"PATCH", target, std::move(piece), tus_headers(), kPieceSecondsMax, {}};
  call.headers["Content-Type"] = "application/offset+octet-stream";
  call.headers["Upload-Offset"] = std::to_string(offset);
  call.headers["Upload-Checksum"] = "sha256 " + to_base64(ledger::sha256(as_bytes(call.body)).bytes);
  auto pause = std::chrono::seconds(1);
  for (int left = kTriesMax; left > 0; --left) {
    const auto reply = client.send(call);
    if (reply && reply->status == 204)
      return std::strtoull(header_of(*reply, "upload-offset").c_str(), nullptr, 10);
    if (reply && !may_try_again(*reply)) return fail(error_of(*reply, "upload"));
    if (left == 1) return reply ? fail(error_of(*reply, "upload")) : fail(reply.error());
    std::this_thread::sleep_for(pause);
    pause *= 2;
    const auto at = offset_of(client, target);
    if (!at) continue;
    if (!*at)
      return fail(ErrorCode::kNotFound, "upload", "is not known to the gateway any more", "begin again");
    if (**at != offset) return **at;
  }
  return fail(ErrorCode::kUnreachable, "upload", "broke too often", "the same command goes on with it later");
}

Result<void> send_all(const Context& context, const UploadOptions& o, const std::string& target,
                      uint64_t offset, uint64_t bytes) {
  const Client client(context);
  std::ifstream in(o.file, std::ios::binary);
  while (offset < bytes) {
    show_progress(context, o.file, offset, bytes);
    std::string piece(std::min<uint64_t>(kPieceBytes, bytes - offset), '\0');
    in.seekg(static_cast<std::streamoff>(offset));
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (static_cast<size_t>(in.gcount()) != piece.size())
      return fail(ErrorCode::kFailed, o.file, "is shorter than it was",
                  "upload it again when nobody writes to it");
    const auto next = send_piece(client, target, offset, std::move(piece));
    if (!next) return fail(next.error());
    if (*next > bytes)
      return fail(ErrorCode::kFailed, "upload", "the gateway has more bytes than the file", "");
    offset = *next;
  }
  show_progress(context, o.file, bytes, bytes);
  return {};
}

int upload(const Context& context, const UploadOptions& o) {
  const auto source = source_of(context, o.file);
  if (!source) return report(context, source.error());
  const Client client(context);
  json::object memory = read_memory();
  std::string target = text_at(memory, source->key);
  uint64_t offset = 0;
  if (!target.empty()) {
    const auto known = offset_of(client, target);
    if (!known) return report(context, known.error());
    if (*known)
      offset = **known;
    else
      target.clear();
  }
  if (target.empty()) {
    const std::string name = o.name.empty() ? fs::path(o.file).filename().string() : o.name;
    const auto begun = begin(client, name, source->bytes);
    if (!begun) return report(context, begun.error());
    target = *begun;
    memory[source->key] = target;
    write_memory(memory);
  } else if (offset > 0) {
    context.remark("goes on at " + human_bytes(offset) + " of " + human_bytes(source->bytes));
  }
  if (const auto sent = send_all(context, o, target, offset, source->bytes); !sent)
    return report(context, sent.error());
  memory.erase(source->key);
  write_memory(memory);
  const std::string url = "upload:" + target.substr(target.rfind('/') + 1);
  if (context.json)
    context.print_json(json::object{{"url", url}, {"bytes", source->bytes}});
  else
    context.print(url);
  return 0;
}

}  // namespace

void add_upload(Program& program) {
  const Context& context = program.context;
  add_command<UploadOptions>(
      program.app, program.chosen, "upload",
      "upload a file for jobs and datasets; the same command goes on after a break",
      [](CLI::App& command, UploadOptions& o) {
        command.add_option("FILE", o.file, "what to upload")->required();
        command.add_option("--name", o.name, "its name at the gateway; default: that of the file");
      },
      [&context](const UploadOptions& o) { return upload(context, o); });
}

}  // namespace hetao::cli
