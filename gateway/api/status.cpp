#include "certs/status.h"
#include "gateway/api/demand.h"
#include "gateway/api/handlers.h"
#include "gateway/api/openapi_text.h"
#include "gateway/api/policy_warnings.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/federation/table.h"

namespace hetao::api {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;

json::object jobs_by_state(const federation::Core& core) {
  json::object out;
  for (const auto& [state, count] : core.jobs_in()) {
    if (count > 0) out[federation::to_word(state)] = count;
  }
  return out;
}

json::array own_platforms(const federation::Core& core) {
  json::array out;
  for (const pb::Platform& platform : core.platforms()) out.push_back(platform_view(platform));
  return out;
}

json::object certificate_view(const certs::CertificateStatus& status, const std::string& used_for) {
  json::object out;
  out["used_for"] = used_for;
  out["subject"] = status.subject;
  put(out, "issuer", status.issuer);
  put(out, "serial", status.serial);
  put(out, "key", status.key);
  put_time(out, "not_before", status.not_before.micros);
  put_time(out, "not_after", status.not_after.micros);
  out["days_left"] = status.days_left;
  out["urgency"] = certs::to_word(status.urgency);
  put(out, "advice", status.advice);
  out["fingerprint"] = status.fingerprint.hex();
  return out;
}

std::string lists_of(const Context& c) {
  std::string lists;
  for (const CertificateFile& file : c.config.certificates) {
    if (file.is_crl) lists += file.pem + "\n";
  }
  return lists;
}

// What needs a hand soon: "tunnel spiffe://…: 3 days left: renew it with …".
json::array certificate_warnings(const Context& c) {
  json::array out;
  const auto warn = [&](const std::string& what, int64_t days_left, certs::Urgency urgency,
                        const std::string& advice) {
    if (urgency == certs::Urgency::kOk) return;
    out.push_back(json::object{
        {"what", what}, {"days_left", days_left}, {"urgency", certs::to_word(urgency)}, {"advice", advice}});
  };
  const std::string lists = lists_of(c);
  for (const CertificateFile& file : c.config.certificates) {
    if (file.is_crl) {
      const auto all = certs::crl_status(file.pem, c.backend.now());
      for (size_t i = 0; all && i < all->size(); ++i)
        warn(file.used_for + ": revocation list of " + (*all)[i].issuer, (*all)[i].days_left,
             (*all)[i].urgency, (*all)[i].advice);
      continue;
    }
    const auto all = certs::certificate_status(file.pem, c.backend.now(), lists);
    for (size_t i = 0; all && i < all->size(); ++i)
      warn(file.used_for + ": " + (*all)[i].subject, (*all)[i].days_left, (*all)[i].urgency,
           (*all)[i].advice);
  }
  return out;
}

// Files and addresses of the gateway are for those who run it or audit it.
bool is_operating(const Context& c) {
  return c.caller.roles.has(Role::kOperator) || c.caller.roles.has(Role::kAuditor);
}

json::object crl_view(const certs::CrlStatus& status, const std::string& used_for) {
  json::object out;
  out["used_for"] = used_for;
  out["issuer"] = status.issuer;
  out["number"] = status.number;
  out["revoked"] = status.revoked;
  put_time(out, "this_update", status.this_update.micros);
  put_time(out, "next_update", status.next_update.micros);
  out["days_left"] = status.days_left;
  out["urgency"] = certs::to_word(status.urgency);
  put(out, "advice", status.advice);
  return out;
}

}  // namespace

io::HttpResponse who_am_i(const Context& c) {
  json::object out;
  out["user"] = c.caller.user;
  out["tenant"] = c.caller.tenant;
  json::array roles;
  for (const std::string& word : c.caller.roles.words()) roles.emplace_back(word);
  out["roles"] = std::move(roles);
  out["by"] = c.caller.by;
  if (c.caller.by == "session") out["session"] = session_view(c);
  return json_answer(out);
}

io::HttpResponse get_status(const Context& c) {
  const federation::Core& core = c.backend.core();
  const io::ShellStatus shell = c.backend.status();
  json::object out;
  out["region"] = core.config().region;
  out["jurisdiction"] = core.config().jurisdiction;
  out["gateway"] = c.backend.gateway();
  out["version"] = c.config.version;
  out["ready"] = shell.ready;
  put(out, "not_ready", shell.not_ready);
  put_time(out, "started", shell.started.micros);
  put_time(out, "now", c.backend.now().micros);
  out["policy"] = json::object{{"name", c.backend.policy_name()}, {"digest", core.policy_digest()}};
  out["ledger"] = json::object{{"entries", shell.ledger_entries}, {"published", shell.ledger_published}};
  if (!shell.witnesses.empty()) out["witnesses"] = witnesses_view(shell.witnesses);
  out["jobs"] = jobs_by_state(core);
  int64_t open = 0;
  for (const auto& [id, review] : core.reviews()) open += review.state() == pb::REVIEW_OPEN ? 1 : 0;
  out["reviews_open"] = open;
  int64_t up = 0;
  const auto peers = core.peers();
  for (const federation::PeerState& peer : peers) up += peer.up ? 1 : 0;
  out["peers_up"] = up;
  out["peers"] = peers.size();
  if (is_operating(c) || c.caller.has(Role::kPolicyAdmin)) {
    json::array coming = policy_warnings(c.backend);
    if (!coming.empty()) out["policy_warnings"] = std::move(coming);
    if (shell.counters_agree) out["counters_agree"] = *shell.counters_agree;
  }
  if (!is_operating(c)) return json_answer(out);
  put(out, "reload_failed", shell.reload_failed);
  json::array warnings = certificate_warnings(c);
  if (!warnings.empty()) out["certificate_warnings"] = std::move(warnings);
  return json_answer(out);
}

