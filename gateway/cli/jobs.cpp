// hetao jobs, hetao job show/wait/cancel/logs.
#include <boost/json/serialize.hpp>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/follow.h"
#include "gateway/cli/show.h"
#include "gateway/cli/sweep_jobs.h"
#include "gateway/cli/watch.h"

namespace hetao::cli {

namespace {

struct ListOptions {
  std::string state;
  std::string project;
  std::string name;
  std::string sweep;
  int limit = 100;
};

struct JobOptions {
  std::string id;
  bool follow = false;
  int timeout_seconds = 0;
};

std::string job_path(const std::string& id) {
  return "/api/v1/jobs/" + percent_encode(id);
}

int list(const Context& context, const ListOptions& o) {
  if (!o.sweep.empty()) return list_sweep(context, o.sweep);
  const auto answer = Client(context).get("/api/v1/jobs" + query_of({{"state", o.state},
                                                                     {"project", o.project},
                                                                     {"name_prefix", o.name},
                                                                     {"limit", std::to_string(o.limit)}}));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"ID", "NAME", "STATE", "REGION", "CREATED", "REASON"});
  for (const json::value& value : list_at(answer->get_object(), "jobs")) {
    const json::object& job = value.get_object();
    table.add({text_at(job, "id"), printable(text_at(job, "name")), context.state(text_at(job, "state")),
               text_at(job, "region"), local_time(text_at(job, "created")),
               printable(text_at(job, "reason"))});
  }
  table.print(context);
  return 0;
}

void show_crossing(const Context& context, const json::object& crossing) {
  context.print("  " + crossing_line(context, crossing) + "  " + context.state(text_at(crossing, "state")));
  for (const char* side : {"ours", "theirs"}) {
    const json::object& verdict = object_at(crossing, side);
    if (text_at(verdict, "decision").empty()) continue;
    context.print("    " + text_at(verdict, "region") + ": " + context.verdict(text_at(verdict, "decision")) +
                  (text_at(verdict, "review").empty() ? "" : " by review " + text_at(verdict, "review")));
    show_verdict(context, verdict, "      ");
  }
}

int show(const Context& context, const JobOptions& o) {
  const auto answer = Client(context).get(job_path(o.id));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& job = answer->get_object();
  context.print(context.strong(text_at(job, "id")) + "  " + printable(text_at(job, "name")) + "  " +
                context.state(text_at(job, "state")));
  const std::string place = text_at(job, "platform").empty()
                                ? text_at(job, "region")
                                : text_at(job, "region") + " on " + text_at(job, "platform");
  context.print("submitted " + local_time(text_at(job, "created")) + " by " + text_at(job, "user") + " of " +
                text_at(job, "tenant") + ", to run in " + place);
  if (!text_at(job, "reason").empty()) context.print("reason: " + printable(text_at(job, "reason")));
  context.print("crossings:");
  for (const json::value& crossing : list_at(job, "crossings")) show_crossing(context, crossing.get_object());
  if (list_at(job, "crossings").empty()) context.print("  none");
  for (const json::value& review : list_at(job, "waits_for")) {
    if (review.is_string()) context.print("waits for review " + std::string(review.get_string()));
  }
  context.print("outputs:");
  for (const json::value& value : list_at(job, "outputs")) {
    const json::object& output = value.get_object();
    context.print(
        "  " + text_at(output, "name") + "  " + text_at(output, "kind") + "  " +
        context.state(text_at(output, "state")) + "  " +
        human_bytes(static_cast<unsigned long long>(std::max<int64_t>(0, number_at(output, "bytes")))) +
        "  " + context.dim(text_at(output, "digest")));
  }
  for (const json::value& note : list_at(job, "notes")) {
    if (note.is_string()) context.print("note: " + printable(std::string(note.get_string())));
  }
  return 0;
}

int cancel_one(const Context& context, const Client& client, const std::string& id) {
  const auto answer = client.post(job_path(id) + "/cancel", json::object());
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  context.print(id + "  " + context.state(text_at(answer->get_object(), "state")));
  return 0;
}

int cancel(const Context& context, const JobOptions& o) {
  const Client client(context);
  if (!is_sweep(o.id)) return cancel_one(context, client, o.id);
  const auto jobs = jobs_of_sweep(client, o.id);
  if (!jobs) return report(context, jobs.error());
  int worst = 0;
  for (const json::object& job : *jobs) {
    if (!flag_at(job, "final")) worst = std::max(worst, cancel_one(context, client, text_at(job, "id")));
  }
  return worst;
}

void print_logs(const Context& context, const json::object& logs) {
  int number = 0;
  for (const json::value& value : list_at(logs, "executors")) {
    const json::object& one = value.get_object();
    if (list_at(logs, "executors").size() > 1) context.remark("executor " + std::to_string(number));
    ++number;
    const std::string out = text_at(one, "stdout");
    const std::string err = text_at(one, "stderr");
    if (!out.empty())
      context.print(out.ends_with('\n') ? std::string_view(out).substr(0, out.size() - 1) : out);
    if (!err.empty())
      context.remark(err.ends_with('\n') ? std::string_view(err).substr(0, err.size() - 1) : err);
  }
  for (const json::value& note : list_at(logs, "notes")) {
    if (note.is_string()) context.remark("note: " + printable(std::string(note.get_string())));
  }
}

int logs(const Context& context, const JobOptions& o) {
  if (o.follow) return follow_logs(context, o.id);
  const auto answer = Client(context).get(job_path(o.id) + "/logs");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  print_logs(context, answer->get_object());
  return 0;
}

}  // namespace

void add_jobs(Program& program) {
  const Context& context = program.context;
  add_command<ListOptions>(
      program.app, program.chosen, "jobs", "list jobs, newest first",
      [](CLI::App& command, ListOptions& o) {
        command.add_option("--state", o.state, "only jobs in this state");
        command.add_option("--project", o.project, "only jobs of this project");
        command.add_option("--name", o.name, "only jobs whose name begins so");
        command.add_option("--sweep", o.sweep, "the jobs of this sweep, by their number");
        command.add_option("--limit", o.limit, "at most this many")
            ->capture_default_str()
            ->check(CLI::Range(1, 1000));
      },
      [&context](const ListOptions& o) { return list(context, o); });
  CLI::App* job = add_group(program.app, "job", "one job: show, wait, cancel, logs");
  const auto describe = [](CLI::App& command, JobOptions& o) {
    command.add_option("ID", o.id, "the job")->required();
  };
  add_command<JobOptions>(*job, program.chosen, "show", "the job with its crossings, decisions and outputs",
                          describe, [&context](const JobOptions& o) { return show(context, o); });
  add_command<JobOptions>(*job, program.chosen, "wait",
                          "wait until it ends (a sweep: until all have ended); exit 0 if complete", describe,
                          [&context](const JobOptions& o) {
                            return is_sweep(o.id) ? watch_sweep(context, o.id) : watch_job(context, o.id);
                          });
  add_command<JobOptions>(*job, program.chosen, "cancel", "stop it, or every job of a sweep, on every side",
                          describe, [&context](const JobOptions& o) { return cancel(context, o); });
  add_command<JobOptions>(
      *job, program.chosen, "logs", "what its executors wrote, as far as it may be seen here",
      [describe](CLI::App& command, JobOptions& o) {
        describe(command, o);
        command.add_flag("-f,--follow", o.follow, "show what it writes while it runs, until it ends");
      },
      [&context](const JobOptions& o) { return logs(context, o); });
}

}  // namespace hetao::cli
