#include "tests/unit/api/test_gateway.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "certs/authority.h"
#include "gateway/base/check.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

using namespace federation;
namespace fs = std::filesystem;

constexpr const char* kPack = "policy: test\nversion: '1'\ndefault: forbid\n";
constexpr const char* kRules = R"(
rules:
  - id: F1
    effect: forbid
    title: {en: Important data stays}
    basis: [Test Act art. 1]
    when: {action: cross, data.grade: important}
  - id: F2
    effect: forbid
    title: {en: Aggregates stay}
    basis: [Test Act art. 2]
    when: {action: cross, item.kind: aggregate}
  - id: H1
    effect: hold
    title: {en: Models are looked at}
    basis: [Test Act art. 3]
    when: {action: cross, item.kind: model}
  - id: H2
    effect: hold
    title: {en: Two people look at rows}
    basis: [Test Act art. 3]
    when: {action: cross, item.kind: dataset}
    obligations: [review: {reviewers: 2}]
  - id: P1
    effect: permit
    title: {en: Code may cross}
    when: {action: cross, item.kind: {in: [code, result, logs]}}
  - id: P2
    effect: permit
    title: {en: Anybody may use the platforms}
    when: {action: place}
)";

Instant clock_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

CoreConfig core_config() {
  CoreConfig config;
  config.region = "hongkong";
  config.jurisdiction = "HK";
  config.operator_tenant = "office";
  config.peers = {{"shenzhen", "CN"}};
  config.platforms = {{"local", "local", 8, int64_t{16} << 30U, {}}};
  config.retire_after = {};  // what is over goes to the archive with the next TimePassed
  for (const char* id : {"hku", "cuhk", "office"}) {
    pb::Tenant tenant;
    tenant.set_id(id);
    config.tenants[id] = tenant;
  }
  return config;
}

std::shared_ptr<const policy::Policy> test_policy() {
  auto pack = policy::load_pack({{"pack.yaml", kPack}, {"rules/test.yaml", kRules}});
  HETAO_CHECK(pack.has_value());
  auto compiled = policy::Policy::compile(std::move(*pack));
  HETAO_CHECK(compiled.has_value());
  return std::make_shared<const policy::Policy>(std::move(*compiled));
}

template <class T>
T must(Result<T> value) {
  if (!value) ADD_FAILURE() << to_line(value.error());
  HETAO_CHECK(value.has_value());
  return std::move(*value);
}

}  // namespace

struct TestGateway::Parts : public Backend {
  explicit Parts(TestGateway* owner) : gateway_(owner), core_(core_config()), policy_(test_policy()) {
    std::string pattern = (fs::temp_directory_path() / "hetao-api-XXXXXX").string();
    HETAO_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    fs::create_directories(folder + "/staging");
    blobs_.emplace(must(io::BlobStore::open(folder + "/blobs")));
    packs_.emplace(must(io::PackStore::open(folder + "/policies")));
    ledger_ = must(io::LedgerFiles::open({folder + "/ledger", folder + "/keys", "hetao/hongkong"}));
    index_ = must(io::LedgerIndex::open(folder + "/index", *ledger_));
    persons_ = must(io::PersonRegister::open(folder + "/persons", folder + "/keys"));
    staging_.emplace(must(io::Staging::open({folder + "/staging"})));
    uploads_ = must(io::UploadStore::open(folder + "/uploads", *blobs_, {}));
    happen(ActivatePolicy{0, policy_, "test 1", "start", {}});
  }
  ~Parts() override {
    index_.reset();
    ledger_.reset();
    fs::remove_all(folder);
  }

  void happen(Event event) {
    take(core_.step(std::move(event), clock_now()));
    while (!pending_.empty()) {
      Event next = std::move(pending_.front());
      pending_.pop_front();
      take(core_.step(std::move(next), clock_now()));
    }
  }