namespace {

// Whose blobs are on their way is for those who run the gateway.
json::object link_view(const io::LinkStatus& link, bool with_transfers) {
  json::object out;
  if (link.up) {
    out["dialled_by"] = link.dialled_by;
    out["lanes"] = link.lanes;
    out["congestion_control"] = link.congestion_control;
    if (!link.policy_digest.empty()) out["policy_digest"] = link.policy_digest;
  }
  if (link.round_trip) out["round_trip_micros"] = link.round_trip->micros;
  out["bytes_in"] = link.bytes_in;
  out["bytes_out"] = link.bytes_out;
  out["bytes_per_second_in"] = link.bytes_per_second_in;
  out["bytes_per_second_out"] = link.bytes_per_second_out;
  out["segments_again"] = link.segments_again;
  out["dials_failed"] = link.dials_failed;
  if (!with_transfers) return out;
  json::array transfers;
  for (const io::TransferStatus& moving : link.transfers) {
    transfers.push_back(json::object{{"crossing", moving.crossing},
                                     {"direction", moving.sending ? "out" : "in"},
                                     {"bytes_done", moving.bytes_done},
                                     {"bytes_total", moving.bytes_total}});
  }
  out["transfers"] = std::move(transfers);
  return out;
}

}  // namespace

io::HttpResponse list_peers(const Context& c) {
  json::object out;
  out["region"] = c.backend.core().config().region;
  json::array peers;
  const io::ShellStatus shell = c.backend.status();
  for (const federation::PeerState& peer : c.backend.core().peers()) {
    json::object one = to_json(peer);
    for (const io::PeerTunnel& tunnel : shell.tunnels) {
      if (tunnel.region != peer.region) continue;
      one["gateway"] = tunnel.gateway;
      if (is_operating(c)) one["remote"] = tunnel.remote;
      one["certificate_days_left"] = (tunnel.certificate_ends - c.backend.now()).micros / kMicrosPerDay;
    }
    for (const io::LinkStatus& link : shell.links) {
      if (link.region == peer.region) one["link"] = link_view(link, is_operating(c));
    }
    peers.push_back(std::move(one));
  }
  out["peers"] = std::move(peers);
  return json_answer(out);
}

io::HttpResponse get_capacity(const Context& c) {
  const federation::Core& core = c.backend.core();
  json::array regions;
  json::object own;
  own["region"] = core.config().region;
  own["jurisdiction"] = core.config().jurisdiction;
  own["reachable"] = true;
  own["platforms"] = own_platforms(core);
  own["demand"] = demand_view(core, c.backend.now());
  regions.push_back(std::move(own));
  for (const federation::PeerState& peer : core.peers()) {
    json::object one;
    one["region"] = peer.region;
    one["jurisdiction"] = peer.jurisdiction;
    one["reachable"] = peer.up;
    json::array platforms;
    for (const pb::Platform& platform : peer.platforms) platforms.push_back(platform_view(platform));
    one["platforms"] = std::move(platforms);
    regions.push_back(std::move(one));
  }
  json::object out;
  out["regions"] = std::move(regions);
  return json_answer(out);
}

io::HttpResponse get_certificates(const Context& c) {
  json::array certificates;
  json::array lists;
  const std::string lists_pem = lists_of(c);
  for (const CertificateFile& file : c.config.certificates) {
    if (file.is_crl) {
      const auto all = certs::crl_status(file.pem, c.backend.now());
      if (!all) return problem(500, all.error());
      for (const certs::CrlStatus& one : *all) lists.push_back(crl_view(one, file.used_for));
    } else {
      const auto all = certs::certificate_status(file.pem, c.backend.now(), lists_pem);
      if (!all) return problem(500, all.error());
      for (const certs::CertificateStatus& one : *all) {
        certificates.push_back(certificate_view(one, file.used_for));
      }
    }
  }
  json::object out;
  out["certificates"] = std::move(certificates);
  out["revocation_lists"] = std::move(lists);
  return json_answer(out);
}

io::HttpResponse healthz(const Context&) {
  return text_answer("ok\n");
}

io::HttpResponse readyz(const Context& c) {
  const io::ShellStatus status = c.backend.status();
  if (status.ready && !status.stopping) return text_answer("ready\n");
  return text_answer("not ready: " + (status.stopping ? "stopping" : status.not_ready) + "\n", 503);
}

io::HttpResponse description(const Context&) {
  return text_answer(std::string(openapi_text()), 200, "application/yaml");
}

}  // namespace hetao::api
