// How connections to peers come to be: dialling, accepting, and the bulk lanes beside a session.
#include <algorithm>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/io/agreed.h"
#include "gateway/io/peer_manager_parts.h"
#include "gateway/io/random_number.h"
#include "gateway/tunnel/features.h"

namespace hetao::io {

namespace {

// A SYN that is lost comes again after 1, 3, 7 s; a fresh dial is sooner there when a cut ends.
constexpr Duration kConnectPatience = Duration::seconds(4);
constexpr size_t kFirstReadBytes = size_t{16} << 10U;
constexpr auto kLaneTick = std::chrono::milliseconds(1'000);
constexpr auto kFirstPatience = std::chrono::seconds(1);
constexpr auto kSessionPatience = std::chrono::seconds(2);
constexpr auto kLookAgain = std::chrono::milliseconds(10);

Awaitable<Result<tcp::socket>> connect(Endpoint to) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  auto [error, found] = co_await resolver.async_resolve(to.host, std::to_string(to.port), as_value);
  if (error)
    co_return fail(ErrorCode::kUnreachable, to_text(to), "its address is not known: " + error.message());
  boost::system::error_code last = asio::error::host_not_found;
  for (const auto& candidate : found) {
    tcp::socket socket(executor);
    Watchdog dog(socket);
    dog.arm(kConnectPatience);
    auto [failed] = co_await socket.async_connect(candidate.endpoint(), as_value);
    dog.disarm();
    if (!failed) co_return std::move(socket);
    last = dog.barked() ? make_error_code(boost::system::errc::timed_out) : failed;
  }
  co_return fail(ErrorCode::kUnreachable, to_text(to), last.message());
}

using Secured = Result<std::unique_ptr<TlsStream>>;

// "protocol" of the TLS engine is noise of strangers; the session's is a peer's fault.
std::string word_of(const TlsStream& stream) {
  const std::string word = stream.end_word();
  if (word.empty()) return "cut";
  return word == "protocol" ? "protocol-tls" : word;
}

using OnRefused = std::function<void(PeerFault)>;

Awaitable<Secured> connect_tls(Endpoint to, std::string region, std::shared_ptr<const TlsContext> tls,
                               std::function<Instant()> clock, OnRefused on_refused) {
  auto socket = co_await connect(to);
  if (!socket) co_return fail(socket.error());
  TlsTarget target;
  target.server_name = to.host;
  target.region = region;
  auto stream =
      std::make_unique<TlsStream>(std::move(*socket), TlsEngine::client(std::move(tls), std::move(target)));
  auto secured = co_await stream->handshake(kHandshakePatience, std::move(clock));
  if (secured) co_return std::move(stream);
  // Whoever answers at a peer's address with a bad certificate is worth as much alarm as one who dials.
  if (stream->engine().failure())
    on_refused({region, word_of(*stream), to_line(secured.error()), stream->remote()});
  stream->abort();
  co_return fail(secured.error());
}

// What a lane is dialled with; everything of the io thread's is a copy.
struct LaneOrder {
  Endpoint to;
  std::string region;
  std::shared_ptr<const TlsContext> tls;
  std::string congestion_control;
  std::function<tunnel::Config(const certs::PeerFacts&)> config;
  PeerLink::Owner owner;
  std::function<void(const std::shared_ptr<PeerLink>&)> made;
  OnRefused on_refused;
};

// What came within a second, until the first frame is here.
Awaitable<Bytes> read_first(TlsStream& stream) {
  const auto give_up = std::chrono::steady_clock::now() + kFirstPatience;
  Bytes early;
  Bytes buffer(kFirstReadBytes);
  const auto take = [&](size_t size) {
    early.insert(early.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  };
  while (!has_first_frame(early)) {
    // It may have come together with the end of the handshake.
    if (const size_t held = stream.engine().read(buffer); held > 0) {
      take(held);
      continue;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(give_up - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    const bool came = co_await stream.wait_readable({left.count()});
    if (!came) break;
    auto size = co_await stream.read_some(buffer, Duration::seconds(1));
    if (!size || *size == 0) break;
    take(*size);
  }
  co_return early;
}

// A coroutine begins when its thread gets there: until then somebody has to hold the link.
Awaitable<void> run_held(std::shared_ptr<PeerLink> link, Bytes early) {
  co_await link->run(std::move(early));
}

Awaitable<void> dial_lane(LaneOrder order) {
  auto stream = co_await connect_tls(order.to, order.region, order.tls, lane_clock, order.on_refused);
  if (!stream) co_return;
  prepare_socket(**stream, order.congestion_control);
  const certs::PeerFacts facts = *(*stream)->engine().peer();
  const auto link = std::make_shared<PeerLink>(std::move(*stream), order.config(facts), tunnel::Role::kDialer,
                                               std::move(order.owner));
  order.made(link);
  co_await link->run();
}

}  // namespace

// --- the control link
// ------------------------------------------------------------------------------------------------------------

Awaitable<Result<void>> PeerManager::Parts::dial(Peer& peer) {
  auto stream = co_await connect_tls(peer.address.address, peer.address.region, config.tls, config.clock,
                                     [this](PeerFault fault) { refuse(std::move(fault)); });
  if (!stream) co_return fail(stream.error());
  if (stopping) co_return Result<void>();
  co_await run_link(std::move(*stream), tunnel::Role::kDialer, {});
  co_return Result<void>();
}

Awaitable<void> PeerManager::Parts::dial_always(std::string region) {
  const auto self = shared_from_this();
  Peer& peer = peers.at(region);
  while (!stopping) {
    if (!peer.live) {
      auto dialled = co_await dial(peer);
      if (!dialled && !stopping && !peer.live) {
        ++peer.dials_failed;
        config.log("tunnel to " + region + ": " + to_line(dialled.error()));
        if (!peer.down_told) config.on_down(region, to_line(dialled.error()));
        peer.down_told = true;
      }
    }
    if (stopping) break;
    // While a session is up this waits for its end; then, and after a failure, it pauses before the next try.
    peer.wake->expires_after(peer.live ? std::chrono::milliseconds(kBackoffMostMillis)
                                       : jittered(peer.backoff_millis));
    if (!peer.live) peer.backoff_millis = std::min(peer.backoff_millis * 2, kBackoffMostMillis);
    co_await peer.wake->async_wait(as_value);
  }
}

Awaitable<void> PeerManager::Parts::accept_all() {
  const auto self = shared_from_this();
  asio::steady_timer pause(executor);
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(as_value);
    if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (error) {
      config.log("tunnel: accept: " + error.message());
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(as_value);
      continue;
    }
    boost::system::error_code gone;
    const std::string address = socket.remote_endpoint(gone).address().to_string();
    if (gone) continue;
    if (strangers_total >= limits::kTunnelConnectionsMax ||
        strangers[address] >= limits::kTunnelConnectionsOfAddressMax) {
      faults.refused("too-many");
      continue;
    }
    ++strangers[address];
    ++strangers_total;
    asio::co_spawn(executor, accept(std::move(socket), address), asio::detached);
  }
}

Awaitable<void> PeerManager::Parts::accept(tcp::socket socket, std::string address) {
  const auto self = shared_from_this();
  auto stream = std::make_unique<TlsStream>(std::move(socket), TlsEngine::server(config.tls));
  auto secured = co_await stream->handshake(kHandshakePatience, config.clock);
  if (--strangers[address] == 0) strangers.erase(address);
  --strangers_total;
  if (!secured) {
    refuse({"", word_of(*stream), to_line(secured.error()), stream->remote()});
    stream->abort();
    co_return;
  }
  // The hello says whether this is a session of its own, or a lane of one.
  // Who does not say it at once is no lane, and meets the session's own deadlines.
  Bytes early = co_await read_first(*stream);
  if (stopping) co_return;
  auto hello = first_hello(early);
  if (hello && hello->purpose == tunnel::Purpose::kBulk)
    co_await accept_lane(std::move(stream), std::move(*hello), std::move(early));
  else
    co_await run_link(std::move(stream), tunnel::Role::kAcceptor, std::move(early));
}

Awaitable<void> PeerManager::Parts::run_link(std::unique_ptr<TlsStream> stream, tunnel::Role role,
                                             Bytes early) {
  const certs::PeerFacts facts = *stream->engine().peer();
  const std::string region = facts.identity.region;
  const auto known = peers.find(region);
  if (known == peers.end()) {
    refuse({"", "not-a-peer", certs::to_uri(facts.identity) + " is no configured peer", stream->remote()});
    stream->abort();
    co_return;
  }
  if (has_key_of_another(facts)) {
    refuse({region, "shared-key", certs::to_uri(facts.identity) + " uses the key of another peer",
            stream->remote()});
    stream->abort();
    co_return;
  }
  prepare_socket(*stream, config.tuning.congestion_control);
  auto link = std::make_shared<PeerLink>(std::move(stream), session_config(facts, known->second.odd), role,
                                         owner_of(region));
  std::erase_if(links, [](const auto& old) { return old.expired(); });
  links.push_back(link);
  co_await link->run(std::move(early));
}

// --- bulk lanes
// ------------------------------------------------------------------------------------------------------------------

size_t PeerManager::Parts::lane_thread_count() {
  constexpr size_t kThreadsMax = 4;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kThreadsMax);
}

// A lane's budget outlives its connections, as the control link's does.
std::shared_ptr<tunnel::OddBudget> PeerManager::Parts::lane_odd(Peer& peer, uint32_t number) const {
  auto& odd = peer.lane_odds[number];
  if (!odd) odd = std::make_shared<tunnel::OddBudget>(lane_clock());
  return odd;
}

// The dialler's: for as long as the session lives.
Awaitable<void> PeerManager::Parts::keep_lanes(std::string region, std::shared_ptr<PeerLink> control) {
  const auto self = shared_from_this();
  Peer& peer = peers.at(region);
  const bool bbr = agreed_on(*control, tunnel::kFeatureBbr) && config.tuning.congestion_control.empty();
  const Duration round_trip{std::max<int64_t>(control->counters()->round_trip_min_micros, 0)};
  LaneChoice choice({round_trip, bbr, lane_threads.count()});
  asio::steady_timer tick(executor);
  uint64_t carried = 0;
  while (!stopping && peer.live == control && control->is_open()) {
    const uint32_t wanted = config.tuning.lanes != 0 ? config.tuning.lanes : choice.lanes();
    for (uint32_t number = 1; number <= std::min(wanted, limits::kLanesMax); ++number) {
      if (!peer.lanes_running.contains(number)) start_lane(region, control, number);
    }
    const auto began = std::chrono::steady_clock::now();
    tick.expires_after(kLaneTick + jittered(250));
    co_await tick.async_wait(as_value);
    uint64_t now = 0;
    bool busy = !control->lanes().empty();
    for (const auto& lane : control->lanes()) {
      now += lane->counters()->bytes_in + lane->counters()->bytes_out;
      busy &= lane->counters()->streams_open > 0;
    }
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
    choice.note(now > carried ? now - carried : 0, {took.count()}, busy);
    carried = now;
  }
}

void PeerManager::Parts::start_lane(const std::string& region, const std::shared_ptr<PeerLink>& control,
                                    uint32_t number) {
  Peer& peer = peers.at(region);
  LaneOrder order;
  order.to = peer.address.address;
  order.region = region;
  order.tls = config.tls;
  order.congestion_control = config.tuning.congestion_control;
  tunnel::Config session = session_config(control->peer(), lane_odd(peer, number));
  session.hello.purpose = tunnel::Purpose::kBulk;
  session.hello.lane = number;
  session.hello.session = control->session().agreed().session;
  order.config = [session](const certs::PeerFacts&) { return session; };
  order.owner = lane_owner(region, control);
  const std::weak_ptr<Parts> weak = weak_from_this();
  order.on_refused = [weak, io = executor](PeerFault fault) {
    asio::post(io, [weak, fault = std::move(fault)] {
      if (const auto self = weak.lock()) self->refuse(fault);
    });
  };
  order.made = [weak, io = executor](const std::shared_ptr<PeerLink>& link) {
    asio::post(io, [weak, link] {
      const auto self = weak.lock();
      if (!self) return;
      std::erase_if(self->lanes, [](const auto& old) { return old.expired(); });
      self->lanes.push_back(link);
    });
  };
  peer.lanes_running.insert(number);
  asio::co_spawn(lane_threads.next(), dial_lane(std::move(order)),
                 [weak, io = executor, region, number](const std::exception_ptr&) {
                   asio::post(io, [weak, region, number] {
                     if (const auto self = weak.lock()) self->peers.at(region).lanes_running.erase(number);
                   });
                 });
}

// The acceptor's. A lane may be here before the session's last word is.
Awaitable<void> PeerManager::Parts::accept_lane(std::unique_ptr<TlsStream> stream, tunnel::HelloFacts hello,
                                                Bytes early) {
  const certs::PeerFacts facts = *stream->engine().peer();
  const std::string region = facts.identity.region;
  const auto known = peers.find(region);
  const auto session = [&]() -> std::shared_ptr<PeerLink> {
    if (known == peers.end() || !known->second.live || !known->second.live->is_open()) return nullptr;
    const auto& live = known->second.live;
    return live->session().agreed().session == hello.session ? live : nullptr;
  };
  const auto give_up = std::chrono::steady_clock::now() + kSessionPatience;
  asio::steady_timer pause(executor);
  while (known != peers.end() && !session() && std::chrono::steady_clock::now() < give_up) {
    pause.expires_after(kLookAgain);
    co_await pause.async_wait(as_value);
  }
  const auto control = session();
  const bool fits = control && !stopping && hello.lane >= 1 && hello.lane <= limits::kLanesMax &&
                    control->lanes().size() < limits::kLanesMax &&
                    lane_odd(known->second, hello.lane).use_count() <= 2;  // no other lane of this number
  if (!fits) {  // the session says so, in its own words
    co_await run_link(std::move(stream), tunnel::Role::kAcceptor, std::move(early));
    co_return;
  }
  prepare_socket(*stream, config.tuning.congestion_control);
  const auto on = lane_threads.next();
  auto moved = TlsStream::moved_to(on, std::move(stream));
  if (!moved) co_return;
  const auto link = std::make_shared<PeerLink>(std::move(*moved),
                                               session_config(facts, lane_odd(known->second, hello.lane)),
                                               tunnel::Role::kAcceptor, lane_owner(region, control));
  std::erase_if(lanes, [](const auto& old) { return old.expired(); });
  lanes.push_back(link);
  asio::co_spawn(on, run_held(link, std::move(early)), asio::detached);
}

// All of it is called on the lane's thread.
PeerLink::Owner PeerManager::Parts::lane_owner(const std::string& region,
                                               const std::shared_ptr<PeerLink>& control) {
  PeerLink::Owner owner;
  const std::weak_ptr<Parts> weak = weak_from_this();
  const std::weak_ptr<PeerLink> session = control;
  owner.clock = lane_clock;
  owner.on_open = [weak, session, io = executor](PeerLink& link) {
    asio::post(io, [weak, session, lane = link.shared_from_this()] {
      const auto self = weak.lock();
      const auto of = session.lock();
      if (self && of) return self->lane_opened(of, lane);
      lane->post([](PeerLink& l) { l.cut(tunnel::Reason::kSuperseded, "its session is over"); });
    });
  };
  owner.on_message = [](PeerLink& link, const Bytes&) {
    link.cut(tunnel::Reason::kProtocol, "messages go on the control lane");
  };
  owner.on_stream = [weak, region](PeerLink& link, tunnel::StreamId id,
                                   ByteView header) -> std::shared_ptr<StreamHandler> {
    const auto self = weak.lock();
    return self ? self->items.accept_lane(link, region, id, header) : nullptr;
  };
  owner.on_end = [weak, session, region, io = executor](PeerLink& link, const Error&) {
    asio::post(io, [weak, session, region, counters = link.counters(), gone = &link] {
      if (const auto self = weak.lock()) self->lane_ended(region, session, gone, *counters);
    });
  };
  return owner;
}

void PeerManager::Parts::lane_opened(const std::shared_ptr<PeerLink>& control,
                                     const std::shared_ptr<PeerLink>& lane) {
  const bool lives =
      !stopping && control->is_open() && peers.at(control->peer().identity.region).live == control;
  if (!lives)
    return lane->post([](PeerLink& l) { l.cut(tunnel::Reason::kSuperseded, "its session is over"); });
  control->lanes().push_back(lane);
  items.lanes_changed(*control);
}

void PeerManager::Parts::lane_ended(const std::string& region, const std::weak_ptr<PeerLink>& control,
                                    const PeerLink* lane, const LinkCounters& counters) {
  Peer& peer = peers.at(region);
  peer.bytes_in += counters.bytes_in;
  peer.bytes_out += counters.bytes_out;
  const auto of = control.lock();
  if (!of) return;
  std::erase_if(of->lanes(), [lane](const auto& one) { return one.get() == lane; });
  items.lanes_changed(*of);
}

}  // namespace hetao::io
