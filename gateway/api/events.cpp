// Server-sent events (WHATWG HTML, section 9.2): what changes, for a console that shows it. A thing is told
// as the lists show it, when it is durable, to those who may see it there. Many changes of a moment are one
// event a thing.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <map>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/access.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr auto kGather = std::chrono::milliseconds(250);  // changes within it are told together
constexpr size_t kBatchMax = 1'000;                       // more at once: the lists are read again
constexpr Duration kHeartbeat = Duration::seconds(limits::kEventHeartbeatSeconds);
const std::vector<std::string> kKinds = {"job", "review", "dataset", "policy", "peer", "ledger"};

// Streams that are open, of everybody and of each person. Held by what sends one.
class Seats {
 public:
  static Seats& of_gateway() {
    static Seats seats;  // of the io thread
    return seats;
  }
  bool is_free(const std::string& person) const {
    const auto at = of_person_.find(person);
    return all_ < limits::kEventStreamsMax &&
           (at == of_person_.end() || at->second < limits::kEventStreamsOfPersonMax);
  }
  void take(const std::string& person) {
    ++all_;
    ++of_person_[person];
  }
  void leave(const std::string& person) {
    --all_;
    if (--of_person_[person] == 0) of_person_.erase(person);
  }

 private:
  size_t all_ = 0;
  std::map<std::string, size_t> of_person_;
};

class Seat {
 public:
  explicit Seat(std::string person) : person_(std::move(person)) { Seats::of_gateway().take(person_); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() { Seats::of_gateway().leave(person_); }

 private:
  std::string person_;
};

// One stream. Outlives the request that began it.
class Follower {
 public:
  Follower(Backend& backend, Caller caller, std::vector<std::string> kinds, const std::string& last_id)
      : backend_(backend),
        caller_(std::move(caller)),
        kinds_(std::move(kinds)),
        seat_(caller_.tenant + '\0' + caller_.user) {
    resumed_ = resume_at(last_id);
  }

  io::Awaitable<void> send(io::HttpOutgoing& out) {
    io::asio::steady_timer pause(co_await io::asio::this_coro::executor);
    std::string text = "retry: 2000\n\n" + event("hello", json::object{{"now", to_rfc3339(backend_.now())},
                                                                       {"resumed", resumed_}});
    text += news();
    while (true) {
      co_await backend_.settled();
      if (!still_signed_in()) text += event("signed-out", json::object());
      const bool told = co_await out.write(text);
      if (!told || !still_signed_in() || backend_.status().stopping) co_return;
      co_await backend_.changed(change_, kHeartbeat);
      // What else comes in this moment is told with it.
      pause.expires_after(kGather);
      co_await pause.async_wait(io::as_value);
      text = news();
      if (text.empty()) text = ": still here\n\n";
    }
  }

 private:
  // False: what was missed is not known any more, or this is no second coming.
  bool resume_at(const std::string& last_id) {
    const io::ChangeFeed& feed = backend_.changes();
    number_ = feed.last();
    const size_t dash = last_id.find('-');
    if (dash == std::string::npos || last_id.substr(0, dash) != feed.epoch()) {
      lost_ = !last_id.empty();
      return false;
    }
    uint64_t number = 0;
    const char* end = last_id.data() + last_id.size();
    const auto read = std::from_chars(last_id.data() + dash + 1, end, number);
    lost_ = read.ec != std::errc() || read.ptr != end || !feed.since(number);
    if (!lost_) number_ = number;
    return !lost_;
  }

  std::string id() const { return backend_.changes().epoch() + "-" + std::to_string(number_); }

  std::string event(const std::string& kind, const json::object& data) const {
    return "event: " + kind + "\nid: " + id() + "\ndata: " + json::serialize(data) + "\n\n";
  }

  bool follows(const std::string& kind) const {
    return kinds_.empty() || std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end();
  }

  bool still_signed_in() const {
    const Instant now = backend_.now();
    if (caller_.by == "session") {
      const auto at = backend_.core().sessions().find(caller_.access);
      return at != backend_.core().sessions().end() && federation::counts(at->second, now);
    }
    if (caller_.by == "personal-token") {
      const auto at = backend_.core().tokens().find(caller_.access);
      return at != backend_.core().tokens().end() && federation::counts(at->second, now);
    }
    return caller_.by != "token" || now < caller_.until;
  }

