#include "gateway/cli/sweep_jobs.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <chrono>
#include <map>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/cli/show.h"
#include "gateway/cli/watch.h"
#include "gateway/ledger/sha256.h"

namespace hetao::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(600);  // without any answer of the gateway
constexpr auto kLookEvery = std::chrono::seconds(1);

// From all that it sends: whoever sends the same again speaks of the same sweep.
std::string name_of(const JobFile& file, const SweepOptions& options) {
  std::string all = options.project + '\0' + options.key;
  for (const JobElement& element : file.jobs) all += '\0' + json::serialize(element.task);
  return "sw-" + ledger::sha256(as_bytes(all)).hex().substr(0, 16);
}

void add_tags(JobElement& element, const std::string& sweep, size_t index) {
  json::value& tags = element.task.emplace("tags", json::object()).first->value();
  if (!tags.is_object()) return;
  json::object& all = tags.get_object();
  all["sweep"] = sweep;
  all["sweep.index"] = std::to_string(index);
  for (const auto& [name, value] : element.values) all["sweep." + name] = value;
}

// Waits where the gateway says so, and through connections that break after the first was made: the key makes
// every repetition harmless.
Result<Reply> send_patiently(const Context& context, const Client& client, const Call& call, bool is_first) {
  const auto began = Clock::now();
  while (true) {
    auto reply = client.send(call);
    const bool busy = reply && (reply->status == 429 || reply->status == 503);
    const bool broken = !is_first && !reply && reply.error().code == ErrorCode::kUnreachable;
    if ((!busy && !broken) || Clock::now() - began > kPatience) return reply;
    int seconds = 1;
    if (busy && reply->headers.contains("retry-after")) {
      const std::string& text = reply->headers.at("retry-after");
      std::from_chars(text.data(), text.data() + text.size(), seconds);
    }
    if (broken && Clock::now() - began < std::chrono::seconds(1))
      context.remark("hetao: " + to_line(reply.error()));
    std::this_thread::sleep_for(std::chrono::seconds(std::clamp(seconds, 1, 60)));
  }
}

struct Sent {
  json::array jobs;
  size_t refused = 0;
  std::optional<int> stopped;  // the exit code
};

json::object entry_of(const JobElement& element, size_t index) {
  json::object values;
  for (const auto& [name, value] : element.values) values[name] = value;
  return {{"index", index}, {"values", std::move(values)}};
}

Sent send_elements(const Context& context, const JobFile& file, const SweepOptions& options,
                   const std::string& sweep) {
  const Client client(context);
  Sent out;
  for (size_t i = 0; i < file.jobs.size(); ++i) {
    Call call{"POST",
              "/api/v1/jobs" + query_of({{"project", options.project}}),
              json::serialize(file.jobs[i].task),
              {{"Idempotency-Key", sweep + "/" + std::to_string(i)}},
              60,
              {}};
    const auto reply = send_patiently(context, client, call, i == 0);
    if (!reply) {
      out.stopped = report(context, reply.error());
      return out;
    }
    json::object entry = entry_of(file.jobs[i], i);
    const auto answer = parse_json(reply->body, "answer of the gateway");
    if (reply->status == 200 && answer && answer->is_object()) {
      entry["id"] = text_at(answer->get_object(), "id");
      entry["decision"] = text_at(answer->get_object(), "decision");
      entry["repeated"] = flag_at(answer->get_object(), "repeated");
      if (!context.json)
        context.print(text_at(entry, "id") + "\t" + std::to_string(i) + "\t" + to_text(file.jobs[i].values));
    } else if (const Error error = error_of(*reply, "element " + std::to_string(i));
               error.code == ErrorCode::kForbidden) {
      // Policy may well take the others.
      entry["decision"] = "forbid";
      entry["reason"] = error.why;
      if (out.refused++ == 0 || context.json)
        (void)refused(context, *reply);
      else
        (void)report(context, error);
    } else {
      out.stopped = refused(context, *reply);
      return out;
    }
    out.jobs.push_back(std::move(entry));
  }
  return out;
}

