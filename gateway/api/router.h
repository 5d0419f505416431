// Which handler a request belongs to, and who may call it. The table is data (routes.cpp); matching is pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/api/activity.h"
#include "gateway/api/admission.h"
#include "gateway/api/auth.h"
#include "gateway/api/backend.h"
#include "gateway/api/gatekeeper.h"
#include "gateway/api/retries.h"
#include "gateway/api/url.h"
#include "gateway/io/http.h"
#include "gateway/io/shared_folder.h"
#include "gateway/ledger/note.h"

namespace hetao::api {

// A file whose certificates or lists `GET /api/v1/certs` reports.
struct CertificateFile {
  std::string used_for;  // "https", "tunnel", "trust hongkong"
  std::string pem;
  bool is_crl = false;
};

// What the configuration allows a tenant, as far as the API only shows it.
struct TenantLimits {
  std::map<std::string, uint64_t>
      bytes_per_second_max;         // of what crosses for them; who is not named: no limit
  uint64_t upload_quota_bytes = 0;  // of each tenant; 0: not known
};

struct ApiConfig {
  AuthConfig auth;
  std::string version;       // of the software
  std::string organisation;  // service-info
  std::string organisation_url;
  std::vector<CertificateFile> certificates;
  std::vector<ledger::VerifierKey>
      policy_signers;  // with any, only bundles that one of them signed are proposed
  TenantLimits limits = {};
  std::vector<io::SharedFolder> shared_folders = {};  // of all platforms: told to clients, used by their jobs
};

// One request on its way through a handler. Lives until the answer is made.
struct Context {
  Backend& backend;
  const ApiConfig& config;
  const io::HttpRequest& request;
  Caller caller;
  std::map<std::string, std::string, std::less<>> path;  // what {name} in the pattern stands for
  Query query;
  Admission& admission;
  Gatekeeper& gate;
  Activity& activity;
  Retries& retries;

  const std::string& at(std::string_view name) const { return path.find(name)->second; }
};

using PlainHandler = io::HttpResponse (*)(const Context&);
using AsyncHandler = io::Awaitable<io::HttpResponse> (*)(const Context&);

struct Access {
  enum class Kind { kOpen, kSignedIn, kRoles };
  Kind kind = Kind::kSignedIn;
  RoleSet roles = {};
  bool peers = false;  // other regions' gateways too
};

struct Route {
  std::string method;
  // "/api/v1/jobs/{id}/cancel"; {id}:cancel matches a segment with that end; {path...} matches the rest.
  std::string pattern;
  Access access;
  std::variant<PlainHandler, AsyncHandler> handler;
  std::vector<std::string> queries = {};  // known parameters; {"*"}: any
};

const std::vector<Route>& routes();

struct Match {
  const Route* route = nullptr;
  std::map<std::string, std::string, std::less<>> path;
};

// The route of a path and method. `allowed` gets the methods that the path knows: empty when there is no such
// path. HEAD goes where GET goes.
std::optional<Match> find_route(const std::vector<Route>& table, std::string_view method,
                                std::string_view path, std::vector<std::string>& allowed);

// Whether the caller may; the refusal never says what exists.
bool may_enter(const Access& access, const Caller& caller);

}  // namespace hetao::api
