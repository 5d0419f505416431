#include "gateway/api/api.h"

#include <algorithm>

#include "gateway/api/problem.h"
#include "gateway/api/token_cache.h"
#include "gateway/base/text.h"
#include "gateway/io/asio.h"

namespace hetao::api {

struct Api::Shared {
  std::shared_ptr<Backend> backend;
  std::shared_ptr<const ApiConfig> config;
  std::shared_ptr<TokenCache> tokens;  // what held under this configuration
  std::shared_ptr<Admission> admission = std::make_shared<Admission>();
};

namespace {

// Nothing: go on.
std::optional<io::HttpResponse> check_query(const Route& route, const Query& query) {
  for (const auto& [name, value] : query.fields()) {
    const auto& known = route.queries;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (known.size() == 1 && known.front() == "*") return std::nullopt;
    const std::string near = nearest_name(name, known);
    return problem({ErrorCode::kUsage, "parameter " + printable(name.substr(0, 64)), "is not known",
                    near.empty() ? "" : "did you mean \"" + near + "\"?"});
  }
  return std::nullopt;
}

// A browser that holds a client certificate could be made to post a form; it can't be made to post JSON.
bool may_be_forged(const io::HttpRequest& request, const Caller& caller) {
  return caller.by == "certificate" && request.method == "POST" &&
         !request.headers.get("content-type").starts_with("application/json");
}

// Who may come in; or the answer that turns them away.
std::optional<io::HttpResponse> admit(const Route& route, Context& context, TokenCache& tokens) {
  if (route.access.kind == Access::Kind::kOpen) return std::nullopt;
  auto caller = tokens.authenticate(context.config.auth, context.request, context.backend.now());
  if (!caller) return problem(401, caller.error());
  context.caller = std::move(*caller);
  if (context.caller.peer_region.empty()) {
    auto named =
        context.backend.persons().name_of(context.caller.tenant, context.caller.user, context.backend.now());
    if (!named) return problem(500, named.error());
    context.caller.ledger_name = std::move(named->name);
    // The commitment is in the ledger before the name is used there.
    if (named->is_new)
      context.backend.note("person", context.caller.ledger_name, "", {{"commitment", named->commitment}});
  }
  if (!may_enter(route.access, context.caller)) {
    return problem(
        403, {ErrorCode::kNotAllowed, context.request.method + " " + std::string(context.request.path()),
              "your roles don't allow it", "`hetao whoami` shows them"});
  }
  if (may_be_forged(context.request, context.caller)) {
    return problem(415, {ErrorCode::kUsage, "Content-Type", "is not application/json", ""});
  }
  return std::nullopt;
}

io::HttpResponse wrong_method(const std::vector<std::string>& allowed) {
  io::HttpResponse response =
      problem(405, {ErrorCode::kUsage, "method", "is not one of this path", join(allowed, ", ")});
  response.headers.set("Allow", join(allowed, ", "));
  return response;
}

// What one request needs, as it was when the request came.
struct Needs {
  std::shared_ptr<Backend> backend;
  std::shared_ptr<const ApiConfig> config;
  std::shared_ptr<TokenCache> tokens;
  std::shared_ptr<Admission> admission;
};

io::Awaitable<io::HttpResponse> answer(Needs needs, io::HttpRequest request) {
  std::vector<std::string> allowed;
  std::optional<Match> match = find_route(routes(), request.method, request.path(), allowed);
  if (!match) co_return allowed.empty() ? plain_not_found() : wrong_method(allowed);
  const Route& route = *match->route;
  Context context{*needs.backend, *needs.config, request, {}, std::move(match->path), {}, *needs.admission};
  if (auto turned_away = admit(route, context, *needs.tokens)) co_return std::move(*turned_away);
  auto query = Query::parse(request.query());
  if (!query)
    co_return problem({ErrorCode::kUsage, "query", "does not decode", "percent-encode it as UTF-8"});
  context.query = std::move(*query);
  if (auto wrong = check_query(route, context.query)) co_return std::move(*wrong);
  if (const PlainHandler* plain = std::get_if<PlainHandler>(&route.handler)) {
    io::HttpResponse response = (*plain)(context);
    // What was read may be newer than what is durable: it is told when it is.
    co_await needs.backend->settled();
    co_return response;
  }
  io::HttpResponse response = co_await std::get<AsyncHandler>(route.handler)(context);
  co_return response;
}

}  // namespace

Api::Api(std::shared_ptr<Backend> backend, ApiConfig config)
    : shared_(std::make_shared<Shared>(Shared{std::move(backend),
                                              std::make_shared<const ApiConfig>(std::move(config)),
                                              std::make_shared<TokenCache>()})) {}

io::HttpHandler Api::handler() const {
  return [shared = shared_](io::HttpRequest request) {
    return answer({shared->backend, shared->config, shared->tokens, shared->admission}, std::move(request));
  };
}

void Api::reload(ApiConfig config) {
  shared_->config = std::make_shared<const ApiConfig>(std::move(config));
  shared_->tokens = std::make_shared<TokenCache>();
}

void Api::reload_certificates(std::vector<CertificateFile> certificates) {
  ApiConfig config = *shared_->config;
  config.certificates = std::move(certificates);
  reload(std::move(config));
}

}  // namespace hetao::api
