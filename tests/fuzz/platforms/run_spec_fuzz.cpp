// Any bytes: refused, or a specification that keeps the rules, prints, reads back the same, and whose
// argument lists hold exactly what they should.
#include <algorithm>
#include <boost/json/serialize.hpp>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/platforms/local/containers.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/platforms/platform.h"

using namespace hetao;
using namespace hetao::platforms;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto spec = parse_run_spec({reinterpret_cast<const char*>(data), size});
  if (!spec) {
    HETAO_CHECK(!to_line(spec.error()).empty());
    return 0;
  }
  HETAO_CHECK(check(*spec).has_value());
  const auto again = parse_run_spec(json::serialize(to_json(*spec)));
  HETAO_CHECK(again && *again == *spec);

  SandboxConfig config;
  config.host_root_images = {"*"};
  SandboxFolder folder{"/spool/scratch/root", "/bin/hetao-init",
                       std::vector<std::string>(spec->mounts.size(), "/source")};
  const auto binds = plan_binds(config, *spec, folder, Engine::kHostRoot);
  const auto fields = split(bubblewrap_options(*spec, folder, binds), '\0');
  size_t shares = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool is_value =
        i > 0 && (fields[i - 1] == "/source" || fields[i - 1] == "--ro-bind" || fields[i - 1] == "--bind");
    if (!is_value && fields[i] == "--share-net") ++shares;
  }
  HETAO_CHECK(shares == (spec->network ? 1U : 0U));
  for (const Engine engine : {Engine::kPodman, Engine::kApptainer, Engine::kEnroot}) {
    config.containers = {engine, "/bin/engine", {"*"}, "/images"};
    for (const ExecutorSpec& executor : spec->executors) {
      if (!check_container(config.containers, *spec, executor.image)) continue;
      const std::string path = image_path(config.containers, executor.image);
      HETAO_CHECK(path.empty() || path.find('/', std::string_view("/images/").size()) == std::string::npos);
    }
    const auto command = container_command({config, *spec, 0, folder, binds, true});
    // Nothing of the task's is an option that opens the network, or the program's place.
    const auto count = std::count(command.begin(), command.end(),
                                  engine == Engine::kEnroot ? "--unshare-net" : "--network=none");
    HETAO_CHECK(spec->network || count >= 1);
  }
  return 0;
}
