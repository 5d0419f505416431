#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "gateway/base/time.h"
#include "proto/tes_json.h"

namespace hetao::tes {

namespace {

using Tags = google::protobuf::RepeatedPtrField<pb::Tag>;

json::object map_of(const Tags& tags) {
  json::object out;
  for (const pb::Tag& tag : tags) out[tag.key()] = tag.value();
  return out;
}

template <class List>
json::array list_of(const List& values) {
  json::array out;
  for (const std::string& value : values) out.emplace_back(value);
  return out;
}

void put_text(json::object& out, std::string_view key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

// TES lets the client leave the type out and asks the server to fill it in.
const char* type_name(pb::FileType type, const std::string& path) {
  if (type == pb::FILE_TYPE_DIRECTORY) return "DIRECTORY";
  return type == pb::FILE_TYPE_UNSPECIFIED && path.ends_with('/') ? "DIRECTORY" : "FILE";
}

json::object write_executor(const pb::Executor& executor) {
  json::object out;
  out["image"] = executor.image();
  out["command"] = list_of(executor.command());
  put_text(out, "workdir", executor.workdir());
  put_text(out, "stdin", executor.stdin());
  put_text(out, "stdout", executor.stdout());
  put_text(out, "stderr", executor.stderr());
  if (!executor.env().empty()) out["env"] = map_of(executor.env());
  if (executor.ignore_error()) out["ignore_error"] = true;
  return out;
}

// `fill_type`: as a server answers; else only what the client said.
json::object write_input(const pb::Input& input, bool with_content, bool fill_type) {
  json::object out;
  put_text(out, "name", input.name());
  put_text(out, "description", input.description());
  put_text(out, "url", input.url());
  out["path"] = input.path();
  if (fill_type || input.type() != pb::FILE_TYPE_UNSPECIFIED) {
    out["type"] = type_name(input.type(), input.has_content() ? std::string() : input.path());
  }
  if (with_content && input.has_content()) out["content"] = input.content();
  if (input.streamable()) out["streamable"] = true;
  return out;
}

json::object write_output(const pb::Output& output, bool fill_type) {
  json::object out;
  put_text(out, "name", output.name());
  put_text(out, "description", output.description());
  out["url"] = output.url();
  out["path"] = output.path();
  put_text(out, "path_prefix", output.path_prefix());
  if (fill_type || output.type() != pb::FILE_TYPE_UNSPECIFIED) {
    out["type"] = type_name(output.type(), output.path());
  }
  return out;
}

json::object write_resources(const pb::Resources& resources) {
  json::object out;
  if (resources.cpu_cores() != 0) out["cpu_cores"] = resources.cpu_cores();
  if (resources.preemptible()) out["preemptible"] = true;
  if (resources.ram_bytes() != 0) out["ram_gb"] = gb_of_bytes(resources.ram_bytes());
  if (resources.disk_bytes() != 0) out["disk_gb"] = gb_of_bytes(resources.disk_bytes());
  if (!resources.zones().empty()) out["zones"] = list_of(resources.zones());
  if (!resources.backend_parameters().empty()) {
    out["backend_parameters"] = map_of(resources.backend_parameters());
  }
  return out;
}

void put_task(json::object& out, const pb::Task& task, bool with_content, bool fill_type) {
  put_text(out, "name", task.name());
  put_text(out, "description", task.description());
  json::array inputs;
  for (const pb::Input& input : task.inputs()) inputs.push_back(write_input(input, with_content, fill_type));
  if (!inputs.empty()) out["inputs"] = std::move(inputs);
  json::array outputs;
  for (const pb::Output& output : task.outputs()) outputs.push_back(write_output(output, fill_type));
  if (!outputs.empty()) out["outputs"] = std::move(outputs);
  if (task.has_resources()) out["resources"] = write_resources(task.resources());
  json::array executors;
  for (const pb::Executor& executor : task.executors()) executors.push_back(write_executor(executor));
  out["executors"] = std::move(executors);
  if (!task.volumes().empty()) out["volumes"] = list_of(task.volumes());
  if (!task.tags().empty()) out["tags"] = map_of(task.tags());
}

std::string time_text(int64_t micros) {
  return to_rfc3339(Instant{micros});
}

json::object write_executor_log(const pb::ExecutorLog& log, View view) {
  json::object out;
  if (log.started_micros() != 0) out["start_time"] = time_text(log.started_micros());
  if (log.ended_micros() != 0) out["end_time"] = time_text(log.ended_micros());
  if (view == View::kFull) {
    out["stdout"] = log.stdout_tail();
    out["stderr"] = log.stderr_tail();
  }
  out["exit_code"] = log.exit_code();
  return out;
}

std::string joined(const std::string& folder, const std::string& name) {
  if (name.empty()) return folder;
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// TES wants directories flattened and sizes as text.
json::array write_output_files(const pb::Job& job) {
  json::array out;
  for (const pb::Delivery& delivery : job.deliveries()) {
    if (delivery.url().empty()) continue;  // the logs, which TES shows elsewhere
    if (delivery.state() != "available" && delivery.state() != "delivered") continue;
    for (const pb::ItemFile& file : delivery.files()) {
      json::object entry;
      entry["url"] = joined(delivery.url(), file.path());
      entry["path"] = joined(delivery.path(), file.path());
      entry["size_bytes"] = std::to_string(file.bytes());
      out.push_back(std::move(entry));
    }
  }
  return out;
}

std::string lower_state(pb::JobState state) {
  std::string word = pb::JobState_Name(state).substr(4);  // without "JOB_"
  for (char& c : word) c = static_cast<char>(c == '_' ? '-' : std::tolower(static_cast<unsigned char>(c)));
  return word;
}

bool has_failed(pb::JobState state) {
  return state == pb::JOB_SYSTEM_ERROR || state == pb::JOB_EXECUTOR_ERROR || state == pb::JOB_EXPIRED;
}

json::object write_metadata(const pb::Job& job) {
  json::object out;
  out["hetao_state"] = lower_state(job.state());
  out["attempt"] = std::to_string(job.attempt());
  put_text(out, "region", job.region());
  put_text(out, "platform", job.platform());
  put_text(out, has_failed(job.state()) ? "failure_reason" : "reason", job.reason());
  put_text(out, "decision", job.verdict().effect());
  put_text(out, "policy_digest", job.verdict().policy_digest());
  std::string rules;
  for (const pb::RuleRef& rule : job.verdict().rules()) rules += (rules.empty() ? "" : ",") + rule.id();
  put_text(out, "rules", rules);
  return out;
}

json::object write_log(const pb::Job& job, View view) {
  json::object out;
  json::array executors;
  for (const pb::ExecutorLog& log : job.report().executors()) {
    executors.push_back(write_executor_log(log, view));
  }
  out["logs"] = std::move(executors);
  out["metadata"] = write_metadata(job);
  if (job.report().started_micros() != 0) out["start_time"] = time_text(job.report().started_micros());
  if (job.report().ended_micros() != 0) out["end_time"] = time_text(job.report().ended_micros());
  out["outputs"] = write_output_files(job);
  if (view == View::kFull) {
    json::array notes;
    if (has_failed(job.state()) && !job.reason().empty()) notes.emplace_back(job.reason());
    for (const pb::StateChange& change : job.history()) {
      notes.emplace_back(time_text(change.at_micros()) + " " + lower_state(change.state()) +
                         (change.note().empty() ? "" : ": " + change.note()));
    }
    for (const std::string& note : job.notes()) notes.emplace_back(note);
    out["system_logs"] = std::move(notes);
  }
  return out;
}

}  // namespace

const char* state_name(pb::JobState state) {
  switch (state) {
    case pb::JOB_QUEUED:
    case pb::JOB_DECIDING:
    case pb::JOB_HELD:
    case pb::JOB_OFFERED:
      return "QUEUED";
    case pb::JOB_STAGING:
      return "INITIALIZING";
    case pb::JOB_RUNNING:
    case pb::JOB_INSPECTING:
    case pb::JOB_RETURNING:
      return "RUNNING";
    case pb::JOB_COMPLETE:
      return "COMPLETE";
    case pb::JOB_EXECUTOR_ERROR:
      return "EXECUTOR_ERROR";
    case pb::JOB_SYSTEM_ERROR:
    case pb::JOB_EXPIRED:
      return "SYSTEM_ERROR";
    // Nextflow and Snakemake poll a CANCELING task for ever.
    case pb::JOB_CANCELLING:
    case pb::JOB_CANCELLED:
      return "CANCELED";
    case pb::JOB_STATE_UNSPECIFIED:
    case pb::JobState_INT_MIN_SENTINEL_DO_NOT_USE_:
    case pb::JobState_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return "UNKNOWN";
}

std::string output_name(const pb::Output& output) {
  static constexpr std::string_view kScheme = "result:";
  if (output.url().starts_with(kScheme)) return output.url().substr(kScheme.size());
  if (!output.name().empty()) return output.name();
  std::string path = output.path();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

double gb_of_bytes(int64_t bytes) {
  const double exact = static_cast<double>(bytes) / 1'073'741'824.0;
  for (int digits = 1; digits <= 17; ++digits) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*g", digits, exact);
    const double rounded = std::strtod(text, nullptr);
    if (bytes_of_gb(rounded) == bytes) return rounded;
  }
  return exact;
}

json::object write_task(const pb::Task& task) {
  json::object out;
  put_task(out, task, true, false);
  return out;
}

namespace {

// What the client left open is known once the input is here: a folder holds files with names of their own.
void name_folders(const pb::Job& job, json::object& out) {
  json::value* inputs = out.if_contains("inputs");
  if (inputs == nullptr) return;
  for (int i = 0; i < job.task().inputs_size(); ++i) {
    const pb::Input& input = job.task().inputs(i);
    if (input.type() != pb::FILE_TYPE_UNSPECIFIED) continue;
    for (const pb::Item& item : job.items()) {
      const bool is_file = item.files_size() == 1 && item.files(0).path().empty();
      if (item.name() == input.path() && item.files_size() > 0 && !is_file)
        inputs->get_array()[static_cast<size_t>(i)].get_object()["type"] = "DIRECTORY";
    }
  }
}

}  // namespace

json::object write_job(const pb::Job& job, View view) {
  json::object out;
  out["id"] = job.id();
  out["state"] = state_name(job.state());
  if (view == View::kMinimal) return out;
  put_task(out, job.task(), view == View::kFull, true);
  name_folders(job, out);
  out["creation_time"] = time_text(job.created_micros());
  json::array logs;
  logs.push_back(write_log(job, view));
  out["logs"] = std::move(logs);
  return out;
}

}  // namespace hetao::tes
