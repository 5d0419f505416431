#include "proto/tes_aliases.h"

#include <array>
#include <string_view>
#include <utility>

namespace hetao::tes {

namespace {

using Alias = std::pair<std::string_view, std::string_view>;

constexpr std::array<Alias, 1> kOfTask = {{{"creationTime", "creation_time"}}};
constexpr std::array<Alias, 1> kOfExecutor = {{{"ignoreError", "ignore_error"}}};
constexpr std::array<Alias, 1> kOfOutput = {{{"pathPrefix", "path_prefix"}}};
constexpr std::array<Alias, 5> kOfResources = {{{"cpuCores", "cpu_cores"},
                                                {"ramGb", "ram_gb"},
                                                {"diskGb", "disk_gb"},
                                                {"backendParameters", "backend_parameters"},
                                                {"backendParametersStrict", "backend_parameters_strict"}}};

template <class Aliases>
bool has_any(const json::value* value, const Aliases& aliases) {
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  if (object == nullptr) return false;
  for (const auto& [alias, name] : aliases) {
    if (object->contains(alias) && !object->contains(name)) return true;
  }
  return false;
}

template <class Aliases>
void rename_in(json::value* value, const Aliases& aliases) {
  if (!has_any(value, aliases)) return;
  json::object& object = value->get_object();
  for (const auto& [alias, name] : aliases) {
    if (!object.contains(alias) || object.contains(name)) continue;
    json::value kept = object.at(alias);
    object.erase(alias);
    object[name] = std::move(kept);
  }
}

// Calls `act` with every object that can have such members, and their aliases.
template <class Task, class Act>
void each_part(Task& task, const Act& act) {
  act(&task, kOfTask);
  auto* object = task.if_object();
  if (object == nullptr) return;
  act(object->if_contains("resources"), kOfResources);
  const auto each = [&](std::string_view name, const auto& aliases) {
    auto* list = object->if_contains(name);
    if (list == nullptr || !list->is_array()) return;
    for (auto& one : list->get_array()) act(&one, aliases);
  };
  each("executors", kOfExecutor);
  each("outputs", kOfOutput);
}

}  // namespace

std::optional<json::value> with_tes_names(const json::value& task) {
  bool any = false;
  each_part(task, [&](const json::value* part, const auto& aliases) { any = any || has_any(part, aliases); });
  if (!any) return std::nullopt;
  json::value renamed = task;
  each_part(renamed, [](json::value* part, const auto& aliases) { rename_in(part, aliases); });
  return renamed;
}

}  // namespace hetao::tes
