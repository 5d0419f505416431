// The section `stores`: places outside that s3:// and https:// URLs may name, and the files with their keys.
#include <sys/stat.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"
#include "gateway/files/file.h"
#include "policy/schema.h"

namespace hetao::daemon {

namespace {

using policy::MapReader;
using policy::Node;
using policy::Reader;

bool is_beginning(std::string_view url, bool inside) {
  const auto after = [&](std::string_view scheme) {
    return url.starts_with(scheme) && url.size() > scheme.size();
  };
  return after("s3://") || after("https://") || (inside && after("http://"));
}

void read_urls(Section& s, MapReader& map, const Node& node, bool inside, federation::StoreConfig& core) {
  core.urls = map.texts("urls", MapReader::kNeeded, true).value_or(std::vector<std::string>());
  for (const std::string& url : core.urls) {
    if (is_beginning(url, inside)) continue;
    s.reader.report(node, "urls: \"" + printable(url) + "\" is no beginning of URLs",
                    "such as s3://BUCKET/ or https://HOST/FOLDER/");
  }
}

void read_endpoint(Section& s, MapReader& map, const Node& node, const federation::StoreConfig& core,
                   io::StoreAccess& access) {
  access.endpoint = map.text("endpoint").value_or("");
  while (access.endpoint.ends_with('/')) access.endpoint.pop_back();
  const bool plain = access.endpoint.starts_with("http://");
  if (!access.endpoint.empty() && !access.endpoint.starts_with("https://") && !(plain && access.inside)) {
    s.reader.report(node, "endpoint \"" + printable(access.endpoint) + "\" is none",
                    "https://HOST[:PORT]; http:// only with inside: true");
  }
  const bool s3 = std::any_of(core.urls.begin(), core.urls.end(),
                              [](const std::string& url) { return url.starts_with("s3://"); });
  if (s3 && access.endpoint.empty())
    s.reader.report(node, "store " + core.name + " has s3:// URLs and no endpoint", "endpoint: https://HOST");
}

void read_store(Section& s, const Node& node, Config& config) {
  MapReader map(s.reader, node, "store");
  federation::StoreConfig core;
  io::StoreAccess access;
  StoreKeys keys;
  access.name = core.name = keys.store = map.text("name", MapReader::kNeeded).value_or("");
  access.inside = map.boolean("inside").value_or(false);
  read_urls(s, map, node, access.inside, core);
  read_endpoint(s, map, node, core, access);
  access.region = map.text("region").value_or("us-east-1");
  access.ca_file = s.path(map.text("ca"));
  keys.file = s.path(map.text("credentials"));
  core.jurisdiction = map.text("jurisdiction").value_or("");
  if (!core.jurisdiction.empty() && !policy::is_jurisdiction(core.jurisdiction)) {
    s.reader.report(node, "jurisdiction \"" + printable(core.jurisdiction) + "\" is none",
                    "two capital letters, such as CN or HK");
  }
  core.tenants = map.texts("tenants").value_or(std::vector<std::string>());
  core.writable = map.boolean("writable").value_or(false);
  if (const Node* labels = map.get("labels")) read_facts(s, *labels, core.labels);
  map.done();
  const auto& known = config.shell.core.stores;
  if (std::any_of(known.begin(), known.end(), [&](const auto& other) { return other.name == core.name; }))
    s.reader.report(node, "two stores are named \"" + printable(core.name) + "\"", "a name of its own");
  config.shell.core.stores.push_back(std::move(core));
  config.shell.stores.push_back(std::move(access));
  if (!keys.file.empty()) config.store_keys.push_back(std::move(keys));
}

void read_keys(const StoreKeys& keys, const std::string& text, io::StoreAccess& access,
               Diagnostics& mistakes) {
  const auto root = policy::parse_yaml(text, keys.file);
  if (!root) {
    mistakes.insert(mistakes.end(), root.error().begin(), root.error().end());
    return;
  }
  Reader reader(keys.file, mistakes);
  MapReader map(reader, *root, "credentials");
  access.access_key = map.text("access_key").value_or("");
  access.secret_key = map.text("secret_key").value_or("");
  access.bearer = map.text("bearer").value_or("");
  map.done();
  if (access.access_key.empty() != access.secret_key.empty())
    reader.report(*root, "access_key and secret_key belong together", "both, or neither");
}

}  // namespace

bool others_may_read(const std::string& file) {
  struct stat facts{};
  return ::stat(file.c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0;
}

void read_stores(Section& s, MapReader& top, Config& config) {
  const Node* list = top.get("stores");
  if (list == nullptr || !s.reader.expect_list(*list, "stores")) return;
  for (const Node& node : list->items) read_store(s, node, config);
}

void open_stores(const Config& config, io::ShellConfig& out, Diagnostics& mistakes) {
  for (const StoreKeys& keys : config.store_keys) {
    const auto text = files::read_file(keys.file);
    if (!text) {
      mistakes.push_back({keys.file, 0, 0, text.error().why, {}, text.error().hint});
      continue;
    }
    if (others_may_read(keys.file)) {
      mistakes.push_back({keys.file, 0, 0, "others may read it", "mode 0600", "chmod 600 " + keys.file});
      continue;
    }
    for (io::StoreAccess& access : out.stores) {
      if (access.name == keys.store) read_keys(keys, *text, access, mistakes);
    }
  }
}

}  // namespace hetao::daemon