size_t index_of(const json::object& job) {
  size_t index = 0;
  const std::string text = text_at(object_at(job, "sweep"), "index");
  std::from_chars(text.data(), text.data() + text.size(), index);
  return index;
}

std::string values_of(const json::object& job) {
  SweepValues values;
  for (const auto& [name, value] : object_at(object_at(job, "sweep"), "values"))
    if (value.is_string()) values.emplace_back(name, value.get_string());
  return to_text(values);
}

void print_table(const Context& context, const std::vector<json::object>& jobs) {
  Table table({"INDEX", "VALUES", "ID", "STATE", "REGION", "REASON"});
  for (const json::object& job : jobs)
    table.add({std::to_string(index_of(job)), values_of(job), text_at(job, "id"),
               context.state(text_at(job, "state")), text_at(job, "region"),
               printable(text_at(job, "reason"))});
  table.print(context);
}

json::object as_json(const std::string& sweep, const std::vector<json::object>& jobs) {
  json::array list;
  for (const json::object& job : jobs) list.push_back(job);
  return {{"sweep", sweep}, {"jobs", std::move(list)}};
}

// "12 jobs: 3 queued, 9 complete".
std::string summary_of(const Context& context, const std::vector<json::object>& jobs) {
  std::map<std::string, size_t> states;
  for (const json::object& job : jobs) ++states[text_at(job, "state")];
  std::string out;
  for (const auto& [state, count] : states)
    out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + context.state(state);
  return std::to_string(jobs.size()) + " jobs: " + out;
}

int worst_end(const std::vector<json::object>& jobs) {
  int worst = 0;
  for (const json::object& job : jobs) {
    const int code = exit_of(job);
    if (code == static_cast<int>(ErrorCode::kForbidden) || worst == 0) worst = code == 0 ? worst : code;
  }
  return worst;
}

// What tells two explanations apart for people: places, verdicts and rules, not times.
std::string gist_of(const json::object& explanation) {
  std::string out = text_at(explanation, "decision");
  for (const json::value& value : list_at(explanation, "candidates")) {
    if (!value.is_object()) continue;
    const json::object& candidate = value.get_object();
    out += "|" + text_at(candidate, "region") + "," + text_at(candidate, "platform") + "," +
           text_at(candidate, "unfit") + "," + text_at(object_at(candidate, "verdict"), "reason");
    for (const json::value& crossing : list_at(candidate, "crossings")) {
      if (!crossing.is_object()) continue;
      const json::object& verdict = object_at(crossing.get_object(), "verdict");
      out += ";" + text_at(crossing.get_object(), "to") + text_at(verdict, "decision") +
             text_at(verdict, "reason");
    }
  }
  return out;
}

int stricter(int a, int b) {
  const auto rank = [](int code) {
    return code == static_cast<int>(ErrorCode::kForbidden) ? 3
           : code == static_cast<int>(ErrorCode::kFailed)  ? 2
           : code == static_cast<int>(ErrorCode::kHeld)    ? 1
                                                           : 0;
  };
  return rank(b) > rank(a) ? b : a;
}

}  // namespace

Result<std::vector<json::object>> jobs_of_sweep(const Client& client, const std::string& sweep) {
  std::vector<json::object> out;
  std::string cursor;
  do {
    const auto page = client.get(
        "/api/v1/jobs" +
        query_of({{"tag_key", "sweep"}, {"tag_value", sweep}, {"limit", "1000"}, {"cursor", cursor}}));
    if (!page) return fail(page.error());
    if (!page->is_object())
      return fail(ErrorCode::kFailed, "sweep " + sweep, "the answer is no list of jobs");
    for (const json::value& job : list_at(page->get_object(), "jobs")) {
      if (job.is_object()) out.push_back(job.get_object());
    }
    cursor = text_at(page->get_object(), "next_cursor");
  } while (!cursor.empty());
  if (out.empty())
    return fail(ErrorCode::kNotFound, "sweep " + sweep, "has no jobs here", "`hetao jobs` lists yours");
  std::sort(out.begin(), out.end(),
            [](const json::object& a, const json::object& b) { return index_of(a) < index_of(b); });
  return out;
}

