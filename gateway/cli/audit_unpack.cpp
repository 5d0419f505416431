// hetao audit unpack: an evidence file as the files that other tools read, each in its C2SP form.
#include <filesystem>
#include <fstream>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"
#include "gateway/cli/command.h"
#include "gateway/cli/ledger_files.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

struct UnpackOptions {
  std::string file;
  std::string folder;
  TrustOptions trust;
};

// A new folder, so that nothing in it comes from elsewhere. The first mistake sticks.
class Folder {
 public:
  static Result<Folder> make(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return fail(ErrorCode::kFailed, path, "can't be made: " + error.message());
    if (!fs::is_empty(path, error) || error)
      return fail(ErrorCode::kUsage, path, "is not an empty folder", "name one that is not there yet");
    return Folder(path);
  }
  void write(const std::string& name, std::string_view content) {
    if (!done_) return;
    std::error_code ignored;
    fs::create_directories((fs::path(path_) / name).parent_path(), ignored);
    const std::string path = (fs::path(path_) / name).string();
    std::ofstream out(path, std::ios::binary);
    out << content << std::flush;
    if (!out) done_ = fail(ErrorCode::kFailed, path, "can't be written", "is there room on the disk?");
    ++files_;
  }
  const Result<void>& done() const { return done_; }
  size_t files() const { return files_; }

 private:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  std::string path_;
  Result<void> done_;
  size_t files_ = 0;
};

std::string lines_of(const std::vector<ledger::VerifierKey>& keys) {
  std::string out;
  for (const ledger::VerifierKey& key : keys) out += ledger::print_vkey(key) + "\n";
  return out;
}

// "policy/DIGEST" alone: a name that comes with a file from elsewhere says nothing about paths here.
bool is_policy(std::string_view name) {
  constexpr std::string_view kFolder = "policy/";
  return name.starts_with(kFolder) && from_hex(name.substr(kFolder.size())).has_value();
}

int unpack(const Context& context, const UnpackOptions& o) {
  const auto trust = read_trust(o.trust);
  if (!trust) return report(context, trust.error());
  if (is_ledger_folder(o.file))
    return report(context,
                  Error{ErrorCode::kUsage, o.file, "is a folder: a ledger has the forms of other tools",
                        "name an evidence file"});
  // Everything holds before anything is written.
  const auto verified = verify_ledger(o.file, *trust);
  if (!verified) return report(context, verified.error());
  const auto text = read_file(o.file);
  if (!text) return report(context, text.error());
  auto folder = Folder::make(o.folder);
  if (!folder) return report(context, folder.error());
  const std::string checkpoint = ledger::print_note(verified->head.note);
  ledger::EvidenceOptions options;
  options.log_keys = trust->log_keys;
  options.witness_keys = trust->witness_keys;
  options.on_proof = [&](uint64_t index, std::string_view entry, const ledger::Proof& proof) {
    const std::string name = std::to_string(index);
    folder->write(name + ".entry", entry);
    folder->write(name + ".tlog-proof", ledger::print_tlog_proof({std::nullopt, index, proof, checkpoint}));
  };
  options.on_attachment = [&](std::string_view name, std::string_view content) {
    if (is_policy(name)) folder->write(std::string(name), content);
  };
  const auto again = ledger::verify_evidence(*text, options);
  if (!again) return report(context, again.error());
  folder->write("checkpoint", checkpoint);
  folder->write("log.vkey", lines_of(again->log_keys));
  folder->write("witness.vkey", lines_of(again->witness_keys));
  if (!folder->done()) return report(context, folder->done().error());
  if (context.json) {
    context.print_json(
        json::object{{"folder", o.folder}, {"entries", again->entries}, {"files", folder->files()}});
  } else {
    context.print(o.folder + ": " + std::to_string(again->entries) + " entries with their proofs");
  }
  return 0;
}

}  // namespace

void add_audit_unpack(Program& program, CLI::App& group) {
  const Context& context = program.context;
  add_command<UnpackOptions>(
      group, program.chosen, "unpack",
      "verify an evidence file and write what is in it as files for other tools: N.entry, N.tlog-proof, "
      "checkpoint, "
      "keys, policies",
      [](CLI::App& command, UnpackOptions& o) {
        command.add_option("FILE", o.file, "evidence file")->required();
        command.add_option("-o,--output", o.folder, "folder to make")->required();
        add_trust_options(command, o.trust);
      },
      [&context](const UnpackOptions& o) { return unpack(context, o); });
}

}  // namespace hetao::cli
