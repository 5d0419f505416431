// The keys below `platforms`: what every kind has, and what each kind needs to be reached.
#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"
#include "gateway/federation/money.h"

namespace hetao::daemon {

namespace {

using policy::MapReader;
using policy::Node;

constexpr int64_t kGiB = int64_t{1} << 30U;
// Slurm answers within MessageTimeout (10 s), or never will.
constexpr Duration kSlurmSettle = Duration::seconds(15);

std::vector<std::string> texts(MapReader& map, const char* key) {
  return map.texts(key).value_or(std::vector<std::string>());
}

void read_price(Section& s, MapReader& map, pb::Price& price) {
  static const std::vector<std::string> kCurrencies = {"CNY", "HKD"};
  const Node* node = map.get("price");
  if (node == nullptr) return;
  MapReader one(s.reader, *node, "price");
  if (const auto currency = one.word("currency", kCurrencies, MapReader::kNeeded))
    price.set_currency(kCurrencies[*currency]);
  price.set_core_hour_micros(read_amount(s, one, "core_hour", *node));
  price.set_ram_gib_hour_micros(read_amount(s, one, "ram_gb_hour", *node));
  if (const Node* kinds = one.get("accelerator_hour");
      kinds != nullptr && s.reader.expect_map(*kinds, "accelerator_hour")) {
    for (const Node::Entry& entry : kinds->entries) {
      const auto value = federation::parse_amount(entry.value.text);
      if (!value)
        s.reader.report(entry.value, entry.key + " is no amount of money", "a number such as 12.50");
      pb::AcceleratorPrice& made = *price.add_accelerators();
      made.set_kind(entry.key);
      made.set_hour_micros(value.value_or(0));
    }
  }
  one.done();
}

platforms::slurm::Route read_route(MapReader& map) {
  platforms::slurm::Route route;
  route.user = map.text("user").value_or("");
  route.partition = map.text("partition").value_or("");
  route.account = map.text("account").value_or("");
  route.qos = map.text("qos").value_or("");
  route.reservation = map.text("reservation").value_or("");
  route.constraint = map.text("constraint").value_or("");
  return route;
}

void read_slurm_accelerators(Section& s, MapReader& map, io::SlurmPlatformConfig& slurm,
                             federation::PlatformConfig& core) {
  const Node* node = map.get("accelerators");
  if (node == nullptr || !s.reader.expect_map(*node, "accelerators")) return;
  for (const Node::Entry& entry : node->entries) {
    MapReader one(s.reader, entry.value, "accelerator " + entry.key);
    io::SlurmAccelerator accelerator;
    accelerator.gres = one.text("gres", MapReader::kNeeded).value_or("");
    accelerator.partition = one.text("partition").value_or("");
    accelerator.devices = texts(one, "devices");
    if (const Node* facts = one.get("facts")) read_facts(s, *facts, core.accelerator_facts[entry.key]);
    core.accelerators[entry.key] = one.integer("per_job", MapReader::kNeeded, 1, 999'999).value_or(1);
    one.done();
    for (const std::string& device : accelerator.devices) {
      if (!device.starts_with("/dev/"))
        s.reader.report(entry.value, "device \"" + printable(device) + "\" lies elsewhere",
                        "a path below /dev");
    }
    slurm.accelerators[entry.key] = std::move(accelerator);
  }
}

void read_slurm(Section& s, const Node& node, MapReader& map, io::SlurmPlatformConfig& slurm,
                federation::PlatformConfig& core) {
  slurm.endpoint = map.text("endpoint").value_or("");
  slurm.token_file = s.path(map.text("token_file"));
  slurm.slurm_conf = s.path(map.text("slurm_conf"));
  slurm.commands = s.path(map.text("commands"));
  slurm.spool = s.path(map.text("spool", MapReader::kNeeded));
  slurm.runner = s.path(map.text("runner"));
  slurm.completion_log = s.path(map.text("completion_log"));
  slurm.sacct = map.boolean("sacct").value_or(false);
  slurm.connections =
      static_cast<size_t>(map.integer("connections", MapReader::kMayMiss, 1, 256).value_or(16));
  if (const auto patience = map.duration("patience")) slurm.call_patience = *patience;
  slurm.route = read_route(map);
  if (const Node* tenants = map.get("tenants");
      tenants != nullptr && s.reader.expect_map(*tenants, "tenants")) {
    for (const Node::Entry& entry : tenants->entries) {
      MapReader one(s.reader, entry.value, "tenant " + entry.key);
      slurm.tenants[entry.key] = read_route(one);
      one.done();
    }
  }
  read_slurm_accelerators(s, map, slurm, core);
  core.submit_settle = map.duration("settle").value_or(kSlurmSettle);
  if (!slurm.endpoint.empty() && slurm.token_file.empty())
    s.reader.report(node, "platform " + slurm.name + " has an endpoint and no token for it",
                    "token_file: FILE, as `scontrol token` prints it");
}

// What every kind has.
template <class Kind>
void read_shared(Section& s, MapReader& map, Kind& kind, federation::PlatformConfig& core) {
  kind.name = core.name;
  kind.cpu_cores = core.cpu_cores = map.integer("cpu_cores", MapReader::kMayMiss, 1, 100'000).value_or(0);
  kind.ram_bytes = core.ram_bytes =
      map.integer("ram_gb", MapReader::kMayMiss, 1, 1'000'000).value_or(0) * kGiB;
  kind.disk_bytes = map.integer("disk_gb", MapReader::kMayMiss, 1, 1'000'000).value_or(0) * kGiB;
  if (const auto limit = map.duration("wall_time")) kind.wall_time_max = *limit;
  if (const Node* facts = map.get("facts")) read_facts(s, *facts, core.facts);
  read_price(s, map, core.price);
}

// The program that runs container images: one of podman, Apptainer and enroot.
void read_containers(Section& s, const Node& node, MapReader& map, platforms::ContainerConfig& containers) {
  using platforms::Engine;
  containers.image_folder = s.path(map.text("image_folder"));
  for (const Engine engine : {Engine::kPodman, Engine::kApptainer, Engine::kEnroot}) {
    const auto program = map.text(to_word(engine));
    if (!program) continue;
    if (!containers.images.empty())
      s.reader.report(node, "one platform has two programs that run container images",
                      "one of podman, apptainer and enroot");
    containers.engine = engine;
    containers.program = s.path(program);
    containers.images = {"*"};
    if (engine != Engine::kPodman && containers.image_folder.empty())
      s.reader.report(node, std::string(to_word(engine)) + " has no folder to find images in",
                      "image_folder: DIR, which all nodes see");
  }
}

// Folders that jobs work in themselves, and whose jobs.
void read_shared_folders(Section& s, MapReader& map, io::JobBounds& kind, Config& config) {
  const Node* list = map.get("shared_folders");
  if (list == nullptr || !s.reader.expect_list(*list, "shared_folders")) return;
  for (const Node& node : list->items) {
    MapReader one(s.reader, node, "shared folder");
    io::SharedFolder folder{s.path(one.text("path", MapReader::kNeeded)), texts(one, "tenants")};
    one.done();
    while (folder.path.size() > 1 && folder.path.ends_with('/')) folder.path.pop_back();
    if (folder.path == "/") s.reader.report(node, "a shared folder is the whole machine", "a folder below /");
    if (folder.tenants.empty())
      s.reader.report(node, "shared folder " + printable(folder.path) + " is nobody's",
                      "tenants: [NAME], whose jobs may read and write all of it");
    for (const std::string& tenant : folder.tenants) {
      if (!config.shell.core.tenants.contains(tenant))
        s.reader.report(node, "tenant " + printable(tenant) + " is not known", "a key of `tenants`");
    }
    kind.shared_folders.push_back(std::move(folder));
  }
}

// What kinds have whose jobs hetao-runner walls in.
template <class Kind>
void read_engines(Section& s, const Node& node, MapReader& map, Kind& kind, Config& config) {
  read_shared_folders(s, map, kind, config);
  kind.host_root_images = texts(map, "host_root_images");
  for (const std::string& path : texts(map, "host_paths")) kind.host_paths.push_back(s.path(path));
  read_containers(s, node, map, kind.containers);
  if (kind.host_root_images.empty() && kind.containers.images.empty()) {
    s.reader.report(node, "platform " + kind.name + " could run no image",
                    "host_root_images: [\"host/*\"] or podman: /usr/bin/podman");
  }
}

void read_platform(Section& s, const Node& node, Config& config) {
  static const std::vector<std::string> kKinds = {"local", "slurm", "kubernetes", "simulated"};
  MapReader map(s.reader, node, "platform");
  federation::PlatformConfig core;
  core.name = map.text("name", MapReader::kNeeded).value_or("");
  const auto kind = map.word("kind", kKinds, MapReader::kNeeded);
  core.kind = kind ? kKinds[*kind] : "local";
  if (core.kind == "simulated") {
    if (const Node* facts = map.get("facts")) read_facts(s, *facts, core.facts);
    config.shell.simulated_platforms.push_back(core.name);
  } else if (core.kind == "slurm") {
    io::SlurmPlatformConfig slurm;
    read_shared(s, map, slurm, core);
    read_engines(s, node, map, slurm, config);
    read_slurm(s, node, map, slurm, core);
    slurm.region = config.shell.core.region;
    config.shell.slurm_platforms.push_back(std::move(slurm));
  } else if (core.kind == "kubernetes") {
    io::KubernetesPlatformConfig kubernetes;
    read_shared(s, map, kubernetes, core);
    read_kubernetes(s, node, map, kubernetes, core);
    kubernetes.region = config.shell.core.region;
    config.shell.kubernetes_platforms.push_back(std::move(kubernetes));
  } else {
    io::LocalPlatformConfig local;
    read_shared(s, map, local, core);
    read_engines(s, node, map, local, config);
    local.runner_socket = s.path(map.text("runner_socket"));
    local.runs_max = static_cast<size_t>(map.integer("runs", MapReader::kMayMiss, 1, 10'000).value_or(64));
    config.shell.platforms.push_back(std::move(local));
  }
  map.done();
  const auto& known = config.shell.core.platforms;
  if (std::any_of(known.begin(), known.end(), [&](const auto& other) { return other.name == core.name; }))
    s.reader.report(node, "two platforms are named \"" + printable(core.name) + "\"",
                    "a name of its own for each");
  config.shell.core.platforms.push_back(std::move(core));
}

federation::PlacementWeights read_weights(MapReader& map) {
  constexpr int64_t kMost = 1'000'000;
  const federation::PlacementWeights usual;
  federation::PlacementWeights weights;
  weights.moving = map.integer("moving", MapReader::kMayMiss, 0, kMost).value_or(usual.moving);
  weights.waiting = map.integer("waiting", MapReader::kMayMiss, 0, kMost).value_or(usual.waiting);
  weights.price = map.integer("price", MapReader::kMayMiss, 0, kMost).value_or(usual.price);
  return weights;
}

}  // namespace

int64_t read_amount(Section& s, MapReader& map, const char* key, const Node& at) {
  const Node* node = map.get(key);
  if (node == nullptr) return 0;
  const auto value = federation::parse_amount(node->text);
  if (!value) s.reader.report(at, std::string(key) + " is no amount of money", "a number such as 0.35");
  return value.value_or(0);
}

void read_placement(Section& s, MapReader& top, Config& config) {
  const Node* node = top.get("placement");
  if (node == nullptr) return;
  MapReader map(s.reader, *node, "placement");
  config.shell.core.weights = read_weights(map);
  if (const int64_t rate = read_amount(s, map, "hkd_in_cny", *node); rate > 0)
    config.shell.core.hkd_in_cny_micros = rate;
  if (const Node* tenants = map.get("tenants");
      tenants != nullptr && s.reader.expect_map(*tenants, "placement.tenants")) {
    for (const Node::Entry& entry : tenants->entries) {
      MapReader one(s.reader, entry.value, "placement of " + entry.key);
      config.shell.core.tenant_weights[entry.key] = read_weights(one);
      one.done();
    }
  }
  map.done();
}

void read_platforms(Section& s, MapReader& top, Config& config) {
  const Node* list = top.get("platforms");
  if (list == nullptr || !s.reader.expect_list(*list, "platforms")) return;
  for (const Node& node : list->items) read_platform(s, node, config);
}

}  // namespace hetao::daemon
