#include "gateway/api/api.h"

#include <algorithm>

#include "gateway/api/finish.h"
#include "gateway/api/gatekeeper.h"
#include "gateway/api/problem.h"
#include "gateway/api/unpack.h"
#include "gateway/base/text.h"
#include "gateway/io/asio.h"

namespace hetao::api {

struct Api::Shared {
  std::shared_ptr<Backend> backend;
  std::shared_ptr<const ApiConfig> config;
  std::shared_ptr<Gatekeeper> gate;  // of this configuration
  std::shared_ptr<Admission> admission = std::make_shared<Admission>();
  std::shared_ptr<Activity> activity = std::make_shared<Activity>();
  std::shared_ptr<Retries> retries = std::make_shared<Retries>();
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

// A browser that holds a client certificate could be made to post a form; it can't be made to post JSON, or
// to send headers of protocols of their own.
bool may_be_forged(const io::HttpRequest& request, const Caller& caller) {
  return caller.by == "certificate" && request.method == "POST" && !request.headers.has("Tus-Resumable") &&
         !request.headers.get("content-type").starts_with("application/json");
}

io::HttpResponse turned_away(const AuthRefusal& refusal) {
  if (refusal.word == "csrf") return problem(403, refusal.error);
  return problem(refusal.word == "failed" ? 500 : 401, refusal.error);
}

io::HttpResponse come_later(int64_t seconds) {
  io::HttpResponse response = problem(429, {ErrorCode::kUnreachable, "request", "too many came at once",
                                            "ask again in " + std::to_string(seconds) + " s"});
  response.headers.set("Retry-After", std::to_string(seconds));
  return response;
}

// Who may come in; or the answer that turns them away.
io::Awaitable<std::optional<io::HttpResponse>> admit(const Route& route, Context& context) {
  if (route.access.kind == Access::Kind::kOpen) co_return std::nullopt;
  auto caller = co_await context.gate.admit(context.backend, context.request);
  // Only who is refused waits: others behind the same address go on.
  const auto guesses = caller ? std::nullopt : context.gate.must_wait(context.request, context.backend.now());
  if (guesses) co_return come_later(*guesses);
  if (!caller) co_return turned_away(caller.error());
  context.caller = std::move(*caller);
  if (const auto wait = context.gate.must_wait(context.caller, context.backend.now()))
    co_return come_later(*wait);
  if (!may_enter(route.access, context.caller)) {
    co_return problem(
        403, {ErrorCode::kNotAllowed, context.request.method + " " + std::string(context.request.path()),
              "your roles don't allow it", "`hetao whoami` shows them"});
  }
  if (may_be_forged(context.request, context.caller)) {
    co_return problem(415, {ErrorCode::kUsage, "Content-Type", "is not application/json", ""});
  }
  co_return std::nullopt;
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
  std::shared_ptr<Gatekeeper> gate;
  std::shared_ptr<Admission> admission;
  std::shared_ptr<Activity> activity;
  std::shared_ptr<Retries> retries;
};

io::Awaitable<io::HttpResponse> answer_unfinished(Needs& needs, io::HttpRequest& request) {
  std::vector<std::string> allowed;
  std::optional<Match> match = find_route(routes(), request.method, request.path(), allowed);
  if (!match) co_return allowed.empty() ? plain_not_found() : wrong_method(allowed);
  const Route& route = *match->route;
  Context context{
      *needs.backend, *needs.config,   request,       {}, std::move(match->path), {}, *needs.admission,
      *needs.gate,    *needs.activity, *needs.retries};
  auto turned_away = co_await admit(route, context);
  if (turned_away) co_return std::move(*turned_away);
  auto query = Query::parse(request.query());
  if (!query)
    co_return problem({ErrorCode::kUsage, "query", "does not decode", "percent-encode it as UTF-8"});
  context.query = std::move(*query);
  if (auto wrong = check_query(route, context.query)) co_return std::move(*wrong);
  auto packed_wrong = co_await unpack_body(*needs.backend, request);
  if (packed_wrong) co_return std::move(*packed_wrong);
  if (const PlainHandler* plain = std::get_if<PlainHandler>(&route.handler)) {
    io::HttpResponse response = (*plain)(context);
    // What was read may be newer than what is durable: it is told when it is.
    co_await needs.backend->settled();
    co_return response;
  }
  io::HttpResponse response = co_await std::get<AsyncHandler>(route.handler)(context);
  co_return response;
}

io::Awaitable<io::HttpResponse> answer(Needs needs, io::HttpRequest request) {
  io::HttpResponse response = co_await answer_unfinished(needs, request);
  io::HttpResponse finished = co_await finish_answer(*needs.backend, request, std::move(response));
  co_return finished;
}

}  // namespace

Api::Api(std::shared_ptr<Backend> backend, ApiConfig config) : shared_(std::make_shared<Shared>()) {
  shared_->backend = std::move(backend);
  reload(std::move(config));
}

io::HttpHandler Api::handler() const {
  return [shared = shared_](io::HttpRequest request) {
    return answer(
        {shared->backend, shared->config, shared->gate, shared->admission, shared->activity, shared->retries},
        std::move(request));
  };
}

void Api::reload(ApiConfig config) {
  shared_->gate = std::make_shared<Gatekeeper>(config.auth);
  shared_->config = std::make_shared<const ApiConfig>(std::move(config));
}

void Api::reload_certificates(std::vector<CertificateFile> certificates) {
  ApiConfig config = *shared_->config;
  config.certificates = std::move(certificates);
  reload(std::move(config));
}

}  // namespace hetao::api
