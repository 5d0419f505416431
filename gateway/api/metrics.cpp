// /metrics in Prometheus' text format 0.0.4.
#include <map>
#include <vector>

#include "certs/status.h"
#include "gateway/api/handlers.h"
#include "gateway/api/policy_warnings.h"
#include "gateway/api/problem.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/table.h"
#include "gateway/io/span_exporter.h"

namespace hetao::api {

namespace {

class Exposition {
 public:
  void family(const char* name, const char* type, const char* help) {
    name_ = name;
    text_ += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }
  template <class Number>
  void sample(Number value, const std::string& labels = {}) {
    text_ += name_ + (labels.empty() ? "" : "{" + labels + "}") + " " + std::to_string(value) + "\n";
  }
  template <class Number>
  void one(const char* name, const char* type, const char* help, Number value) {
    family(name, type, help);
    sample(value);
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

std::string label(const char* name, std::string_view value) {
  std::string out = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

void put_shell(Exposition& out, const io::ShellStatus& shell, Instant now) {
  out.one("hetao_ready", "gauge", "1 when the gateway answers and works.", shell.ready ? 1 : 0);
  out.one("hetao_uptime_seconds", "gauge", "Since the start.", (now - shell.started).micros / 1'000'000);
  out.one("hetao_steps_total", "counter", "Steps of the core.", shell.steps);
  out.one("hetao_steps_waiting", "gauge", "Steps that are not durable yet.", shell.steps_waiting);
  out.one("hetao_commits_total", "counter", "Groups of steps made durable.", shell.commits);
  out.one("hetao_records_total", "counter", "Records written.", shell.records);
  out.one("hetao_ledger_entries", "gauge", "Entries in the ledger.", shell.ledger_entries);
  out.one("hetao_ledger_published", "gauge", "Entries below the newest checkpoint.", shell.ledger_published);
  out.one("hetao_http_connections", "gauge", "Open HTTPS connections.", shell.http_connections);
  out.one("hetao_http_requests_total", "counter", "Requests answered.", shell.http_requests);
  out.family("hetao_tunnel_bytes_total", "counter", "Bytes through tunnels.");
  out.sample(shell.tunnel_bytes_in, label("direction", "in"));
  out.sample(shell.tunnel_bytes_out, label("direction", "out"));
}

void put_core(Exposition& out, const federation::Core& core) {
  out.family("hetao_jobs", "gauge", "Jobs of this home by state, but for those in the archive.");
  for (const auto& [state, count] : core.jobs_in())
    out.sample(count, label("state", federation::to_word(state)));
  out.family("hetao_jobs_ended_total", "counter", "Jobs of this home that ended since the start.");
  for (const auto& [state, count] : core.ended_jobs())
    out.sample(count, label("state", federation::to_word(state)));
  std::map<std::string, int64_t> crossings;
  for (const auto& [id, crossing] : core.crossings()) ++crossings[federation::to_word(crossing.state())];
  out.family("hetao_crossings", "gauge", "Crossings by state on this side.");
  for (const auto& [word, count] : crossings) out.sample(count, label("state", word));
  int64_t open = 0;
  for (const auto& [id, review] : core.reviews()) open += review.state() == pb::REVIEW_OPEN ? 1 : 0;
  out.one("hetao_reviews_open", "gauge", "Held crossings that wait for a reviewer.", open);
  const auto peers = core.peers();
  out.family("hetao_peer_up", "gauge", "1 while the tunnel to the region is up.");
  for (const federation::PeerState& peer : peers) out.sample(peer.up ? 1 : 0, label("region", peer.region));
  out.family("hetao_peer_outbox", "gauge", "Messages that the region has not taken yet.");
  for (const federation::PeerState& peer : peers) out.sample(peer.outbox, label("region", peer.region));
}

void put_faults(Exposition& out, const io::ShellStatus& shell) {
  out.family("hetao_tunnel_refused_total", "counter", "Attempts to become a tunnel that were refused.");
  for (const auto& [reason, count] : shell.faults.refused()) out.sample(count, label("reason", reason));
  out.family("hetao_tunnel_ended_total", "counter", "Tunnels that ended.");
  for (const auto& [what, count] : shell.faults.ended())
    out.sample(count, label("region", what.first) + "," + label("reason", what.second));
  out.family("hetao_tunnel_streams_refused_total", "counter",
             "Streams refused or cut in a tunnel that went on.");
  for (const auto& [what, count] : shell.faults.streams())
    out.sample(count, label("region", what.first) + "," + label("reason", what.second));
  out.one("hetao_reload_failed", "gauge", "1 while the last reload kept the old because it was broken.",
          shell.reload_failed.empty() ? 0 : 1);
}

void put_links(Exposition& out, const std::vector<io::LinkStatus>& links, Instant now) {
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    out.family(name, type, help);
    for (const io::LinkStatus& link : links) {
      if (link.up) out.sample(value(link), label("region", link.region));
    }
  };
  using Link = io::LinkStatus;
  each("hetao_link_lanes", "gauge", "Bulk connections to the region.", [](const Link& l) { return l.lanes; });
  each("hetao_link_round_trip_seconds", "gauge", "To the region, as TCP sees it.",
       [](const Link& l) { return static_cast<double>(l.round_trip.value_or(Duration{}).micros) / 1e6; });
  each("hetao_link_bytes_in_total", "counter", "From the region.", [](const Link& l) { return l.bytes_in; });
  each("hetao_link_bytes_out_total", "counter", "To the region.", [](const Link& l) { return l.bytes_out; });
  each("hetao_link_segments_again_total", "counter", "TCP segments sent again on open connections.",
       [](const Link& l) { return l.segments_again; });
  each("hetao_link_transfers", "gauge", "Blobs on their way.",
       [](const Link& l) { return l.transfers.size(); });
  each("hetao_peer_certificate_expiry_seconds", "gauge", "Until the peer's certificate ends.",
       [now](const Link& l) { return (l.certificate_ends - now).micros / 1'000'000; });
}

void put_witnesses(Exposition& out, const std::vector<io::WitnessStatus>& witnesses, Instant now) {
  out.family("hetao_witness_fresh", "gauge",
             "1 while the witness's newest cosignature is young enough to release.");
  for (const io::WitnessStatus& one : witnesses) out.sample(one.fresh ? 1 : 0, label("witness", one.name));
  out.family("hetao_witness_age_seconds", "gauge", "Of the witness's newest cosignature of this ledger.");
  for (const io::WitnessStatus& one : witnesses)
    if (one.cosigned_at) out.sample((now - *one.cosigned_at).micros / 1'000'000, label("witness", one.name));
  out.family("hetao_witness_alarm", "gauge",
             "1 while an alarm about this ledger (own) or the peer's (peer) is open.");
  for (const io::WitnessStatus& one : witnesses) {
    out.sample(one.alarm.empty() ? 0 : 1, label("witness", one.name) + "," + label("ledger", "own"));
    if (one.is_peer)
      out.sample(one.their_alarm.empty() ? 0 : 1, label("witness", one.name) + "," + label("ledger", "peer"));
  }
  out.family("hetao_releases_held", "gauge", "1 while nothing is released to the region.");
  for (const io::WitnessStatus& one : witnesses)
    if (one.is_peer) out.sample(one.held.empty() ? 0 : 1, label("region", one.name));
}

void put_books(Exposition& out, const io::ShellStatus& shell) {
  out.one("hetao_ledger_indexed", "gauge", "Entries that the search index knows.", shell.ledger_indexed);
  out.family("hetao_books_matched", "gauge", "Crossings that both books agree on.");
  for (const io::BookStatus& book : shell.books)
    out.sample(book.report.matched, label("region", book.region));
  out.family("hetao_books_mismatches", "gauge", "Findings that the books do not agree on.");
  for (const io::BookStatus& book : shell.books)
    out.sample(book.report.mismatches.size(), label("region", book.region));
  out.family("hetao_forward_waiting", "gauge", "Entries that a monitoring system has not taken yet.");
  for (const io::ForwardStatus& one : shell.forwards)
    out.sample(shell.ledger_entries > one.next ? shell.ledger_entries - one.next : 0,
               label("target", one.name));
}

void put_spans(Exposition& out) {
  const io::SpanStats spans = io::span_stats();
  out.one("hetao_spans_sent_total", "counter", "Spans that the collector of traces has taken.", spans.sent);
  out.one("hetao_spans_dropped_total", "counter", "Spans that found no room, or that the collector refused.",
          spans.dropped);
  out.one("hetao_spans_waiting", "gauge", "Spans that wait for the collector.", spans.waiting);
}

void put_sign_in(Exposition& out, const Gatekeeper& gate) {
  out.family("hetao_refresh_tokens_taken_back_total", "counter",
             "Refresh tokens that a provider was asked to take back at a sign-out.");
  out.sample(gate.taken_back().done, label("outcome", "done"));
  out.sample(gate.taken_back().failed, label("outcome", "failed"));
}

void put_certificates(Exposition& out, const ApiConfig& config, Instant now) {
  struct Ends {
    std::string labels;
    Instant at;
  };
  std::vector<Ends> all;
  const auto add = [&](const std::string& used_for, const std::string& what, Instant at) {
    all.push_back({label("used_for", used_for) + "," + label("what", what), at});
  };
  for (const CertificateFile& file : config.certificates) {
    if (file.is_crl) {
      const auto lists = certs::crl_status(file.pem, now);
      for (size_t i = 0; lists && i < lists->size(); ++i) {
        const certs::CrlStatus& one = (*lists)[i];
        add(file.used_for, i == 0 ? "revocation-list" : "revocation-list of " + one.issuer, one.next_update);
      }
      continue;
    }
    const auto certificates = certs::certificate_status(file.pem, now);
    for (size_t i = 0; certificates && i < certificates->size(); ++i)
      add(file.used_for, (*certificates)[i].subject, (*certificates)[i].not_after);
  }
  out.family("hetao_certificate_expiry_seconds", "gauge",
             "Until a certificate or revocation list ends; negative once it has.");
  for (const Ends& one : all) out.sample((one.at - now).micros / 1'000'000, one.labels);
}

void put_policy(Exposition& out, Backend& backend) {
  const federation::Core& core = backend.core();
  out.family("hetao_policy_info", "gauge", "1 for the policy in force.");
  out.sample(1, label("digest", core.policy_digest()) + "," + label("name", core.policy_name()));
  out.one("hetao_policy_shadow", "gauge", "1 while a shadow policy runs.",
          core.policy_record().shadow().digest().empty() ? 0 : 1);
  const int32_t today = shanghai_date(backend.now()).days;
  out.family("hetao_mechanism_days_left", "gauge", "Until a filing ends; negative once it has.");
  for (const auto& [id, mechanism] : core.mechanisms()) {
    const auto left = federation::days_left(mechanism, today);
    if (left && !mechanism.withdrawn())
      out.sample(*left, label("id", id) + "," + label("kind", mechanism.kind()));
  }
  std::map<std::string, int64_t> warnings = {{"mechanism", 0}, {"rule", 0}, {"counter", 0}};
  for (const PolicyWarning& warning : policy_warning_list(backend)) ++warnings[warning.kind];
  out.family("hetao_policy_warnings", "gauge", "What will change decisions by itself, or needs a hand soon.");
  for (const auto& [kind, count] : warnings) out.sample(count, label("kind", kind));
  out.family("hetao_counter", "gauge", "Yearly counters of exporters.");
  for (const auto& [key, counter] : core.counters()) {
    const std::string of =
        label("tenant", counter.tenant()) + "," + label("year", std::to_string(counter.year())) + ",";
    out.sample(counter.ordinary(), of + label("what", "persons-ordinary"));
    out.sample(counter.sensitive(), of + label("what", "persons-sensitive"));
    out.sample(counter.bytes(), of + label("what", "bytes"));
    out.sample(counter.jobs(), of + label("what", "jobs"));
  }
  const auto agree = backend.status().counters_agree;
  if (agree)
    out.one("hetao_counters_agree", "gauge", "1 when the ledger tells the same counters.", *agree ? 1 : 0);
}

}  // namespace

io::HttpResponse metrics(const Context& c) {
  Exposition out;
  const Instant now = c.backend.now();
  const io::ShellStatus shell = c.backend.status();
  put_shell(out, shell, now);
  put_faults(out, shell);
  put_links(out, shell.links, now);
  put_witnesses(out, shell.witnesses, now);
  put_books(out, shell);
  put_spans(out);
  put_sign_in(out, c.gate);
  put_core(out, c.backend.core());
  put_certificates(out, c.config, now);
  put_policy(out, c.backend);
  return text_answer(std::move(out).text(), 200, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace hetao::api
