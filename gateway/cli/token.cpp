// hetao token key/issue/jwks: bearer tokens from a key of one's own, for demonstrations, tests and services.
// People sign in with their campus; this is for where no identity provider is.
#include <chrono>

#include "certs/authority.h"
#include "certs/jwt.h"
#include "gateway/cli/sign_in.h"

namespace hetao::cli {

namespace {

struct KeyOptions {
  std::string output;
};

struct IssueOptions {
  std::string key;
  std::string kid = "1";
  std::string issuer;
  std::string audience;
  std::string user;
  std::string tenant;
  std::vector<std::string> roles;
  int hours = 8;
};

struct JwksOptions {
  std::string key;
  std::string kid = "1";
};

int make_key(const Context& context, const KeyOptions& o) {
  const auto key = certs::generate_key(certs::KeyKind::kEcdsaP256);
  if (!key) return report(context, key.error());
  if (auto written = write_file(o.output, *key, true, false); !written)
    return report(context, written.error());
  if (!context.json) context.print(o.output);
  return 0;
}

int issue(const Context& context, const IssueOptions& o) {
  const auto key = read_file(o.key);
  if (!key) return report(context, key.error());
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  json::array roles;
  for (const std::string& role : o.roles) roles.emplace_back(role);
  const json::object claims = {{"iss", o.issuer},
                               {"aud", o.audience},
                               {"sub", o.user},
                               {"tenant", o.tenant},
                               {"roles", roles},
                               {"iat", now},
                               {"exp", now + int64_t{o.hours} * 3600}};
  const auto token = certs::sign_jwt(claims, *key, o.kid);
  if (!token) return report(context, token.error());
  if (context.json) {
    context.print_json(json::object{{"token", *token}, {"expires", now + int64_t{o.hours} * 3600}});
  } else {
    context.print(*token);
  }
  return 0;
}

int jwks(const Context& context, const JwksOptions& o) {
  const auto key = read_file(o.key);
  if (!key) return report(context, key.error());
  const auto set = certs::jwks_from_public(*key, o.kid);
  if (!set) return report(context, set.error());
  context.print(*set);
  return 0;
}

}  // namespace

void add_token(Program& program) {
  const Context& context = program.context;
  CLI::App* group =
      add_group(program.app, "token",
                "personal tokens: create, list, revoke; tokens from a key of your own: key, issue, jwks");
  add_personal_tokens(program, *group);
  add_command<KeyOptions>(
      *group, program.chosen, "key", "make a signing key",
      [](CLI::App& command, KeyOptions& o) {
        command.add_option("-o,--output", o.output, "file of the key (mode 0600)")->required();
      },
      [&context](const KeyOptions& o) { return make_key(context, o); });
  add_command<IssueOptions>(
      *group, program.chosen, "issue", "sign a token",
      [](CLI::App& command, IssueOptions& o) {
        command.add_option("--key", o.key, "the signing key (PEM)")->required();
        command.add_option("--kid", o.kid, "id of the key in the JWKS")->capture_default_str();
        command.add_option("--issuer", o.issuer, "as the gateway's configuration names it")->required();
        command.add_option("--audience", o.audience, "as the gateway's configuration names it")->required();
        command.add_option("--user", o.user, "who it is for")->required();
        command.add_option("--tenant", o.tenant, "tenant of that user")->required();
        command
            .add_option("--role", o.roles, "submitter, data-owner, policy-admin, reviewer, auditor, operator")
            ->required();
        command.add_option("--hours", o.hours, "how long it lasts")
            ->capture_default_str()
            ->check(CLI::Range(1, 24 * 366));
      },
      [&context](const IssueOptions& o) { return issue(context, o); });
  add_command<JwksOptions>(
      *group, program.chosen, "jwks", "the key set that verifies tokens of a key",
      [](CLI::App& command, JwksOptions& o) {
        command.add_option("--key", o.key, "the signing key or its public half (PEM)")->required();
        command.add_option("--kid", o.kid, "id of the key in the JWKS")->capture_default_str();
      },
      [&context](const JwksOptions& o) { return jwks(context, o); });
}

}  // namespace hetao::cli
