// The words of a run's states, and a RunStatus's JSON: printer and reader side by side.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/platforms/json_members.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms {

namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

const std::vector<std::string_view>& state_words() {
  static const std::vector<std::string_view> kWords = {"held",  "released",  "running",
                                                       "ended", "cancelled", "lost"};
  return kWords;
}

const std::vector<std::string_view>& reason_words() {
  static const std::vector<std::string_view> kWords = {"exited", "signalled", "timeout",   "memory",
                                                       "disk",   "processes", "cancelled", "sandbox"};
  return kWords;
}

json::object to_json(const ExecutorLog& log) {
  return {{"started_micros", log.started.micros}, {"ended_micros", log.ended.micros},
          {"exit_code", log.exit_code},           {"signal", log.signal},
          {"reason", to_word(log.reason)},        {"message", log.message},
          {"cpu_micros", log.cpu_micros},         {"ram_peak_bytes", log.ram_peak_bytes},
          {"stdout_bytes", log.stdout_bytes},     {"stderr_bytes", log.stderr_bytes}};
}

Result<ExecutorLog> read_executor(const json::value& value, std::string where) {
  JsonMembers members(value, std::move(where));
  ExecutorLog out;
  out.started.micros = members.integer("started_micros", 0, kMost);
  out.ended.micros = members.integer("ended_micros", 0, kMost);
  out.exit_code = static_cast<int32_t>(members.integer("exit_code", 0, 255));
  out.signal = static_cast<int32_t>(members.integer("signal", 0, 127));
  out.reason = static_cast<EndReason>(members.word("reason", reason_words()));
  out.message = members.text("message", limits::kTextFieldBytesMax);
  out.cpu_micros = members.integer("cpu_micros", 0, kMost);
  out.ram_peak_bytes = members.integer("ram_peak_bytes", 0, kMost);
  out.stdout_bytes = members.integer("stdout_bytes", 0, kMost);
  out.stderr_bytes = members.integer("stderr_bytes", 0, kMost);
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

json::object to_json(const OutputFile& file) {
  return {{"path", file.path}, {"bytes", file.bytes}, {"stored", file.stored}};
}

Result<OutputFile> read_file(const json::value& value, std::string where) {
  JsonMembers members(value, std::move(where));
  OutputFile out;
  out.path = members.text("path", limits::kContainerPathBytesMax);
  out.bytes = members.integer("bytes", 0, kMost);
  out.stored = members.text("stored", 64);
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

json::object to_json(const OutputResult& output) {
  json::array files;
  for (const OutputFile& file : output.files) files.emplace_back(to_json(file));
  return {{"files", std::move(files)}, {"note", output.note}};
}

Result<OutputResult> read_output(const json::value& value, std::string where) {
  JsonMembers members(value, std::move(where));
  OutputResult out;
  const json::array& files = members.array("files", limits::kRunOutputFilesMax);
  for (size_t i = 0; i < files.size(); ++i) {
    auto file = read_file(files[i], members.element("files", i));
    if (!file) return fail(file.error());
    out.files.push_back(std::move(*file));
  }
  out.note = members.text("note", limits::kTextFieldBytesMax);
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

}  // namespace

const char* to_word(ReplyKind kind) {
  switch (kind) {
    case ReplyKind::kOk:
      return "ok";
    case ReplyKind::kRefused:
      return "refused";
    case ReplyKind::kAbsent:
      return "absent";
    case ReplyKind::kUnknown:
      return "unknown";
  }
  HETAO_CHECK(false);
}

const char* to_word(RunState state) {
  const auto index = static_cast<size_t>(state);
  HETAO_CHECK(index < state_words().size());
  return state_words()[index].data();
}

const char* to_word(EndReason reason) {
  const auto index = static_cast<size_t>(reason);
  HETAO_CHECK(index < reason_words().size());
  return reason_words()[index].data();
}

bool is_final(RunState state) {
  return state == RunState::kEnded || state == RunState::kCancelled || state == RunState::kLost;
}

json::object to_json(const RunStatus& status) {
  json::array executors;
  for (const ExecutorLog& log : status.executors) executors.emplace_back(to_json(log));
  json::array outputs;
  for (const OutputResult& output : status.outputs) outputs.emplace_back(to_json(output));
  json::array notes;
  for (const std::string& note : status.notes) notes.emplace_back(note);
  return {{"key", status.key},
          {"state", to_word(status.state)},
          {"started_micros", status.started.micros},
          {"ended_micros", status.ended.micros},
          {"executors", std::move(executors)},
          {"outputs", std::move(outputs)},
          {"failure", status.failure},
          {"notes", std::move(notes)}};
}

Result<RunStatus> parse_run_status(std::string_view text) {
  const auto value = parse_json(text, "run status", limits::kRunStatusBytesMax);
  if (!value) return fail(value.error());
  JsonMembers members(*value, "");
  RunStatus out;
  out.key = members.text("key", limits::kRunKeyBytesMax);
  out.state = static_cast<RunState>(members.word("state", state_words()));
  out.started.micros = members.integer("started_micros", 0, kMost);
  out.ended.micros = members.integer("ended_micros", 0, kMost);
  const json::array& executors = members.array("executors", limits::kExecutorsMax);
  for (size_t i = 0; i < executors.size(); ++i) {
    auto log = read_executor(executors[i], members.element("executors", i));
    if (!log) return fail(log.error());
    out.executors.push_back(std::move(*log));
  }
  const json::array& outputs = members.array("outputs", limits::kOutputsMax);
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto output = read_output(outputs[i], members.element("outputs", i));
    if (!output) return fail(output.error());
    out.outputs.push_back(std::move(*output));
  }
  out.failure = members.text("failure", limits::kTextFieldBytesMax);
  out.notes = members.texts("notes", limits::kRunNotesMax, limits::kTextFieldBytesMax);
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  if (const auto ok = check_key(out.key); !ok) return fail(ok.error());
  return out;
}

}  // namespace hetao::platforms
