// hetao results list/get: download, resume, verify.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/progress.h"
#include "gateway/cli/sweep_jobs.h"
#include "gateway/transfer/blob.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

struct GetOptions {
  std::string id;
  std::string folder = ".";
  std::vector<std::string> names;
};

// The digest and size of what is on disk, read once.
Result<transfer::Blob> hash_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kFailed, path.string(), std::strerror(errno), {});
  transfer::BlobHasher hasher;
  std::string buffer(size_t{1} << 20U, '\0');
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hasher.update(as_bytes(std::string_view(buffer).substr(0, static_cast<size_t>(in.gcount()))));
  }
  return hasher.finish();
}

// A name from the gateway must stay below the folder that the user named.
bool stays_below(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string::npos) return false;
  for (const std::string& part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

struct Wanted {
  std::string output;
  std::string path;  // of a file of a folder output; else empty
  std::string digest;
  uint64_t bytes = 0;
  std::string shown() const { return path.empty() ? output : output + "/" + path; }
};

Result<void> verify(const fs::path& file, const Wanted& wanted) {
  const auto blob = hash_file(file);
  if (!blob) return fail(blob.error());
  const std::string digest = transfer::blob_digest_text(blob->digest);
  if (digest == wanted.digest) return {};
  return fail(ErrorCode::kVerification, wanted.shown(), "has the digest " + digest + ", not " + wanted.digest,
              "it is kept as " + file.string() + "; download it again");
}

Result<void> download(const Context& context, const std::string& job, const Wanted& wanted,
                      const fs::path& target) {
  const fs::path part = target.string() + ".part";
  std::error_code ignored;
  fs::create_directories(target.parent_path(), ignored);
  if (fs::exists(target) && fs::file_size(target, ignored) == wanted.bytes && verify(target, wanted))
    return {};
  uint64_t have = fs::exists(part) ? fs::file_size(part, ignored) : 0;
  if (have > wanted.bytes) {
    fs::remove(part, ignored);
    have = 0;
  }
  if (have < wanted.bytes || wanted.bytes == 0) {
    std::ofstream out(part, std::ios::binary | std::ios::app);
    if (!out)
      return fail(ErrorCode::kFailed, part.string(), std::strerror(errno), "name a writable folder with -o");
    Call call{"GET", "/api/v1/results/" + percent_encode(job) + "/" + percent_encode(wanted.output),
              {},    {},
              60,    {}};
    for (const std::string& step :
         wanted.path.empty() ? std::vector<std::string>() : split(wanted.path, '/')) {
      call.target += "/" + percent_encode(step);
    }
    if (have > 0) call.headers["Range"] = "bytes=" + std::to_string(have) + "-";
    call.sink = [&](std::string_view piece) {
      out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      have += piece.size();
      show_progress(context, wanted.shown(), have, wanted.bytes);
      return out.good() && have <= wanted.bytes;
    };
    const auto reply = Client(context).send(call);
    out.close();
    if (!reply) return fail(reply.error());
    if (reply->status != 200 && reply->status != 206) return fail(error_of(*reply, wanted.shown()));
  }
  if (auto verified = verify(part, wanted); !verified) return verified;
  fs::rename(part, target, ignored);
  if (ignored)
    return fail(ErrorCode::kFailed, target.string(), ignored.message(), "name a writable folder with -o");
  return {};
}

std::vector<Wanted> files_of(const json::object& output) {
  std::vector<Wanted> all;
  for (const json::value& value : list_at(output, "files")) {
    const json::object& file = value.get_object();
    all.push_back({text_at(output, "name"), text_at(file, "path"), text_at(file, "digest"),
                   static_cast<uint64_t>(number_at(file, "bytes"))});
  }
  if (all.empty()) {
    all.push_back({text_at(output, "name"),
                   {},
                   text_at(output, "digest"),
                   static_cast<uint64_t>(number_at(output, "bytes"))});
  }
  return all;
}

bool is_wanted(const GetOptions& o, const std::string& name) {
  return o.names.empty() || std::find(o.names.begin(), o.names.end(), name) != o.names.end();
}

struct Got {
  json::array files;
  size_t withheld = 0;
};

// Outputs of one job into a folder; the exit code where that failed.
std::optional<int> get_job(const Context& context, const GetOptions& o, const std::string& id,
                           const fs::path& folder, Got& got) {
  const auto answer = Client(context).get("/api/v1/results/" + percent_encode(id));
  if (!answer) return report(context, answer.error());
  for (const json::value& value : list_at(answer->get_object(), "results")) {
    const json::object& output = value.get_object();
    const std::string state = text_at(output, "state");
    if (!is_wanted(o, text_at(output, "name"))) continue;
    if (state != "available" && state != "delivered") {
      context.remark(text_at(output, "name") + ": " + context.state(state) + " " +
                     printable(text_at(output, "note")));
      ++got.withheld;
      continue;
    }
    for (const Wanted& wanted : files_of(output)) {
      if (!stays_below(wanted.shown())) {
        return report(context, Error{ErrorCode::kVerification, printable(wanted.shown()),
                                     "is no safe file name", "tell the operator"});
      }
      const fs::path target = folder / wanted.shown();
      if (auto done = download(context, id, wanted, target); !done) return report(context, done.error());
      if (!context.json)
        context.print(target.string() + "  " + human_bytes(wanted.bytes) + "  " + context.dim(wanted.digest));
      got.files.push_back({{"name", wanted.shown()},
                           {"file", target.string()},
                           {"bytes", wanted.bytes},
                           {"digest", wanted.digest}});
    }
  }
  return std::nullopt;
}

// Each element's outputs into a folder of its own, by its number.
std::optional<int> get_sweep(const Context& context, const GetOptions& o, Got& got) {
  const auto jobs = jobs_of_sweep(Client(context), o.id);
  if (!jobs) return report(context, jobs.error());
  for (const json::object& job : *jobs) {
    const std::string index = text_at(object_at(job, "sweep"), "index");
    if (!stays_below(index) || index.find('/') != std::string::npos)
      return report(context, Error{ErrorCode::kVerification, printable(index), "is no number", {}});
    if (auto code = get_job(context, o, text_at(job, "id"), fs::path(o.folder) / index, got)) return code;
  }
  return std::nullopt;
}

int get(const Context& context, const GetOptions& o) {
  Got got;
  const auto stopped =
      is_sweep(o.id) ? get_sweep(context, o, got) : get_job(context, o, o.id, fs::path(o.folder), got);
  if (stopped) return *stopped;
  const std::string what = is_sweep(o.id) ? "sweep" : "job";
  if (context.json) context.print_json(json::object{{what, o.id}, {"files", got.files}});
  if (!got.files.empty()) return 0;
  return report(context,
                Error{got.withheld > 0 ? ErrorCode::kFailed : ErrorCode::kNotFound, what + " " + o.id,
                      got.withheld > 0 ? "none of its outputs is here" : "has no such output",
                      "`hetao job show` says why"});
}

int list(const Context& context, const GetOptions& o) {
  const auto answer = Client(context).get("/api/v1/results/" + percent_encode(o.id));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"OUTPUT", "STATE", "BYTES", "KIND"});
  for (const json::value& value : list_at(answer->get_object(), "results")) {
    const json::object& output = value.get_object();
    table.add({text_at(output, "name"), context.state(text_at(output, "state")),
               std::to_string(number_at(output, "bytes")), text_at(output, "kind")});
  }
  table.print(context);
  return 0;
}

}  // namespace

void add_results(Program& program) {
  const Context& context = program.context;
  CLI::App* group = add_group(program.app, "results", "what jobs made: list, get");
  add_command<GetOptions>(
      *group, program.chosen, "get",
      "download outputs; goes on where a broken download ended, and verifies digests",
      [](CLI::App& command, GetOptions& o) {
        command.add_option("ID", o.id, "the job, or the sweep: each element into a folder of its own")
            ->required();
        command.add_option("NAME", o.names, "only these outputs");
        command.add_option("-o,--output", o.folder, "folder to put them in")->capture_default_str();
      },
      [&context](const GetOptions& o) { return get(context, o); });
  add_command<GetOptions>(
      *group, program.chosen, "list", "outputs of a job and whether they are here",
      [](CLI::App& command, GetOptions& o) { command.add_option("ID", o.id, "the job")->required(); },
      [&context](const GetOptions& o) { return list(context, o); });
}

}  // namespace hetao::cli
