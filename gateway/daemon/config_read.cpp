// The keys of the configuration file, one function a section.
#include <algorithm>
#include <array>
#include <filesystem>

#include "certs/identity.h"
#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"
#include "gateway/federation/facts.h"
#include "gateway/io/witness_desk.h"
#include "gateway/store/store.h"
#include "policy/schema.h"
#include "policy/yaml_reader.h"

namespace hetao::daemon {

namespace {

namespace fs = std::filesystem;
using policy::MapReader;
using policy::Node;
using policy::Reader;

std::string region_name(Section& s, MapReader& map, const char* key, const Node& at) {
  const auto name = map.text(key, MapReader::kNeeded);
  if (name && !certs::is_region_name(*name)) {
    s.reader.report(at, std::string(key) + " \"" + printable(*name) + "\" is no name",
                    "lower-case letters, digits and inner hyphens");
  }
  return name.value_or("");
}

std::string jurisdiction(Section& s, MapReader& map, const Node& at) {
  const auto code = map.text("jurisdiction", MapReader::kNeeded);
  if (code && !policy::is_jurisdiction(*code)) {
    s.reader.report(at, "jurisdiction \"" + printable(*code) + "\" is none",
                    "two capital letters, such as CN or HK");
  }
  return code.value_or("");
}

io::Endpoint endpoint(Section& s, MapReader& map, const char* key, MapReader::Presence presence,
                      const Node& at) {
  const auto text = map.text(key, presence);
  if (!text) return {};
  const auto parsed = io::parse_endpoint(*text);
  if (!parsed)
    s.reader.report(at, std::string(key) + " \"" + printable(*text) + "\" is no address",
                    "HOST:PORT, such as 127.0.0.1:8443");
  return parsed.value_or(io::Endpoint{});
}

// A value of an attribute, of the attribute's own type.
void read_fact(Section& s, const std::string& attribute, const std::string& shown, const Node& node,
               federation::FactList& out) {
  const auto known = policy::Schema::built_in().resolve(attribute);
  if (!known) {
    const std::string near = policy::Schema::built_in().nearest(attribute);
    return s.reader.report(node, "unknown attribute \"" + printable(shown) + "\"",
                           "an attribute of the policy language",
                           near.empty() ? "" : "did you mean \"" + near + "\"?");
  }
  switch (known->type) {
    case policy::Type::kBoolean:
      if (const auto value = s.reader.boolean(node, shown))
        federation::put_fact(out, federation::fact(attribute, *value));
      return;
    case policy::Type::kInteger:
      if (const auto value = s.reader.integer(node, shown))
        federation::put_fact(out, federation::fact(attribute, *value));
      return;
    case policy::Type::kSet:
      if (auto value = s.reader.texts(node, shown, true))
        federation::put_fact(out, federation::fact(attribute, std::move(*value)));
      return;
    default:
      break;
  }
  // `parameter.NAME` is whatever the pack makes of it: a switch is a boolean.
  if (attribute.starts_with("parameter.") && !node.quoted && (node.text == "true" || node.text == "false")) {
    return federation::put_fact(out, federation::fact(attribute, node.text == "true"));
  }
  const auto value = s.reader.text(node, shown);
  if (!value) return;
  if (known->type == policy::Type::kEnum &&
      std::find(known->values.begin(), known->values.end(), *value) == known->values.end()) {
    const std::string near = nearest_name(*value, known->values);
    return s.reader.report(node, shown + " \"" + printable(*value) + "\" is no value of it",
                           "one of " + join(known->values, ", "),
                           near.empty() ? "" : "did you mean \"" + near + "\"?");
  }
  federation::put_fact(out, federation::fact(attribute, std::string_view(*value)));
}

}  // namespace

void read_facts(Section& s, const Node& node, std::vector<pb::Fact>& out) {
  if (!s.reader.expect_map(node, "facts")) return;
  federation::FactList facts;
  for (const Node::Entry& entry : node.entries) read_fact(s, entry.key, entry.key, entry.value, facts);
  out.assign(facts.begin(), facts.end());
}

namespace {

void read_listen(Section& s, MapReader& top, Config& config) {
  const Node* node = top.get("listen", MapReader::kNeeded);
  if (node == nullptr) return;
  MapReader map(s.reader, *node, "listen");
  config.shell.https_listen = endpoint(s, map, "https", MapReader::kNeeded, *node);
  config.shell.tunnel_listen = endpoint(s, map, "tunnel", MapReader::kNeeded, *node);
  map.done();
}

// How often a job is tried, and how long anything of it may wait.
void read_jobs(Section& s, MapReader& top, Config& config) {
  const Node* node = top.get("jobs");
  if (node == nullptr) return;
  federation::CoreConfig& core = config.shell.core;
  MapReader map(s.reader, *node, "jobs");
  core.attempts_max =
      static_cast<int>(map.integer("attempts", MapReader::kMayMiss, 1, 100).value_or(core.attempts_max));
  core.job_deadline = map.duration("deadline").value_or(core.job_deadline);
  core.hold_expiry = map.duration("hold_expiry").value_or(core.hold_expiry);
  core.hold_escalation = map.duration("hold_escalation").value_or(core.hold_escalation);
  core.escalation_role = map.text("escalation_role").value_or(core.escalation_role);
  core.offer_expiry = map.duration("offer_expiry").value_or(core.offer_expiry);
  core.cancel_patience = map.duration("cancel_patience").value_or(core.cancel_patience);
  core.jobs_open_max = static_cast<size_t>(map.integer("open", MapReader::kMayMiss, 2, 10'000'000)
                                               .value_or(static_cast<int64_t>(core.jobs_open_max)));
  map.done();
}

// Nodes of a region that share a database: its URL, the folder that they share, and where each is reached.
void read_store(Section& s, MapReader& top, Config& config) {
  if (const Node* node = top.get("store")) {
    MapReader map(s.reader, *node, "store");
    config.store_url = map.text("postgresql", MapReader::kNeeded).value_or("");
    if (!config.store_url.empty()) {
      // libpq takes a file name without a scheme for a database name.
      auto known = config.store_url.starts_with("postgres") ? store::check_store_url(config.store_url)
                                                            : fail(ErrorCode::kUsage, "", "no scheme");
      if (!known)
        s.reader.report(*node, "store.postgresql is no URL: " + known.error().why,
                        "postgresql://USER@HOST/DATABASE");
    }
    map.done();
  }
  config.shell.shared_dir = s.path(top.text("shared_dir"));
  config.advertise_https = config.shell.https_listen;
  config.advertise_tunnel = config.shell.tunnel_listen;
  if (const Node* node = top.get("advertise")) {
    MapReader map(s.reader, *node, "advertise");
    config.advertise_https = endpoint(s, map, "https", MapReader::kNeeded, *node);
    config.advertise_tunnel = endpoint(s, map, "tunnel", MapReader::kNeeded, *node);
    map.done();
  }
  if (!config.store_url.empty() && config.shell.shared_dir.empty())
    s.reader.report(*top.get("store"), "nodes that share a database need a folder that they share too",
                    "shared_dir: FOLDER, for blobs and runs");
}

void read_certificates(Section& s, MapReader& top, Config& config) {
  if (const Node* node = top.get("https", MapReader::kNeeded)) {
    MapReader map(s.reader, *node, "https");
    config.https_certificate = s.path(map.text("certificate", MapReader::kNeeded));
    config.https_key = s.path(map.text("key", MapReader::kNeeded));
    map.done();
  }
  if (const Node* node = top.get("tunnel", MapReader::kNeeded)) {
    MapReader map(s.reader, *node, "tunnel");
    config.tunnel_certificate = s.path(map.text("certificate", MapReader::kNeeded));
    config.tunnel_key = s.path(map.text("key", MapReader::kNeeded));
    config.tunnel_groups = map.texts("groups").value_or(std::vector<std::string>());
    config.shell.link_tuning.lanes =
        static_cast<uint32_t>(map.integer("lanes", MapReader::kMayMiss, 1, limits::kLanesMax).value_or(0));
    config.shell.link_tuning.congestion_control = map.text("congestion_control").value_or("");
    map.done();
  }
  const Node* trust = top.get("trust", MapReader::kNeeded);
  if (trust == nullptr || !s.reader.expect_map(*trust, "trust")) return;
  for (const Node::Entry& entry : trust->entries) {
    MapReader map(s.reader, entry.value, "trust." + entry.key);
    config.trust.push_back(
        {entry.key, s.path(map.text("ca", MapReader::kNeeded)), s.path(map.text("crl", MapReader::kNeeded))});
    map.done();
  }
}

// Of blobs that cross; 0: no limit.
uint64_t rate_max(MapReader& map) {
  constexpr uint64_t kBytesPerMegabit = 125'000;
  constexpr int64_t kMegabitMax = 1'000'000;
  return static_cast<uint64_t>(
             map.integer("megabit_per_second", MapReader::kMayMiss, 1, kMegabitMax).value_or(0)) *
         kBytesPerMegabit;
}

// A key of the peer's ledger that is known beforehand; else the first that it announces is pinned.
void read_peer_key(Section& s, const Node& node, const std::string& region, const std::string& name,
                   const std::string& text, Config& config) {
  const bool of_log = name == "log_key";
  const std::string wanted = io::origin_of_region(region) + (of_log ? "" : "/witness");
  const auto key = ledger::parse_vkey(text);
  if (!key || key->name != wanted || key->type != (of_log ? ledger::kEd25519 : ledger::kEd25519Cosignature))
    return s.reader.report(
        node, name + " is not a verifier key of " + wanted,
        "the line of the peer's ledger/" + std::string(of_log ? "log.vkey" : "witness.vkey"));
  if (of_log)
    config.shell.witness.log_keys[region] = {*key};
  else
    config.shell.witness.witness_keys[region] = *key;
}

void read_forward(Section& s, const Node& node, Config& config) {
  MapReader map(s.reader, node, "forward");
  io::ForwardTarget target;
  target.name = map.text("name", MapReader::kNeeded).value_or("");
  target.address = map.text("address", MapReader::kNeeded).value_or("");
  target.ca = s.path(map.text("ca", MapReader::kNeeded));
  target.certificate = s.path(map.text("certificate"));
  target.key = s.path(map.text("key"));
  const std::string format = map.text("format").value_or("rfc5424");
  target.ocsf_lines = format == "ocsf";
  if (format != "rfc5424" && format != "ocsf")
    s.reader.report(node, "format \"" + printable(format) + "\" is none", "rfc5424 or ocsf");
  if (!target.name.empty() && !certs::is_region_name(target.name))
    s.reader.report(node, "name \"" + printable(target.name) + "\" is no name",
                    "lower-case letters, digits and inner hyphens");
  if (!target.address.empty() && !io::parse_endpoint(target.address))
    s.reader.report(node, "address \"" + printable(target.address) + "\" is no address",
                    "HOST:PORT, such as siem.example:6514");
  map.done();
  config.shell.forward.push_back(std::move(target));
}

// One period for all classes of entries, or a map from class to period; classes that it leaves out have the
// default.
void read_retention(Section& s, const Node& node, ledger::Retention& retention) {
  if (!node.is_map()) {
    if (const auto all = s.reader.duration(node, "ledger.retention")) retention = ledger::Retention(*all);
  } else {
    MapReader map(s.reader, node, "ledger.retention");
    for (const ledger::EntryClass one : ledger::kEntryClasses)
      if (const auto period = map.duration(ledger::to_word(one))) retention[one] = *period;
    map.done();
  }
  for (const ledger::EntryClass one : ledger::kEntryClasses) {
    if (retention[one] >= ledger::kRetentionLeast) continue;
    // Network logs are kept for six months at least (PRC Cybersecurity Law); the longest have 184 days.
    s.reader.report(node, "retention is shorter than the law's six months", "184d or more");
    return;
  }
}

void read_ledger(Section& s, MapReader& top, Config& config) {
  config.shell.sm2 = config.shell.core.jurisdiction == "CN";
  const Node* node = top.get("ledger");
  if (node == nullptr) return;
  MapReader map(s.reader, *node, "ledger");
  if (const Node* sm2 = map.get("sm2")) config.shell.sm2 = s.reader.boolean(*sm2, "sm2").value_or(false);
  if (const Node* inner = map.get("witness")) {
    io::WitnessConfig& rules = config.shell.witness;
    MapReader one(s.reader, *inner, "ledger.witness");
    if (const Node* required = one.get("required"))
      rules.required = s.reader.boolean(*required, "required").value_or(true);
    if (const auto stale = one.duration("stale_after")) rules.stale_after = *stale;
    if (const auto again = one.duration("again_after")) rules.again_after = *again;
    if (const auto patience = one.duration("start_patience")) rules.start_patience = *patience;
    config.witness_policy = s.path(one.text("policy"));
    one.done();
  }
  if (const Node* retention = map.get("retention")) read_retention(s, *retention, config.shell.retention);
  if (const Node* list = map.get("forward"); list != nullptr && s.reader.expect_list(*list, "forward")) {
    for (const Node& item : list->items) read_forward(s, item, config);
  }
  map.done();
}

void read_peers(Section& s, MapReader& top, Config& config) {
  const Node* list = top.get("peers");
  if (list == nullptr || !s.reader.expect_list(*list, "peers")) return;
  for (const Node& node : list->items) {
    MapReader map(s.reader, node, "peer");
    const std::string region = region_name(s, map, "region", node);
    config.shell.core.peers.push_back({region, jurisdiction(s, map, node)});
    const io::Endpoint address = endpoint(s, map, "address", MapReader::kMayMiss, node);
    config.shell.peers.push_back({region, address, rate_max(map)});
    static const std::vector<std::string> kShown = {"nothing", "sizes", "all"};
    if (const auto shown = map.word("supply", kShown))
      config.shell.core.shows_supply[region] = static_cast<federation::SupplyShown>(*shown);
    for (const char* name : {"log_key", "witness_key"}) {
      const auto text = map.text(name);
      if (text) read_peer_key(s, node, region, name, *text, config);
    }
    map.done();
    const bool trusted = std::any_of(config.trust.begin(), config.trust.end(),
                                     [&](const TrustedRegion& t) { return t.region == region; });
    if (!trusted)
      s.reader.report(node, "peer " + region + " has no CA under `trust`",
                      "trust." + region + ": {ca: FILE, crl: FILE}");
    if (region == config.shell.core.region)
      s.reader.report(node, "a gateway is no peer of its own region", "another region");
  }
}

void read_tenants(Section& s, MapReader& top, Config& config) {
  // Facts of a tenant, under the names that they have in tenants, and the attribute that gives their type.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kFacts = {{
      {"registered_in", "exporter.registered_in"},
      {"final_destination", "recipient.final_destination"},
      {"status", "exporter.status"},
      {"kind", "submitter.kind"},
      {"outside_gba", "recipient.outside_gba"},
      {"listed", "recipient.listed"},
      {"white_listed", "recipient.white_listed"},
      {"headquarters", "tenant.headquarters"},
      {"restricted", "tenant.restricted"},
  }};
  const Node* tenants = top.get("tenants", MapReader::kNeeded);
  if (tenants == nullptr || !s.reader.expect_map(*tenants, "tenants")) return;
  for (const Node::Entry& entry : tenants->entries) {
    pb::Tenant tenant;
    tenant.set_id(entry.key);
    MapReader map(s.reader, entry.value, "tenant " + entry.key);
    tenant.set_name(map.text("name").value_or(entry.key));
    if (const int64_t cap = read_amount(s, map, "monthly_cap_cny", entry.value); cap > 0)
      config.shell.core.monthly_caps[entry.key] = cap;
    federation::Quota quota;
    quota.cores = map.integer("cores_at_once", MapReader::kMayMiss, 1, 10'000'000).value_or(0);
    quota.accelerators = map.integer("accelerators_at_once", MapReader::kMayMiss, 1, 10'000'000).value_or(0);
    if (quota.cores > 0 || quota.accelerators > 0) config.shell.core.quotas[entry.key] = quota;
    if (const uint64_t rate = rate_max(map)) config.shell.tenant_bytes_per_second_max[entry.key] = rate;
    for (const auto& [name, attribute] : kFacts) {
      const Node* node = map.get(name);
      if (node == nullptr) continue;
      federation::FactList typed;
      read_fact(s, std::string(attribute), std::string(name), *node, typed);
      if (typed.empty()) continue;
      typed[0].set_name(std::string(name));
      federation::put_fact(*tenant.mutable_facts(), typed[0]);
    }
    map.done();
    config.shell.core.tenants[entry.key] = std::move(tenant);
  }
}

