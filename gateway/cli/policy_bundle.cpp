// hetao policy key/bundle/fetch: a pack as one signed file, and a gateway's packs as folders again.
#include <openssl/rand.h>

#include <array>
#include <filesystem>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/cli/client.h"
#include "gateway/cli/policy_commands.h"
#include "gateway/files/pack_folder.h"
#include "gateway/ledger/note.h"
#include "policy/bundle.h"

namespace hetao::cli {

namespace {

struct KeyOptions {
  std::string output;
  std::string name = "policy-office";
};

struct BundleOptions {
  std::string pack;
  std::string key;
  std::string output;
  uint64_t edition = 0;
};

struct FetchOptions {
  std::string digest;
  std::string output;
};

int make_key(const Context& context, const KeyOptions& o) {
  std::array<uint8_t, 32> seed{};
  HETAO_CHECK(RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
  const auto key = ledger::SigningKey::from_seed(o.name, ledger::kEd25519, seed);
  if (!key) return report(context, key.error());
  if (auto written = write_file(o.output, key->print() + "\n", true, false); !written)
    return report(context, written.error());
  const std::string vkey = ledger::print_vkey(key->verifier());
  if (context.json) return context.print_json(json::object{{"key", o.output}, {"signer", vkey}}), 0;
  context.print(vkey);
  context.remark("gateways that trust it name that line under policy.signers");
  return 0;
}

int bundle(const Context& context, const BundleOptions& o) {
  auto text = read_file(o.key);
  if (!text) return report(context, text.error());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  const auto key = ledger::SigningKey::parse(*text);
  if (!key) return report(context, key.error());
  const auto pack = files::load_pack_folder(o.pack);
  if (!pack) return report(context, pack.error());
  const auto files = files::read_pack_folder(o.pack);
  if (!files) return report(context, files.error());
  const std::string content = policy::print_files(*files);
  ledger::Note note;
  note.text = policy::bundle_note(o.edition, pack->digest.hex(), content);
  note.signatures.push_back(ledger::sign_note(note.text, *key));
  const std::string out = policy::join_bundle(ledger::print_note(note), content);
  if (auto written = write_file(o.output, out); !written) return report(context, written.error());
  if (context.json) {
    context.print_json(json::object{{"bundle", o.output},
                                    {"edition", o.edition},
                                    {"digest", pack->digest.hex()},
                                    {"signer", key->verifier().name}});
    return 0;
  }
  context.print(o.output + ": " + pack->name + " " + pack->version + ", edition " +
                std::to_string(o.edition) + ", signed by " + key->verifier().name + "; pack digest " +
                pack->digest.hex());
  return 0;
}

int fetch(const Context& context, const FetchOptions& o) {
  const auto answer = Client(context).get("/api/v1/policy/packs/" + percent_encode(o.digest));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const auto files = policy::files_from_json(object_at(answer->get_object(), "files"));
  if (!files) return report(context, files.error());
  for (const policy::SourceFile& file : *files) {
    // What comes from elsewhere does not choose where it is written.
    const std::filesystem::path path(file.name);
    const bool plain = path.is_relative() && file.name.find("..") == std::string::npos;
    if (!plain)
      return report(context, Error{ErrorCode::kVerification, file.name, "is no file of a pack", ""});
    const std::filesystem::path target = std::filesystem::path(o.output) / path;
    std::error_code error;
    std::filesystem::create_directories(target.parent_path(), error);
    if (auto written = write_file(target.string(), file.text); !written)
      return report(context, written.error());
  }
  context.print(o.output + ": " + std::to_string(files->size()) + " files of " +
                text_at(answer->get_object(), "digest"));
  return 0;
}

}  // namespace

void add_policy_bundle(CLI::App& group, Program& program) {
  const Context& context = program.context;
  add_command<KeyOptions>(
      group, program.chosen, "key", "make a key that signs policies; prints its public line",
      [](CLI::App& command, KeyOptions& o) {
        command.add_option("-o,--output", o.output, "file for the private key (mode 0600)")->required();
        command.add_option("--name", o.name, "name of who signs")->capture_default_str();
      },
      [&context](const KeyOptions& o) { return make_key(context, o); });
  add_command<BundleOptions>(
      group, program.chosen, "bundle", "a pack as one signed, numbered file; offline",
      [](CLI::App& command, BundleOptions& o) {
        command.add_option("PACK", o.pack, "folder of the pack")->required();
        command.add_option("--key", o.key, "private key, as `hetao policy key` made it")->required();
        command.add_option("--edition", o.edition, "number; above that of every bundle that was in force")
            ->required()
            ->check(CLI::Range(uint64_t{1}, limits::kPolicyEditionMax));
        command.add_option("-o,--output", o.output, "file to write")->required();
      },
      [&context](const BundleOptions& o) { return bundle(context, o); });
  add_command<FetchOptions>(
      group, program.chosen, "fetch", "a pack that a gateway keeps, as a folder",
      [](CLI::App& command, FetchOptions& o) {
        command.add_option("PACK", o.digest, "a proposal, or a pack's digest or its beginning")->required();
        command.add_option("-o,--output", o.output, "folder to write")->required();
      },
      [&context](const FetchOptions& o) { return fetch(context, o); });
}

}  // namespace hetao::cli