  void take(Step step) {
    std::vector<Bytes> entries;
    for (const ledger::Entry& entry : step.entries) {
      const std::string text = must(ledger::encode_entry(entry));
      entries.emplace_back(text.begin(), text.end());
    }
    if (!entries.empty()) HETAO_CHECK(ledger_->append(std::move(entries)).has_value());
    if (!step.records.empty()) ++changes_;
    std::vector<io::ChangedThing> things;
    io::add_things(step.records, things);
    for (io::ChangedThing& thing : things) feed_.add(std::move(thing));
    for (Record& record : step.records) {
      if (is_past(record.table) && record.value) past_[{record.table, record.key}] = std::move(*record.value);
    }
    for (Effect& effect : step.effects) carry_out(effect);
  }

  void carry_out(Effect& effect) {
    if (auto* answer = std::get_if<Answer>(&effect)) {
      answers_[answer->request] = std::move(*answer);
    } else if (const auto* submit = std::get_if<SubmitRun>(&effect)) {
      pending_.push_back(RunSubmitted{submit->run, PlatformReply::kOk, "p1", {}});
    } else if (const auto* release = std::get_if<ReleaseRun>(&effect)) {
      pending_.push_back(RunReleased{release->run, PlatformReply::kOk, {}});
      if (gateway_->runs_are_finished) pending_.push_back(ended(release->run));
    } else if (const auto* collect = std::get_if<CollectRun>(&effect)) {
      pending_.push_back(collected(*collect));
    } else if (const auto* cancel = std::get_if<CancelRun>(&effect)) {
      RunObserved observed{cancel->run, {}, true, true, true, false};
      pending_.push_back(std::move(observed));
    }
  }

  Event ended(const std::string& key) {
    RunObserved observed{key, {}, true, true, false, false};
    observed.report.set_started_micros(clock_now().micros);
    observed.report.set_ended_micros(clock_now().micros);
    for (int i = 0; i < core_.run(key)->task().executors_size(); ++i) {
      pb::ExecutorLog& log = *observed.report.add_executors();
      log.set_stdout_tail("said " + std::to_string(i) + "\n");
      log.set_reason("exited");
    }
    return observed;
  }

  Event collected(const CollectRun& collect) {
    RunCollected out{collect.run, {}, {}};
    for (int i = 0; i < collect.spec.task().outputs_size(); ++i) {
      pb::Item item;
      item.set_name(std::to_string(i));
      const auto stored = must(blobs_->ingest_bytes("content of output " + std::to_string(i)));
      pb::ItemFile& file = *item.add_files();
      file.set_digest(stored.digest);
      file.set_bytes(static_cast<int64_t>(stored.bytes));
      out.items.push_back(std::move(item));
    }
    return out;
  }

