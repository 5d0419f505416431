#include "gateway/io/pack_store.h"

#include <unistd.h>

#include "gateway/base/digest.h"
#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/ledger/sha256.h"
#include "policy/bundle.h"

namespace hetao::io {

namespace {

tl::unexpected<Error> unknown(const char* what, std::string_view digest) {
  return fail(ErrorCode::kNotFound, std::string(what) + " " + printable(digest.substr(0, 64)),
              "is not kept here");
}

}  // namespace

Result<PackStore> PackStore::open(std::string folder) {
  if (auto made = make_folders(folder); !made) return fail(made.error());
  remove_leftovers(folder);
  return PackStore(std::move(folder));
}

Result<void> PackStore::put(const std::string& path, std::string_view text) const {
  if (::access(path.c_str(), R_OK) == 0) return {};
  return write_durably(path, as_bytes(text));
}

Result<void> PackStore::put_pack(const std::string& digest, std::string_view bundle) {
  if (!Digest::from_hex(digest)) return unknown("policy", digest);
  return put(folder_ + "/" + digest + ".bundle", bundle);
}

Result<std::string> PackStore::pack(const std::string& digest) const {
  if (!Digest::from_hex(digest)) return unknown("policy", digest);
  auto text = read_text(folder_ + "/" + digest + ".bundle", limits::kPackBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) return unknown("policy", digest);
  return text;
}

Result<std::shared_ptr<const policy::Policy>> PackStore::load(const std::string& digest) const {
  const auto bundle = pack(digest);
  if (!bundle) return fail(bundle.error());
  // The content is the last line, whether signatures stand before it or not.
  auto files = policy::parse_files(std::string_view(*bundle).substr(bundle->rfind('\n') + 1));
  if (!files) return fail(files.error());
  auto loaded = policy::load_pack(std::move(*files));
  if (!loaded) return fail(to_error(loaded.error()));
  auto compiled = policy::Policy::compile(std::move(*loaded));
  if (!compiled) return fail(to_error(compiled.error()));
  if (compiled->digest() != digest) {
    return fail(ErrorCode::kVerification, "policy " + digest.substr(0, 12), "the kept pack was changed",
                "restore data_dir/policies from a backup");
  }
  return std::make_shared<const policy::Policy>(std::move(*compiled));
}

Result<std::string> PackStore::put_report(std::string_view text) {
  std::string digest = ledger::sha256(as_bytes(text)).hex();
  if (auto done = put(folder_ + "/" + digest + ".report", text); !done) return fail(done.error());
  return digest;
}

Result<std::string> PackStore::report(const std::string& digest) const {
  if (!Digest::from_hex(digest)) return unknown("report", digest);
  auto text = read_text(folder_ + "/" + digest + ".report", limits::kPackBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) return unknown("report", digest);
  return text;
}

}  // namespace hetao::io
