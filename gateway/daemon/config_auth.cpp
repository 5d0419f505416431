// The keys below `auth`: whose tokens count, where people sign in, which client certificates may do what.
#include <algorithm>

#include "certs/identity.h"
#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"
#include "gateway/identity/metadata.h"

namespace hetao::daemon {

namespace {

using policy::MapReader;
using policy::Node;

constexpr const char* kRoleNames = "submitter, data-owner, policy-admin, reviewer, auditor, operator";

void read_role_words(Section& s, const Node& at, const std::vector<std::string>& words,
                     std::vector<api::Role>& out) {
  for (const std::string& word : words) {
    if (const auto role = api::role_from_word(word))
      out.push_back(*role);
    else
      s.reader.report(at, "\"" + printable(word) + "\" is no role", kRoleNames);
  }
}

api::RoleSet read_roles(Section& s, MapReader& map, const Node& at) {
  std::vector<api::Role> list;
  read_role_words(s, at, map.texts("roles", MapReader::kNeeded, true).value_or(std::vector<std::string>()),
                  list);
  api::RoleSet roles;
  for (const api::Role role : list) roles.add(role);
  return roles;
}

void read_role_map(Section& s, const Node& node, api::IssuerConfig& issuer) {
  if (!s.reader.expect_map(node, "role_map")) return;
  for (const Node::Entry& entry : node.entries) {
    const auto words = s.reader.texts(entry.value, entry.key, true).value_or(std::vector<std::string>());
    read_role_words(s, entry.value, words, issuer.role_map[entry.key]);
  }
}

void read_tenant_map(Section& s, const Node& node, api::IssuerConfig& issuer) {
  if (!s.reader.expect_map(node, "tenant_map")) return;
  for (const Node::Entry& entry : node.entries) {
    if (const auto tenant = s.reader.text(entry.value, entry.key)) issuer.tenant_map[entry.key] = *tenant;
  }
}

// Clients that get tokens for themselves, by their id at the provider.
void read_services(Section& s, const Node& node, api::IssuerConfig& issuer) {
  if (!s.reader.expect_map(node, "services")) return;
  for (const Node::Entry& entry : node.entries) {
    MapReader one(s.reader, entry.value, "service " + entry.key);
    identity::Person person;
    person.user = one.text("user").value_or(entry.key);
    person.tenant = one.text("tenant", MapReader::kNeeded).value_or("");
    person.roles = read_roles(s, one, entry.value);
    one.done();
    issuer.services[entry.key] = std::move(person);
  }
}

void read_sign_in(Section& s, const Node& node, IssuerKeys& issuer) {
  MapReader map(s.reader, node, "sign_in");
  api::SignInConfig sign_in;
  sign_in.client.id = map.text("client_id", MapReader::kNeeded).value_or("");
  issuer.client_secret_file = s.path(map.text("client_secret_file"));
  if (const auto scopes = map.texts("scopes")) sign_in.client.scopes = *scopes;
  sign_in.title = map.text("title").value_or(issuer.config.name);
  sign_in.code = map.boolean("code").value_or(true);
  sign_in.device = map.boolean("device").value_or(false);
  map.done();
  const auto& scopes = sign_in.client.scopes;
  if (std::find(scopes.begin(), scopes.end(), "openid") == scopes.end())
    s.reader.report(node, "scopes lack openid", "scopes: [openid, profile]");
  issuer.config.sign_in = std::move(sign_in);
}

// What is asked of an issuer itself has to be reached, and told apart in addresses.
void check_issuer(Section& s, const Node& node, const IssuerKeys& issuer, const Config& config) {
  const api::IssuerConfig& c = issuer.config;
  if (c.discovered && !c.issuer.empty() && !identity::is_provider_url(c.issuer)) {
    s.reader.report(node,
                    "issuer \"" + printable(c.issuer) + "\" is no https:// address, and has no jwks_file",
                    "https://HOST…, or jwks_file: FILE");
  }
  if (c.sign_in && !c.discovered)
    s.reader.report(node, "sign_in needs what the issuer publishes itself", "leave jwks_file out");
  if ((c.discovered || !c.name.empty()) && !certs::is_region_name(c.name)) {
    s.reader.report(node, "name \"" + printable(c.name) + "\" is no name of an issuer",
                    "lower-case letters, digits and inner hyphens: it stands in addresses");
  }
  if (!c.tenant.empty() && !c.tenant_map.empty())
    s.reader.report(node, "tenant and tenant_map exclude each other", "one of them");
  const bool twice = std::any_of(config.issuers.begin(), config.issuers.end(), [&](const IssuerKeys& other) {
    return !c.name.empty() && other.config.name == c.name;
  });
  if (twice)
    s.reader.report(node, "two issuers are named \"" + printable(c.name) + "\"", "a name of its own");
}

void read_issuer(Section& s, const Node& node, Config& config) {
  MapReader one(s.reader, node, "issuer");
  IssuerKeys issuer;
  api::IssuerConfig& c = issuer.config;
  c.name = one.text("name").value_or("");
  c.issuer = one.text("issuer", MapReader::kNeeded).value_or("");
  c.audience = one.text("audience", MapReader::kNeeded).value_or("");
  issuer.jwks_file = s.path(one.text("jwks_file"));
  c.discovered = issuer.jwks_file.empty();
  c.ca = s.path(one.text("ca"));
  c.user_claim = one.text("user_claim").value_or("sub");
  c.tenant_claim = one.text("tenant_claim").value_or("tenant");
  c.roles_claim = one.text("roles_claim").value_or("roles");
  c.tenant = one.text("tenant").value_or("");
  c.tenants = one.texts("tenants").value_or(std::vector<std::string>());
  if (const Node* roles = one.get("role_map")) read_role_map(s, *roles, c);
  if (const Node* tenants = one.get("tenant_map")) read_tenant_map(s, *tenants, c);
  if (const Node* services = one.get("services")) read_services(s, *services, c);
  if (const Node* sign_in = one.get("sign_in")) read_sign_in(s, *sign_in, issuer);
  one.done();
  check_issuer(s, node, issuer, config);
  config.issuers.push_back(std::move(issuer));
}

void read_client(Section& s, const Node& node, Config& config) {
  MapReader one(s.reader, node, "client");
  api::ClientConfig client;
  client.identity = one.text("identity", MapReader::kNeeded).value_or("");
  client.user = one.text("user", MapReader::kNeeded).value_or("");
  client.tenant = one.text("tenant", MapReader::kNeeded).value_or("");
  client.roles = read_roles(s, one, node);
  one.done();
  if (!client.identity.empty() && !certs::parse_identity(client.identity)) {
    s.reader.report(node, "identity \"" + printable(client.identity) + "\" is none",
                    "spiffe://hetao/REGION/client/NAME");
  }
  config.clients.push_back(std::move(client));
}

void read_lengths(Section& s, MapReader& map, const Node& auth, api::AuthConfig& out) {
  if (const Node* node = map.get("sessions")) {
    MapReader one(s.reader, *node, "auth.sessions");
    if (const auto idle = one.duration("idle")) out.session_idle = *idle;
    if (const auto longest = one.duration("longest")) out.session_longest = *longest;
    one.done();
  }
  if (const Node* node = map.get("personal_tokens")) {
    MapReader one(s.reader, *node, "auth.personal_tokens");
    if (const auto longest = one.duration("longest")) out.token_longest = *longest;
    one.done();
  }
  if (const Node* node = map.get("requests")) {
    MapReader one(s.reader, *node, "auth.requests");
    if (const auto rate = one.integer("per_second", MapReader::kMayMiss, 1, 1'000'000))
      out.requests_per_second = static_cast<uint64_t>(*rate);
    out.requests_burst = 2 * out.requests_per_second;
    if (const auto burst = one.integer("burst", MapReader::kMayMiss, 1, 10'000'000))
      out.requests_burst = static_cast<uint64_t>(*burst);
    one.done();
  }
  if (out.session_idle > out.session_longest) out.session_idle = out.session_longest;
  if (out.token_longest > Duration::seconds(limits::kTokenDaysMax * 86'400))
    s.reader.report(auth, "personal tokens may last too long", "366d at most");
}

}  // namespace

void read_auth(Section& s, MapReader& top, Config& config) {
  const Node* auth = top.get("auth", MapReader::kNeeded);
  if (auth == nullptr) return;
  MapReader map(s.reader, *auth, "auth");
  config.auth.public_url = map.text("public_url").value_or("");
  while (config.auth.public_url.ends_with('/')) config.auth.public_url.pop_back();
  read_lengths(s, map, *auth, config.auth);
  const Node* issuers = map.get("issuers");
  if (issuers != nullptr && s.reader.expect_list(*issuers, "auth.issuers")) {
    if (issuers->items.size() > limits::kProvidersMax)
      s.reader.report(*issuers, "too many issuers", "32 at most");
    for (const Node& node : issuers->items) read_issuer(s, node, config);
  }
  const Node* clients = map.get("clients");
  if (clients != nullptr && s.reader.expect_list(*clients, "auth.clients")) {
    for (const Node& node : clients->items) read_client(s, node, config);
  }
  map.done();
  const bool signs_in = std::any_of(config.issuers.begin(), config.issuers.end(), [](const IssuerKeys& one) {
    return one.config.sign_in && one.config.sign_in->code;
  });
  if (signs_in && !config.auth.public_url.starts_with("https://")) {
    s.reader.report(*auth, "public_url is missing: providers send browsers back there",
                    "public_url: https://HOST[:PORT], as browsers reach this gateway");
  }
}

}  // namespace hetao::daemon
