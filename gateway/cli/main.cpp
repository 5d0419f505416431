// `hetao`: the one command-line client, for every role.
#include <curl/curl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <iostream>

#include "gateway/cli/command.h"
#include "gateway/cli/logins.h"
#include "gateway/cli/sign_in.h"

namespace hetao::cli {

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& what) {
  CLI::App* group = parent.add_subcommand(name, what);
  group->require_subcommand(1);
  return group;
}

int not_yet(const Context& context, const std::string& command) {
  return report(context,
                Error{ErrorCode::kFailed, command, "is not available yet", "see the README for what is"});
}

namespace {

void add_globals(CLI::App& app, Context& context, std::string& language) {
  app.add_option("--gateway", context.gateway, "URL of the gateway, such as https://gateway.hku.example:8443")
      ->envname("HETAO_GATEWAY");
  app.add_option("--token-file", context.token_file, "file that holds the bearer token (or HETAO_TOKEN)");
  app.add_option("--cert", context.cert, "client certificate (PEM), instead of a token");
  app.add_option("--key", context.key, "its private key (PEM)");
  app.add_option("--ca", context.ca, "CA certificates that the gateway's certificate must come from (PEM)")
      ->envname("HETAO_CA");
  app.add_flag("--json", context.json, "one JSON document, or one a line for streams");
  app.add_option("--lang", language, "en, zh-Hans or zh-Hant (else from LANG)");
  app.add_flag("--no-color", context.no_color, "no colours");
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

Result<void> settle_globals(Context& context, const std::string& language) {
  context.terminal = isatty(STDOUT_FILENO) == 1;
  if (!environment("NO_COLOR").empty()) context.no_color = true;
  std::string locale = environment("LC_ALL");
  if (locale.empty()) locale = environment("LC_MESSAGES");
  if (locale.empty()) locale = environment("LANG");
  context.language = language_of_locale(locale);
  if (!language.empty()) {
    const auto parsed = parse_language(language);
    if (!parsed)
      return fail(ErrorCode::kUsage, "--lang " + language, "is not a language of this program",
                  "en, zh-Hans or zh-Hant");
    context.language = *parsed;
  }
  context.token = environment("HETAO_TOKEN");
  if (!context.token_file.empty()) {
    auto text = read_file(context.token_file);
    if (!text) return fail(text.error());
    while (!text->empty() && (text->back() == '\n' || text->back() == ' ' || text->back() == '\r'))
      text->pop_back();
    context.token = std::move(*text);
  }
  if (context.token.empty() && context.cert.empty() && !context.gateway.empty()) {
    if (const auto login = kept_login(context.gateway)) context.token = login->token;
  }
  return {};
}

// CLI11's own words, on one line as all errors are.
int usage_error(const Context& context, const CLI::ParseError& error, const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  std::string name = "hetao";
  for (const CLI::App* part = &app; !part->get_subcommands().empty();
       part = part->get_subcommands().front()) {
    name += " " + part->get_subcommands().front()->get_name();
  }
  return report(context, Error{ErrorCode::kUsage, name == "hetao" ? "command line" : name.substr(6),
                               error.what(), "`" + name + " --help` explains it"});
}

int run(int argc, char** argv) {
  CLI::App app{"Hetao: jobs, data, reviews, policy and audit across the boundary.", "hetao"};
  app.set_version_flag("--version", std::string("hetao ") + HETAO_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Examples:\n"
      "  hetao explain job.yaml              may it run, where, and what would change the answer\n"
      "  hetao submit job.yaml --watch       submit and watch until the result is here\n"
      "  hetao results get JOB -o results    download, resume, verify\n"
      "  hetao audit verify ledger/          prove that a ledger is whole, offline\n\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 forbidden by policy, 4 held for review, 5 not found,\n"
      "6 verification failed, 7 not authenticated or not allowed, 8 gateway unreachable.");
  Context context;
  std::string language;
  Chosen chosen;
  add_globals(app, context, language);
  Program program{app, context, chosen};
  add_submit(program);
  add_jobs(program);
  add_results(program);
  add_data(program);
  add_project(program);
  add_review(program);
  add_policy(program);
  add_audit(program);
  add_certs(program);
  add_login(program);
  add_upload(program);
  add_token(program);
  add_status(program);
  add_usage(program);
  add_mechanism(program);
  add_offers(program);
  add_inspect(program);
  add_completion(program);
  add_manual(program);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    return usage_error(context, error, app);
  }
  if (auto settled = settle_globals(context, language); !settled) return report(context, settled.error());
  return chosen.run ? chosen.run() : 2;
}

}  // namespace

}  // namespace hetao::cli

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  try {
    return hetao::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "hetao: internal error: " << error.what() << " (please report it)\n";
    return 1;
  }
}
