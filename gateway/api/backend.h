// What the API needs of a gateway: the shell's functions (gateway/io/shell.h), as an interface, so that tests
// answer requests from a core without sockets. For the io thread only, unless the shell says otherwise.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/federation/core.h"
#include "gateway/io/awaitable.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/change_feed.h"
#include "gateway/io/inspector.h"
#include "gateway/io/ledger_files.h"
#include "gateway/io/pack_store.h"
#include "gateway/io/shell.h"
#include "gateway/io/staging.h"
#include "gateway/io/upload_store.h"
#include "policy/policy.h"

namespace hetao::api {

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual const federation::Core& core() const = 0;
  virtual Instant now() = 0;
  virtual io::Awaitable<federation::Answer> ask(federation::Event event) = 0;
  virtual io::Awaitable<void> settled() = 0;
  virtual uint64_t change_number() const = 0;
  virtual io::Awaitable<uint64_t> changed(uint64_t seen, Duration patience) = 0;
  virtual io::Awaitable<void> offload(std::function<void()> work) = 0;
  // The same for what is quick but touches a disk, so that it does not wait behind inspections.
  virtual io::Awaitable<void> on_disk(std::function<void()> work) = 0;
  // The same for calls to identity providers, which may take seconds: on threads of their own.
  virtual io::Awaitable<void> call_out(std::function<void()> work) = 0;
  // What changed durably, for those who follow it.
  virtual const io::ChangeFeed& changes() const = 0;
  // A session or token was used.
  virtual void seen(federation::SeenAccess access) = 0;
  virtual io::Awaitable<io::Inspection> inspect(pb::Item item, std::string profile) = 0;
  // What an item holds and where, masked, for people on this side. Nothing where its files are not here.
  virtual io::Awaitable<std::optional<inspection::Report>> evidence(pb::Item item) = 0;
  // Of a run that is under way on a platform of this region; empty: there is none to read.
  virtual io::LogReader log_reader(const std::string& /*key*/, const pb::Run& /*run*/) const { return {}; }
  virtual Instant started() const = 0;  // this process
  virtual std::string fresh_id() = 0;
  virtual std::shared_ptr<const policy::Policy> policy() const = 0;
  virtual const std::string& policy_name() const = 0;
  virtual const std::string& gateway() const = 0;
  virtual io::ShellStatus status() const = 0;
  virtual io::BlobStore& blobs() = 0;
  virtual io::PackStore& packs() = 0;
  virtual io::LedgerFiles& ledger() = 0;
  // Ends when the newest checkpoint has the cosignatures that it can get, or after `patience`.
  virtual io::Awaitable<void> cosigned(Duration patience) = 0;
  // The witness desk and the witness's memory; null where there is none.
  virtual io::WitnessDesk* desk() { return nullptr; }
  virtual io::WitnessStore* witness_store() { return nullptr; }
  virtual io::BookDesk* books() { return nullptr; }
  virtual const io::LedgerIndex& index() const = 0;
  virtual io::PersonRegister& persons() = 0;
  // Every policy that decided, as text by digest.
  virtual std::string policies_folder() const = 0;
  virtual const ledger::Retention& retention() const = 0;
  // An entry that nobody waits for.
  virtual void note(std::string kind, std::string who, std::string reason,
                    std::vector<std::pair<std::string, std::string>> details) = 0;
  // The name in the ledger of somebody who is known; nothing is made.
  std::optional<std::string> known_person(const std::string& tenant, const std::string& user) {
    return persons().find(tenant, user);
  }
  virtual const io::Staging& staging() const = 0;
  virtual io::UploadStore& uploads() = 0;
  // The archive (federation::is_past() tables): a row, or the first or last `most` with from <= key < end.
  virtual io::Awaitable<Result<std::optional<std::string>>> past_row(federation::Table table,
                                                                     std::string key) = 0;
  virtual io::Awaitable<Result<std::vector<federation::Record>>> past_rows(federation::Table table,
                                                                           std::string from, std::string end,
                                                                           size_t most, bool last_ones) = 0;
};

}  // namespace hetao::api
