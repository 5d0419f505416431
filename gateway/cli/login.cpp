// hetao login/logout: signing in at an identity provider from a terminal (device flow, RFC 8628). The gateway
// speaks with the provider; what is kept here is a session of the gateway.
#include <algorithm>
#include <chrono>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/logins.h"
#include "gateway/cli/sign_in.h"

namespace hetao::cli {

namespace {

struct LoginOptions {
  std::string provider;
};
struct NoOptions {};

// The one that was named, or the only one that terminals can sign in with.
Result<std::string> choose(const json::value& answer, const std::string& wanted) {
  std::vector<std::string> names;
  for (const json::value& value : list_at(answer.as_object(), "providers")) {
    const json::object& one = value.as_object();
    const json::array& flows = list_at(one, "flows");
    const bool device = std::any_of(flows.begin(), flows.end(), [](const json::value& flow) {
      return flow.is_string() && flow.get_string() == "device";
    });
    if (device) names.push_back(text_at(one, "name"));
  }
  const std::string all = names.empty() ? "none" : join(names, ", ");
  if (!wanted.empty()) {
    if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
    return fail(ErrorCode::kNotFound, "provider " + wanted, "is none that terminals can sign in with",
                "there is: " + all);
  }
  if (names.size() == 1) return names.front();
  if (names.empty())
    return fail(ErrorCode::kNotFound, "login", "this gateway has no provider that terminals can sign in with",
                "ask for a token, or make one in the console");
  return fail(ErrorCode::kUsage, "login", "there are several identity providers",
              "--provider, one of " + all);
}

// Asks until the person is done.
Result<Login> wait_for(const Client& client, const std::string& base, const json::object& start) {
  auto pause = std::chrono::seconds(std::clamp<int64_t>(number_at(start, "interval"), 1, 60));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(number_at(start, "expires_in"));
  while (std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(pause);
    const auto answer =
        client.post(base + "/device/poll", json::object{{"handle", text_at(start, "handle")}});
    if (!answer) {
      if (answer.error().code == ErrorCode::kUnreachable) continue;  // a short break is no refusal
      return fail(answer.error());
    }
    const json::object& said = answer->as_object();
    if (said.contains("token")) {
      const json::value* renews = said.if_contains("renews");
      const bool goes_on = renews != nullptr && renews->is_bool() && renews->get_bool();
      return Login{text_at(said, "token"), goes_on ? std::string() : text_at(said, "until")};
    }
    if (text_at(said, "state") == "slow-down") pause += std::chrono::seconds(5);
  }
  return fail(ErrorCode::kNotAllowed, "login", "nobody signed in in time", "`hetao login` begins again");
}

int login(const Context& context, const LoginOptions& o) {
  const Client client(context);
  const auto providers = client.get("/api/v1/sign-in");
  if (!providers) return report(context, providers.error());
  const auto provider = choose(*providers, o.provider);
  if (!provider) return report(context, provider.error());
  const std::string base = "/api/v1/sign-in/" + percent_encode(*provider);
  const auto begun = client.post(base + "/device", json::object());
  if (!begun) return report(context, begun.error());
  const json::object& start = begun->as_object();
  if (context.json) {
    json::object shown = start;
    shown.erase("handle");
    context.print_json(shown);
  } else {
    context.print("Open " + context.strong(text_at(start, "verification_uri")) + " in a browser and type " +
                  context.strong(text_at(start, "user_code")));
    const std::string whole = text_at(start, "verification_uri_complete");
    if (!whole.empty()) context.print("or open " + whole);
  }
  const auto done = wait_for(client, base, start);
  if (!done) return report(context, done.error());
  if (const auto kept = keep_login(context.gateway, *done); !kept) return report(context, kept.error());
  if (context.json)
    context.print_json(json::object{{"until", done->until}});
  else if (done->until.empty())
    context.print(context.good("signed in") + " for as long as your provider agrees (hetao whoami)");
  else
    context.print(context.good("signed in") + " until " + done->until + " (hetao whoami)");
  return 0;
}

int logout(const Context& context) {
  if (!kept_login(context.gateway)) {
    context.remark("nobody is signed in at " + context.gateway);
    return 0;
  }
  // Forgotten here whatever the gateway says: it ends by itself there.
  const auto answer = Client(context).post("/api/v1/sign-out", json::object());
  if (const auto forgotten = forget_login(context.gateway); !forgotten)
    return report(context, forgotten.error());
  if (!answer && answer.error().code != ErrorCode::kNotAllowed) return report(context, answer.error());
  if (!context.json) context.print("signed out");
  return 0;
}

}  // namespace

void add_login(Program& program) {
  const Context& context = program.context;
  add_command<LoginOptions>(
      program.app, program.chosen, "login", "sign in with your campus or company, from a terminal",
      [](CLI::App& command, LoginOptions& o) {
        command.add_option("--provider", o.provider, "which identity provider, where there are several");
      },
      [&context](const LoginOptions& o) { return login(context, o); });
  add_command<NoOptions>(
      program.app, program.chosen, "logout", "end the session that `hetao login` began",
      [](CLI::App&, NoOptions&) {}, [&context](const NoOptions&) { return logout(context); });
}

}  // namespace hetao::cli
