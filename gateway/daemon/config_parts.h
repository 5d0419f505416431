// What the readers of the configuration's sections share. Internal to the daemon room.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gateway/daemon/config.h"
#include "policy/yaml_reader.h"

namespace hetao::daemon {

struct Section {
  policy::Reader& reader;
  std::filesystem::path base;  // relative paths start where the configuration file stands

  std::string path(const std::optional<std::string>& text) const {
    return text && !text->empty() ? (base / *text).lexically_normal().string() : std::string();
  }
};

// A map of attributes to values of their own types.
void read_facts(Section& s, const policy::Node& node, std::vector<pb::Fact>& out);

// An amount of money as a decimal, in millionths: `core_hour: 0.35`; absent: 0.
int64_t read_amount(Section& s, policy::MapReader& map, const char* key, const policy::Node& at);

// `platforms:` and `placement:`; config_platforms.cpp.
void read_platforms(Section& s, policy::MapReader& top, Config& config);
void read_placement(Section& s, policy::MapReader& top, Config& config);
// What a platform of kind kubernetes has beyond what every kind has; config_kubernetes.cpp.
void read_kubernetes(Section& s, const policy::Node& node, policy::MapReader& map,
                     io::KubernetesPlatformConfig& out, federation::PlatformConfig& core);

void read_inspection(Section& s, policy::MapReader& top, Config& config);
void read_traces(Section& s, policy::MapReader& top, Config& config);

// `auth:`; config_auth.cpp.
void read_auth(Section& s, policy::MapReader& top, Config& config);

void read_stores(Section& s, policy::MapReader& top, Config& config);
// Keys and tokens of the stores, from the files that the configuration names.
// Whether others than its owner may read a file of secrets.
bool others_may_read(const std::string& file);
void open_stores(const Config& config, io::ShellConfig& out, Diagnostics& mistakes);

}  // namespace hetao::daemon