  const Core& core() const override { return core_; }
  Instant now() override { return clock_now(); }
  io::Awaitable<Answer> ask(Event event) override {
    const uint64_t request = ++requests_;
    std::visit(
        [request](auto& e) {
          if constexpr (requires { e.request; }) e.request = request;
        },
        event);
    happen(std::move(event));
    HETAO_CHECK(answers_.contains(request));
    co_return answers_.at(request);
  }
  io::Awaitable<void> settled() override { co_return; }
  uint64_t change_number() const override { return changes_; }
  io::Awaitable<uint64_t> changed(uint64_t seen, Duration patience) override {
    const Instant until = clock_now() + patience;
    io::asio::steady_timer timer(context);
    while (changes_ <= seen && clock_now() < until) {
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(io::asio::use_awaitable);
    }
    co_return changes_;
  }
  io::Awaitable<void> offload(std::function<void()> work) override {
    work();
    co_return;
  }
  io::Awaitable<void> on_disk(std::function<void()> work) override {
    work();
    co_return;
  }
  io::Awaitable<void> call_out(std::function<void()> work) override {
    work();
    co_return;
  }
  const io::ChangeFeed& changes() const override { return feed_; }
  void seen(federation::SeenAccess access) override { happen(std::move(access)); }
  io::Awaitable<io::Inspection> inspect(pb::Item, std::string) override {
    io::Inspection found;
    found.facts.push_back(fact("inspection.verdict", "clean"));
    co_return found;
  }
  io::Awaitable<std::optional<inspection::Report>> evidence(pb::Item) override { co_return std::nullopt; }
  Instant started() const override { return started_; }
  std::string fresh_id() override {
    std::string number = std::to_string(++ids_);
    return "job" + std::string(6 - number.size(), '0') + number;
  }
  std::shared_ptr<const policy::Policy> policy() const override { return core_.policy(); }
  const std::string& policy_name() const override { return core_.policy_name(); }
  const std::string& gateway() const override { return name_; }
  io::ShellStatus status() const override {
    io::ShellStatus status;
    status.ready = true;
    status.ledger_entries = ledger_->size();
    return status;
  }
  io::BlobStore& blobs() override { return *blobs_; }
  io::PackStore& packs() override { return *packs_; }
  io::LedgerFiles& ledger() override { return *ledger_; }
  io::Awaitable<void> cosigned(Duration) override { co_return; }
  void note(std::string kind, std::string who, std::string reason,
            std::vector<std::pair<std::string, std::string>> details) override {
    happen(federation::NoteAct{0, std::move(kind), std::move(who), std::move(reason), std::move(details)});
  }
  const io::LedgerIndex& index() const override { return *index_; }
  io::PersonRegister& persons() override { return *persons_; }
  std::string policies_folder() const override { return folder + "/policies"; }
  const ledger::Retention& retention() const override { return retention_; }
  const io::Staging& staging() const override { return *staging_; }
  io::UploadStore& uploads() override { return *uploads_; }
  io::Awaitable<Result<std::optional<std::string>>> past_row(Table table, std::string key) override {
    if (!gateway_->archive_is_readable)
      co_return fail(ErrorCode::kFailed, "archive of ended jobs", "can't be read");
    const auto at = past_.find({table, key});
    if (at == past_.end()) co_return std::optional<std::string>();
    co_return std::optional<std::string>(at->second);
  }
  // Every stream of a run that is under way says of which it is.
  io::LogReader log_reader(const std::string& key, const pb::Run&) const override {
    return [key](const std::string& stream, int64_t from, size_t most) -> std::optional<io::LogPiece> {
      const std::string all = stream == "stdout.0" ? "so far of " + key : std::string();
      const auto begin = from < 0 ? size_t{0} : std::min(all.size(), static_cast<size_t>(from));
      return io::LogPiece{all.substr(begin, most), static_cast<int64_t>(begin)};
    };
  }
  io::Awaitable<Result<std::vector<Record>>> past_rows(Table table, std::string from, std::string end,
                                                       size_t most, bool last_ones) override {
    std::vector<Record> all;
    for (auto at = past_.lower_bound({table, from}); at != past_.lower_bound({table, end}); ++at)
      all.push_back({table, at->first.second, at->second});
    if (last_ones) std::reverse(all.begin(), all.end());
    if (all.size() > most) all.resize(most);
    co_return all;
  }

  io::asio::io_context context;
  std::string folder;
  std::string issuer_key;
  AuthConfig auth;
  std::unique_ptr<Api> api;