int submit_sweep(const Context& context, JobFile file, const SweepOptions& options) {
  const std::string sweep = name_of(file, options);
  for (size_t i = 0; i < file.jobs.size(); ++i) add_tags(file.jobs[i], sweep, i);
  for (const std::string& warning : file.warnings) context.remark("hetao: " + warning);
  context.remark("sweep " + sweep + ": " + std::to_string(file.jobs.size()) + " jobs");
  const Sent sent = send_elements(context, file, options, sweep);
  if (sent.stopped) return *sent.stopped;
  if (context.json) context.print_json(json::object{{"sweep", sweep}, {"jobs", sent.jobs}});
  const int refused = sent.refused > 0 ? static_cast<int>(ErrorCode::kForbidden) : 0;
  if (!options.watch || sent.refused == sent.jobs.size()) return refused;
  return stricter(watch_sweep(context, sweep), refused);
}

int explain_sweep(const Context& context, const JobFile& file, const std::string& project) {
  const Client client(context);
  json::array all;
  std::map<std::string, std::vector<size_t>> groups;
  std::vector<json::object> explanations;
  int worst = 0;
  for (size_t i = 0; i < file.jobs.size(); ++i) {
    const auto answer = client.post("/api/v1/explain" + query_of({{"project", project}}), file.jobs[i].task);
    if (!answer) return report(context, answer.error());
    if (!answer->is_object())
      return report(context, Error{ErrorCode::kFailed, "explain", "the answer is no explanation", {}});
    const json::object& explanation = answer->get_object();
    worst = stricter(worst, exit_of_explanation(explanation));
    groups[gist_of(explanation)].push_back(i);
    json::object entry = entry_of(file.jobs[i], i);
    entry["explanation"] = explanation;
    all.push_back(std::move(entry));
    explanations.push_back(explanation);
  }
  if (context.json) return context.print_json(json::object{{"elements", std::move(all)}}), worst;
  for (const std::string& warning : file.warnings) context.remark("hetao: " + warning);
  for (const auto& [gist, members] : groups) {
    context.print(context.strong(std::to_string(members.size()) + " of " + std::to_string(file.jobs.size()) +
                                 " jobs, such as " + std::to_string(members.front()) + " (" +
                                 to_text(file.jobs[members.front()].values) + ")"));
    show_explanation(context, explanations[members.front()]);
  }
  return worst;
}

int watch_sweep(const Context& context, const std::string& sweep) {
  const Client client(context);
  std::string told;
  auto heard = Clock::now();
  while (true) {
    const auto jobs = jobs_of_sweep(client, sweep);
    if (!jobs) {
      // The jobs go on without us; a broken connection is no reason to stop watching.
      if (jobs.error().code != ErrorCode::kUnreachable || Clock::now() - heard > kPatience)
        return report(context, jobs.error());
    } else {
      heard = Clock::now();
      const std::string summary = summary_of(context, *jobs);
      if (summary != told && !context.json) context.print(summary);
      told = summary;
      const bool over = std::all_of(jobs->begin(), jobs->end(),
                                    [](const json::object& job) { return flag_at(job, "final"); });
      if (over && context.json) context.print_json(as_json(sweep, *jobs));
      if (over && !context.json) print_table(context, *jobs);
      if (over) return worst_end(*jobs);
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

int list_sweep(const Context& context, const std::string& sweep) {
  const auto jobs = jobs_of_sweep(Client(context), sweep);
  if (!jobs) return report(context, jobs.error());
  if (context.json) return context.print_json(as_json(sweep, *jobs)), 0;
  print_table(context, *jobs);
  return 0;
}

}  // namespace hetao::cli
