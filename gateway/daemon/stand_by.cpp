#include "gateway/daemon/stand_by.h"

#include <spdlog/spdlog.h>

#include <optional>

#include "gateway/io/relay.h"

namespace hetao::daemon {

namespace {

// How long the region is without a leader at most, once the old one's session has ended.
constexpr timespec kAskAgainAfter{0, 250'000'000};

io::Endpoint endpoint_of(const std::string& text) {
  return io::parse_endpoint(text).value_or(io::Endpoint{});
}

store::Owner owner_of(const Config& config) {
  return {config.shell.core.region,
          {config.shell.gateway, io::to_text(config.advertise_https), io::to_text(config.advertise_tunnel)}};
}

bool told_to_stop(const sigset_t& signals) {
  const int signal = sigtimedwait(&signals, nullptr, &kAskAgainAfter);
  return signal == SIGTERM || signal == SIGINT;
}

}  // namespace

Result<std::unique_ptr<store::Store>> take_store(const Config& config, const sigset_t& stopping) {
  std::unique_ptr<io::Relay> relay;
  store::Leader last;
  while (true) {
    auto claim = store::claim_store(config.store_url, owner_of(config));
    // Once we stand by, a database that is away for a while is not our end; a refusal of it is.
    if (!claim && (relay == nullptr || claim.error().code == ErrorCode::kUsage)) return fail(claim.error());
    if (claim && claim->store != nullptr) {
      if (relay != nullptr) spdlog::info("node {} takes over", config.shell.gateway);
      return std::move(claim->store);
    }
    if (relay == nullptr) {
      auto opened = io::Relay::open({config.shell.https_listen, config.shell.tunnel_listen});
      if (!opened) return fail(opened.error());
      relay = std::move(*opened);
    }
    if (claim && claim->held_by != last) {
      last = claim->held_by;
      spdlog::info("node {} stands by; {} leads", config.shell.gateway,
                   last.node.empty() ? "nobody yet" : last.node);
      relay->lead_to({endpoint_of(last.https), endpoint_of(last.tunnel)});
    }
    if (told_to_stop(stopping)) return nullptr;
  }
}

}  // namespace hetao::daemon