void read_signers(Section& s, MapReader& map, const Node& at, Config& config) {
  for (const std::string& text : map.texts("signers").value_or(std::vector<std::string>())) {
    auto key = ledger::parse_vkey(text);
    if (key && key->type == ledger::kEd25519) {
      config.policy_signers.push_back(std::move(*key));
    } else {
      s.reader.report(at, "policy.signers: \"" + printable(text.substr(0, 64)) + "\" is no key",
                      "NAME+ID+KEY, as `hetao policy key` prints it");
    }
  }
}

void read_top(Section& s, const Node& root, Config& config) {
  MapReader top(s.reader, root, "configuration");
  if (!top.is_map()) return;
  config.shell.core.region = region_name(s, top, "region", root);
  config.shell.core.jurisdiction = jurisdiction(s, top, root);
  config.shell.gateway = top.text("name").value_or("gw-1");
  config.shell.data_dir = s.path(top.text("data_dir", MapReader::kNeeded));
  read_listen(s, top, config);
  read_store(s, top, config);
  read_certificates(s, top, config);
  read_peers(s, top, config);
  if (const Node* node = top.get("policy", MapReader::kNeeded)) {
    MapReader map(s.reader, *node, "policy");
    config.policy_pack = s.path(map.text("pack", MapReader::kNeeded));
    read_signers(s, map, *node, config);
    map.done();
  }
  read_ledger(s, top, config);
  read_tenants(s, top, config);
  const auto operating = top.text("operator_tenant", MapReader::kNeeded);
  config.shell.core.operator_tenant = operating.value_or("");
  if (operating && !config.shell.core.tenants.contains(*operating)) {
    s.reader.report(root, "operator_tenant " + printable(*operating) + " is not among the tenants",
                    "a key of `tenants`");
  }
  read_platforms(s, top, config);
  read_placement(s, top, config);
  read_auth(s, top, config);
  for (const std::string& root_folder : top.texts("staging_roots").value_or(std::vector<std::string>())) {
    config.shell.staging_roots.push_back(s.path(root_folder));
  }
  if (const Node* node = top.get("uploads")) {
    MapReader map(s.reader, *node, "uploads");
    if (const auto quota = map.integer("quota_gb", MapReader::kMayMiss, 1, 1'000'000))
      config.shell.uploads.quota_bytes = static_cast<uint64_t>(*quota) << 30U;
    if (const auto kept = map.duration("kept")) config.shell.uploads.kept = *kept;
    map.done();
  }
  read_stores(s, top, config);
  read_inspection(s, top, config);
  read_traces(s, top, config);
  if (const Node* facts = top.get("facts")) read_facts(s, *facts, config.shell.core.standing_facts);
  if (const Node* node = top.get("organisation")) {
    MapReader map(s.reader, *node, "organisation");
    config.organisation = map.text("name").value_or("");
    config.organisation_url = map.text("url").value_or("");
    map.done();
  }
  config.shell.workers = static_cast<size_t>(top.integer("workers", MapReader::kMayMiss, 1, 256).value_or(2));
  read_jobs(s, top, config);
  if (const auto pause = top.duration("supply_every")) config.shell.supply_every = *pause;
  if (const auto settle = top.duration("submit_settle")) config.shell.core.submit_settle = *settle;
  top.done();
}

}  // namespace

tl::expected<Config, Diagnostics> read_config(std::string_view text, const std::string& file) {
  const auto root = policy::parse_yaml(text, file);
  if (!root) return tl::unexpected(root.error());
  Diagnostics mistakes;
  Reader reader(file, mistakes);
  std::error_code error;
  Section section{reader, fs::absolute(file, error).parent_path()};
  Config config;
  config.file = file;
  // The local platform answers at once: what it does not know after a second is not there.
  config.shell.core.submit_settle = Duration::seconds(2);
  read_top(section, *root, config);
  if (!mistakes.empty()) return tl::unexpected(std::move(mistakes));
  return config;
}

}  // namespace hetao::daemon
