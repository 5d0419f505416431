#include "gateway/cli/watch.h"

#include <chrono>
#include <set>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

// What was said already, so that each news is told once.
struct Told {
  std::string state;
  std::string reason;
  std::set<std::string> crossings;
};

void tell(const Context& context, const json::object& job, Told& told) {
  const std::string state = text_at(job, "state");
  const std::string reason = text_at(job, "reason");
  for (const json::value& value : list_at(job, "crossings")) {
    if (!value.is_object()) continue;
    const json::object& crossing = value.get_object();
    const std::string now = text_at(crossing, "state");
    if (now != "done" && now != "refused" && now != "held" && now != "moving") continue;
    if (!told.crossings.insert(text_at(crossing, "id") + now).second) continue;
    context.print("  " + crossing_line(context, crossing) + "  " + context.state(now));
  }
  if (state == told.state && reason == told.reason) return;
  told.state = state;
  told.reason = reason;
  std::string line = context.strong(text_at(job, "id")) + "  " + context.state(state);
  if (!text_at(job, "region").empty()) line += "  in " + text_at(job, "region");
  if (!text_at(job, "platform").empty()) line += " on " + text_at(job, "platform");
  if (!reason.empty()) line += ": " + printable(reason);
  context.print(line);
  for (const json::value& review : list_at(job, "waits_for")) {
    if (review.is_string()) context.print("  waits for review " + std::string(review.get_string()));
  }
}

void tell_end(const Context& context, const json::object& job) {
  for (const json::value& value : list_at(job, "outputs")) {
    if (!value.is_object()) continue;
    const json::object& output = value.get_object();
    std::string line =
        "  " + context.strong(text_at(output, "name")) + "  " + context.state(text_at(output, "state"));
    if (number_at(output, "bytes") > 0)
      line += "  " + human_bytes(static_cast<unsigned long long>(number_at(output, "bytes")));
    if (!text_at(output, "digest").empty()) line += "  " + context.dim(text_at(output, "digest"));
    if (!text_at(output, "note").empty()) line += "  " + printable(text_at(output, "note"));
    context.print(line);
  }
  for (const json::value& note : list_at(job, "notes")) {
    if (note.is_string()) context.print("  " + printable(std::string(note.get_string())));
  }
}

}  // namespace

int exit_of(const json::object& job) {
  const std::string state = text_at(job, "state");
  if (state == "complete") return 0;
  if (state == "held") return static_cast<int>(ErrorCode::kHeld);
  return text_at(job, "reason").find("refused by") != std::string::npos
             ? static_cast<int>(ErrorCode::kForbidden)
             : static_cast<int>(ErrorCode::kFailed);
}

int watch_job(const Context& context, const std::string& id, int patience_seconds) {
  using Clock = std::chrono::steady_clock;
  const Client client(context);
  Told told;
  std::string etag;
  auto heard = Clock::now();
  while (true) {
    Call call{"GET", "/api/v1/jobs/" + percent_encode(id) + "?wait=20", {}, {}, 40, {}};
    if (!etag.empty()) call.headers["If-None-Match"] = etag;
    const auto reply = client.send(call);
    if (!reply || reply->status >= 500) {
      // The job goes on without us; a broken connection is no reason to stop watching.
      if (Clock::now() - heard > std::chrono::seconds(patience_seconds)) {
        return report(context, reply ? error_of(*reply, "job " + id) : reply.error());
      }
      std::this_thread::sleep_for(std::chrono::seconds(1));
      continue;
    }
    heard = Clock::now();
    if (reply->status == 304) continue;
    if (reply->status != 200) return report(context, error_of(*reply, "job " + id));
    const auto job = parse_json(reply->body, "answer of the gateway", size_t{64} << 20U);
    if (!job || !job->is_object())
      return report(context, Error{ErrorCode::kFailed, "job " + id, "the answer is no job", {}});
    etag = reply->headers.contains("etag") ? reply->headers.at("etag") : std::string();
    if (context.json) {
      context.print_json(*job);
    } else {
      tell(context, job->get_object(), told);
    }
    if (flag_at(job->get_object(), "final")) {
      if (!context.json) tell_end(context, job->get_object());
      return exit_of(job->get_object());
    }
    if (etag.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

}  // namespace hetao::cli
