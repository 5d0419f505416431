#include "gateway/api/api.h"
#include "gateway/io/asio.h"
#include "gateway/io/shell.h"

namespace hetao::api {

namespace {

class ShellBackend final : public Backend {
 public:
  explicit ShellBackend(io::Shell& shell) : shell_(shell) {}

  const federation::Core& core() const override { return shell_.core(); }
  Instant now() override { return shell_.now(); }
  io::Awaitable<federation::Answer> ask(federation::Event event) override {
    return shell_.ask(std::move(event));
  }
  io::Awaitable<void> settled() override { return shell_.settled(); }
  uint64_t change_number() const override { return shell_.change_number(); }
  io::Awaitable<uint64_t> changed(uint64_t seen, Duration patience) override {
    return shell_.changed(seen, patience);
  }
  io::Awaitable<void> offload(std::function<void()> work) override { return shell_.offload(std::move(work)); }
  io::Awaitable<void> on_disk(std::function<void()> work) override { return shell_.on_disk(std::move(work)); }
  io::Awaitable<void> call_out(std::function<void()> work) override {
    return shell_.call_out(std::move(work));
  }
  const io::ChangeFeed& changes() const override { return shell_.changes(); }
  void seen(federation::SeenAccess access) override { shell_.post(std::move(access)); }
  io::Awaitable<io::Inspection> inspect(pb::Item item, std::string profile) override {
    return shell_.inspect(std::move(item), std::move(profile));
  }
  io::Awaitable<std::optional<inspection::Report>> evidence(pb::Item item) override {
    return shell_.evidence(std::move(item));
  }
  io::LogReader log_reader(const std::string& key, const pb::Run& run) const override {
    return shell_.log_reader(key, run);
  }
  Instant started() const override { return shell_.started(); }
  std::string fresh_id() override { return shell_.fresh_id(); }
  std::shared_ptr<const policy::Policy> policy() const override { return shell_.policy(); }
  const std::string& policy_name() const override { return shell_.policy_name(); }
  const std::string& gateway() const override { return shell_.config().gateway; }
  io::ShellStatus status() const override { return shell_.status(); }
  io::BlobStore& blobs() override { return shell_.blobs(); }
  io::PackStore& packs() override { return shell_.packs(); }
  io::LedgerFiles& ledger() override { return shell_.ledger(); }
  io::Awaitable<void> cosigned(Duration patience) override { return shell_.cosigned(patience); }
  io::WitnessDesk* desk() override { return &shell_.desk(); }
  io::WitnessStore* witness_store() override { return &shell_.witness_store(); }
  void note(std::string kind, std::string who, std::string reason,
            std::vector<std::pair<std::string, std::string>> details) override {
    shell_.post(
        federation::NoteAct{0, std::move(kind), std::move(who), std::move(reason), std::move(details)});
  }
  io::BookDesk* books() override { return &shell_.books(); }
  const io::LedgerIndex& index() const override { return shell_.index(); }
  io::PersonRegister& persons() override { return shell_.persons(); }
  std::string policies_folder() const override { return shell_.config().shared_folder() + "/policies"; }
  const ledger::Retention& retention() const override { return shell_.config().retention; }
  const io::Staging& staging() const override { return shell_.staging(); }
  io::UploadStore& uploads() override { return shell_.uploads(); }
  io::Awaitable<Result<std::optional<std::string>>> past_row(federation::Table table,
                                                             std::string key) override {
    return shell_.past_row(table, std::move(key));
  }
  io::Awaitable<Result<std::vector<federation::Record>>> past_rows(federation::Table table, std::string from,
                                                                   std::string end, size_t most,
                                                                   bool last_ones) override {
    return shell_.past_rows(table, std::move(from), std::move(end), most, last_ones);
  }

 private:
  io::Shell& shell_;
};

}  // namespace

std::shared_ptr<Backend> backend_of(io::Shell& shell) {
  return std::make_shared<ShellBackend>(shell);
}

io::HttpHandler make_handler(io::Shell& shell, ApiConfig config) {
  return Api(backend_of(shell), std::move(config)).handler();
}

}  // namespace hetao::api