  // Everything since the last time.
  std::string news() {
    change_ = backend_.change_number();
    const auto things = backend_.changes().since(number_);
    const bool too_many = lost_ || !things || things->size() > kBatchMax;
    lost_ = false;
    number_ = backend_.changes().last();
    std::string text;
    if (too_many) return event("reset", json::object()) + ledger_news();
    for (const io::ChangedThing& thing : *things) text += told(thing);
    return text + ledger_news();
  }

  std::string told(const io::ChangedThing& thing) const {
    switch (thing.kind) {
      case io::ChangedKind::kJob:
        return job(thing.key);
      case io::ChangedKind::kReview:
        return review(thing.key);
      case io::ChangedKind::kDataset:
        return dataset(thing.key);
      case io::ChangedKind::kPolicy:
        return policy();
      case io::ChangedKind::kPeer:
        return peer(thing.key);
    }
    return {};
  }

  std::string job(const std::string& key) const {
    const pb::Job* job = backend_.core().job(key);
    if (!follows("job") || job == nullptr || !may_see(caller_, *job)) return {};
    return event("job", job_summary(*job));
  }
  std::string review(const std::string& key) const {
    const pb::Review* review = backend_.core().review(key);
    if (!follows("review") || review == nullptr || !caller_.roles.meets({Role::kReviewer, Role::kAuditor}))
      return {};
    return event("review", review_view(backend_.core(), *review));
  }
  std::string dataset(const std::string& key) const {
    const pb::Dataset* dataset = backend_.core().dataset(key);
    const RoleSet readers = {Role::kSubmitter, Role::kDataOwner, Role::kReviewer, Role::kAuditor};
    if (!follows("dataset") || dataset == nullptr || !caller_.roles.meets(readers)) return {};
    return event("dataset", to_json(*dataset, dataset->region() == backend_.core().config().region));
  }
  std::string policy() const {
    const RoleSet readers = {Role::kPolicyAdmin, Role::kReviewer, Role::kAuditor, Role::kOperator};
    if (!follows("policy") || !caller_.roles.meets(readers)) return {};
    return event("policy",
                 json::object{{"digest", backend_.core().policy_digest()}, {"name", backend_.policy_name()}});
  }
  std::string peer(const std::string& region) const {
    if (!follows("peer")) return {};
    for (const federation::PeerState& peer : backend_.core().peers()) {
      if (peer.region == region) return event("peer", to_json(peer));
    }
    return {};
  }

  std::string ledger_news() {
    const io::ShellStatus status = backend_.status();
    if (!follows("ledger") || (status.ledger_entries == entries_ && status.ledger_published == published_))
      return {};
    entries_ = status.ledger_entries;
    published_ = status.ledger_published;
    return event("ledger", json::object{{"size", entries_}, {"published", published_}});
  }

  Backend& backend_;
  const Caller caller_;
  const std::vector<std::string> kinds_;
  const Seat seat_;
  uint64_t number_ = 0;  // of the feed: told up to here
  uint64_t change_ = 0;  // of the backend: waited for
  bool resumed_ = false;
  bool lost_ = false;
  uint64_t entries_ = 0;
  uint64_t published_ = 0;
};

}  // namespace

io::HttpResponse follow_events(const Context& c) {
  std::vector<std::string> kinds;
  if (const std::string* wanted = c.query.find("kinds")) kinds = split(*wanted, ',');
  for (const std::string& kind : kinds) {
    if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end())
      return problem({ErrorCode::kUsage, "parameter kinds", "names no kind of event", join(kKinds, ", ")});
  }
  if (!Seats::of_gateway().is_free(c.caller.tenant + '\0' + c.caller.user)) {
    io::HttpResponse full =
        problem(429, {ErrorCode::kUnreachable, "events", "too many streams are open", "close some"});
    full.headers.set("Retry-After", "10");
    return full;
  }
  const std::string last_id(c.request.headers.get("last-event-id"));
  auto follower = std::make_shared<Follower>(c.backend, c.caller, std::move(kinds), last_id);
  io::HttpResponse response;
  response.headers = {
      {"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.live = [follower](io::HttpOutgoing& out) { return follower->send(out); };
  return response;
}

}  // namespace hetao::api
