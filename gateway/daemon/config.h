// The configuration file of a gateway: one YAML file, checked whole before anything starts. Every mistake is
// reported with its place, what was expected, and the nearest known key; unknown keys are mistakes. README.md
// lists the keys.
//
// read_config() looks at the text alone; open_config() also reads the files that it names: certificates,
// keys, policy, key sets. Both change nothing. Plain values; not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/api/router.h"
#include "gateway/base/diagnostic.h"
#include "gateway/io/shell_config.h"
#include "gateway/io/span_exporter.h"
#include "gateway/ledger/note.h"

namespace hetao::daemon {

struct TrustedRegion {
  std::string region;
  std::string ca;   // file
  std::string crl;  // file
};

struct IssuerKeys {
  api::IssuerConfig config;        // without its keys
  std::string jwks_file;           // empty: it is asked itself
  std::string client_secret_file;  // of sign_in; empty: none
};

struct StoreKeys {
  std::string store;
  std::string file;
};

// The file as read: values checked, paths absolute, nothing opened.
struct Config {
  std::string file;
  io::ShellConfig shell;                           // without TLS and policy
  std::string store_url;                           // of a database that nodes share; empty: data_dir/state.db
  io::Endpoint advertise_https, advertise_tunnel;  // where other nodes reach this one
  std::string https_certificate, https_key;
  std::string tunnel_certificate, tunnel_key;
  std::vector<std::string> tunnel_groups;
  std::vector<TrustedRegion> trust;
  std::string policy_pack;  // folder
  std::vector<ledger::VerifierKey> policy_signers;
  std::string witness_policy;  // file (C2SP tlog-policy); may be empty
  std::vector<IssuerKeys> issuers;
  std::vector<StoreKeys> store_keys;
  std::vector<api::ClientConfig> clients;
  api::AuthConfig auth;  // without issuers and clients
  io::SpanExport traces;
  std::string organisation;
  std::string organisation_url;
};

tl::expected<Config, Diagnostics> read_config(std::string_view text, const std::string& file);

// Everything that a gateway starts from, or starts again from on SIGHUP.
struct Opened {
  io::ShellConfig shell;
  api::ApiConfig api;
};

tl::expected<Opened, Diagnostics> open_config(const Config& config);

// Certificates, keys and revocation lists alone: of an Opened, its TLS contexts and the API's list of them.
tl::expected<Opened, Diagnostics> open_certificates(const Config& config);
// The files that open_certificates reads.
std::vector<std::string> certificate_files(const Config& config);

}  // namespace hetao::daemon
