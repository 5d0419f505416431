// hetao submit, hetao explain: a job file becomes a job, or a decision about one.
#include <boost/json/serialize.hpp>
#include <random>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/job_file.h"
#include "gateway/cli/show.h"
#include "gateway/cli/sweep_jobs.h"
#include "gateway/cli/watch.h"

namespace hetao::cli {

namespace {

struct SubmitOptions {
  std::string file;
  std::string project;
  std::string idempotency_key;
  bool watch = false;
  bool dry_run = false;
};

struct ExplainOptions {
  std::string file;
  std::string project;
};

void show_candidate(const Context& context, const json::object& candidate) {
  const json::object& verdict = object_at(candidate, "verdict");
  std::string line = context.strong(text_at(candidate, "region"));
  if (!text_at(candidate, "platform").empty()) line += " on " + text_at(candidate, "platform");
  line += "  " + context.verdict(text_at(verdict, "decision"));
  if (!flag_at(candidate, "reachable")) line += "  " + context.warn("not reachable now");
  if (!text_at(candidate, "unfit").empty()) line += "  " + context.bad(text_at(candidate, "unfit"));
  if (!text_at(candidate, "accelerator").empty())
    line += "  " + text_at(candidate, "accelerators") + " " + text_at(candidate, "accelerator");
  if (number_at(candidate, "wait_seconds") > 0)
    line += "  waits about " + text_at(candidate, "wait_seconds") + " s";
  if (!text_at(candidate, "cost").empty())
    line += "  " + text_at(candidate, "cost") + " " + text_at(candidate, "currency");
  if (!text_at(candidate, "offer").empty()) line += "  under offer " + text_at(candidate, "offer");
  context.print(line);
  const std::string lost = text_at(candidate, "lost");
  if (!lost.empty() && lost != text_at(candidate, "unfit"))
    context.print("  " + context.dim("not first: " + lost));
  for (const json::value& value : list_at(candidate, "crossings")) {
    if (!value.is_object()) continue;
    const json::object& crossing = value.get_object();
    const json::object& ours = object_at(crossing, "verdict");
    context.print("  " + crossing_line(context, crossing) + "  " +
                  context.verdict(text_at(ours, "decision")) +
                  (flag_at(crossing, "preliminary") ? context.dim("  on what is known now") : ""));
    show_verdict(context, ours, "    ");
  }
  if (list_at(candidate, "crossings").empty()) context.print("  nothing crosses");
}

}  // namespace

int refused(const Context& context, const Reply& reply) {
  const Error error = error_of(reply, "job");
  const json::object problem = problem_of(reply);
  if (!context.json && error.code == ErrorCode::kForbidden) {
    if (!text_at(problem, "decision_id").empty())
      context.print("decision " + text_at(problem, "decision_id"));
    if (!object_at(problem, "verdict").empty()) {
      context.print(context.verdict("forbid"));
      show_verdict(context, object_at(problem, "verdict"), "  ");
    }
  }
  for (const json::value& value : list_at(problem, "mistakes")) {
    if (!context.json && value.is_object()) {
      context.print(text_at(value.get_object(), "pointer") + ": " + text_at(value.get_object(), "message"));
    }
  }
  return report(context, error);
}

// What no platform can do failed; what policy decides has codes of its own.
int exit_of_explanation(const json::object& explanation) {
  if (!text_at(explanation, "unfit").empty()) return static_cast<int>(ErrorCode::kFailed);
  const std::string decision = text_at(explanation, "decision");
  if (decision == "forbid") return static_cast<int>(ErrorCode::kForbidden);
  return decision == "hold" ? static_cast<int>(ErrorCode::kHeld) : 0;
}

void show_explanation(const Context& context, const json::object& explanation) {
  for (const json::value& candidate : list_at(explanation, "candidates")) {
    if (candidate.is_object()) show_candidate(context, candidate.get_object());
  }
  const std::string unfit = text_at(explanation, "unfit");
  context.print(unfit.empty() ? "decision: " + context.verdict(text_at(explanation, "decision"))
                              : context.bad("it can't run: ") + printable(unfit));
}

namespace {

int explain(const Context& context, const std::string& file, const std::string& project) {
  const auto job = read_job_file(file);
  if (!job) return report(context, job.error());
  if (job->is_sweep) return explain_sweep(context, *job, project);
  const auto answer =
      Client(context).post("/api/v1/explain" + query_of({{"project", project}}), job->jobs.front().task);
  if (!answer) return report(context, answer.error());
  const json::object& explanation = answer->get_object();
  if (context.json) {
    context.print_json(*answer);
  } else {
    for (const std::string& warning : job->warnings) context.remark("hetao: " + warning);
    show_explanation(context, explanation);
  }
  return exit_of_explanation(explanation);
}

std::string fresh_key() {
  std::random_device random;
  std::string key = "hetao";
  for (int i = 0; i < 4; ++i) key += "-" + std::to_string(random());
  return key;
}

int submit(const Context& context, const SubmitOptions& options) {
  if (options.dry_run) return explain(context, options.file, options.project);
  auto job = read_job_file(options.file);
  if (!job) return report(context, job.error());
  if (job->is_sweep)
    return submit_sweep(context, std::move(*job), {options.project, options.idempotency_key, options.watch});
  Call call{"POST",
            "/api/v1/jobs" + query_of({{"project", options.project}}),
            json::serialize(job->jobs.front().task),
            {},
            60,
            {}};
  // Without a key of the user's, each call is a job of its own: what broke on the way is sent again, and an
  // equal job of a minute ago is another.
  call.headers["Idempotency-Key"] = options.idempotency_key.empty() ? fresh_key() : options.idempotency_key;
  const auto reply = Client(context).send(call);
  if (!reply) return report(context, reply.error());
  if (reply->status != 200) return refused(context, *reply);
  const auto answer = parse_json(reply->body, "answer of the gateway");
  if (!answer || !answer->is_object())
    return report(context, Error{ErrorCode::kFailed, "job", "the answer is no JSON", {}});
  const json::object& submission = answer->get_object();
  const std::string id = text_at(submission, "id");
  for (const std::string& warning : job->warnings) context.remark("hetao: " + warning);
  if (context.json && !options.watch) {
    context.print_json(*answer);
  } else if (!context.json) {
    context.print(id);
  }
  if (!options.watch) return 0;
  if (!context.json) {
    context.print(context.verdict(text_at(submission, "decision")) + "  planned for " +
                  text_at(submission, "region"));
    show_verdict(context, object_at(submission, "verdict"), "  ");
  }
  return watch_job(context, id);
}

}  // namespace

void add_submit(Program& program) {
  const Context& context = program.context;
  add_command<SubmitOptions>(
      program.app, program.chosen, "submit",
      "submit a job file (GA4GH TES 1.1 in YAML or JSON, or a sweep of many); prints the job's id",
      [](CLI::App& command, SubmitOptions& o) {
        command.add_option("JOB", o.file, "the job file, or - for standard input")->required();
        command.add_flag("--watch", o.watch, "show states, placement and crossings until the job ends");
        command.add_flag("--dry-run", o.dry_run, "decide without submitting, as `hetao explain` does");
        command.add_option("--project", o.project, "project that the job belongs to");
        command.add_option("--idempotency-key", o.idempotency_key,
                           "the same key and file again is the same job");
      },
      [&context](const SubmitOptions& o) { return submit(context, o); });
  add_command<ExplainOptions>(
      program.app, program.chosen, "explain",
      "decide without submitting: every placement, every crossing, what would change it",
      [](CLI::App& command, ExplainOptions& o) {
        command.add_option("JOB", o.file, "the job file, or - for standard input")->required();
        command.add_option("--project", o.project, "project that the job belongs to");
      },
      [&context](const ExplainOptions& o) { return explain(context, o.file, o.project); });
}

}  // namespace hetao::cli