 private:
  TestGateway* gateway_;
  Core core_;
  std::shared_ptr<const policy::Policy> policy_;
  std::string name_ = "test";
  const Instant started_ = clock_now();
  std::optional<io::BlobStore> blobs_;
  std::optional<io::PackStore> packs_;
  std::unique_ptr<io::LedgerFiles> ledger_;
  std::unique_ptr<io::LedgerIndex> index_;
  std::unique_ptr<io::PersonRegister> persons_;
  ledger::Retention retention_{Duration::seconds(3'600)};
  std::optional<io::Staging> staging_;
  std::unique_ptr<io::UploadStore> uploads_;
  std::deque<Event> pending_;
  std::map<std::pair<Table, std::string>, std::string> past_;
  std::map<uint64_t, Answer> answers_;
  uint64_t requests_ = 0;
  uint64_t changes_ = 0;
  io::ChangeFeed feed_;
  uint64_t ids_ = 0;
};

TestGateway::TestGateway() : parts_(std::make_unique<Parts>(this)) {
  parts_->issuer_key = must(certs::generate_key(certs::KeyKind::kEcdsaP256));
  const std::string jwks = must(certs::jwks_from_public(parts_->issuer_key, "k1"));
  IssuerConfig issuer;
  issuer.issuer = "https://id.test";
  issuer.audience = "hetao";
  issuer.keys = std::make_shared<const certs::Jwks>(must(certs::Jwks::parse(jwks)));
  issuer.tenants = {"hku", "cuhk", "office"};
  parts_->auth.issuers.push_back(std::move(issuer));
  parts_->auth.clients.push_back(
      {"spiffe://hetao/hongkong/client/flow", "flow", "hku", {Role::kSubmitter, Role::kDataOwner}});
  ApiConfig config;
  config.auth = parts_->auth;
  config.version = "0.1";
  // The backend outlives its Api here; the Api gets a pointer that owns nothing.
  parts_->api = std::make_unique<Api>(std::shared_ptr<Backend>(std::shared_ptr<Backend>(), parts_.get()),
                                      std::move(config));
}

TestGateway::~TestGateway() = default;

std::string TestGateway::token(const std::string& user, const std::string& tenant,
                               const std::vector<std::string>& roles, int64_t lifetime_seconds) const {
  json::object claims;
  const int64_t now = clock_now().micros / 1'000'000;
  claims["iss"] = "https://id.test";
  claims["aud"] = "hetao";
  claims["sub"] = user;
  claims["tenant"] = tenant;
  claims["iat"] = now - 10;
  claims["exp"] = now + lifetime_seconds;
  json::array words;
  for (const std::string& role : roles) words.emplace_back(role);
  claims["roles"] = std::move(words);
  return must(certs::sign_jwt(claims, parts_->issuer_key, "k1"));
}

io::HttpResponse TestGateway::send(io::HttpRequest request) {
  std::optional<io::HttpResponse> out;
  request.received = clock_now();
  const io::HttpHandler handler = parts_->api->handler();
  auto work = [&]() -> io::Awaitable<void> {
    io::HttpResponse response = co_await handler(request);
    while (response.stream) {  // as the server sends it
      const std::string piece = must(response.stream());
      response.body += piece;
      if (piece.empty()) response.stream = {};
    }
    out = std::move(response);
  };
  parts_->context.restart();
  io::asio::co_spawn(parts_->context, work(), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
  parts_->context.run();
  HETAO_CHECK(out.has_value());
  return std::move(*out);
}

io::HttpResponse TestGateway::ask(const Asked& asked) {
  io::HttpRequest request;
  request.method = asked.method;
  request.target = asked.target;
  request.body = asked.body;
  if (!asked.token.empty()) request.headers.add("Authorization", "Bearer " + asked.token);
  for (const auto& [name, value] : asked.headers) request.headers.add(name, value);
  return send(std::move(request));
}

io::HttpResponse TestGateway::get(const std::string& target, const std::string& token) {
  return ask({"GET", target, token});
}

io::HttpResponse TestGateway::post(const std::string& target, const std::string& token,
                                   const std::string& body) {
  return ask({"POST", target, token, body});
}

std::string TestGateway::submit(const std::string& task) {
  const io::HttpResponse response = post("/ga4gh/tes/v1/tasks", submitter(), task);
  EXPECT_EQ(response.status, 200) << response.body;
  return std::string(object_of(response).at("id").as_string());
}

void TestGateway::happen(Event event) {
  parts_->happen(std::move(event));
}

void TestGateway::happen_later(Event event, Duration after) {
  auto timer =
      std::make_shared<io::asio::steady_timer>(parts_->context, std::chrono::microseconds(after.micros));
  auto shared = std::make_shared<Event>(std::move(event));
  timer->async_wait(
      [this, timer, shared](const boost::system::error_code&) { parts_->happen(std::move(*shared)); });
}

std::string TestGateway::staging_folder() const {
  return parts_->folder + "/staging";
}
const Core& TestGateway::core() const {
  return parts_->core();
}
const AuthConfig& TestGateway::auth() const {
  return parts_->auth;
}

json::object object_of(const io::HttpResponse& response) {
  auto value = parse_json(response.body, "answer");
  EXPECT_TRUE(value && value->is_object()) << response.body;
  return value && value->is_object() ? value->get_object() : json::object();
}

}  // namespace hetao::api
