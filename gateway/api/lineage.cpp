#include "gateway/api/lineage.h"

#include <algorithm>

#include "gateway/federation/item.h"

namespace hetao::api {

namespace {

constexpr std::string_view kScheme = "result:";

tl::unexpected<Error> no_result(const std::string& result, std::string why) {
  return fail(ErrorCode::kUsage, "/url", std::move(why),
              "`hetao results list " + result.substr(0, result.find('/')) + "` shows what is here");
}

// The item behind an output, with its labels: as it arrived, or as the run here made it.
const pb::Item* item_of(const federation::Core& core, const pb::Job& job, const std::string& name) {
  const std::string prefix = job.id() + ".";
  const auto& crossings = core.crossings();
  for (auto at = crossings.lower_bound(prefix); at != crossings.end() && at->first.starts_with(prefix);
       ++at) {
    const pb::Crossing& crossing = at->second;
    if (crossing.state() == pb::CROSSING_DONE && crossing.to_region() == core.config().region &&
        crossing.attempt() == job.attempt() && crossing.item().name() == name &&
        crossing.item().kind() != "code" && crossing.item().kind() != "logs")
      return &crossing.item();
  }
  const pb::Run* run = core.run(prefix + std::to_string(job.attempt()));
  if (run == nullptr || job.region() != core.config().region) return nullptr;
  for (const pb::Item& item : run->results()) {
    if (item.name() == name && item.kind() != "logs") return &item;
  }
  return nullptr;
}

}  // namespace

std::string result_of(std::string_view url) {
  if (!url.starts_with(kScheme)) return {};
  const std::string_view rest = url.substr(kScheme.size());
  const size_t slash = rest.find('/');
  return slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size() ? std::string()
                                                                                   : std::string(rest);
}

Result<void> take_result(const Context& c, const FoundJob& found, const std::string& result,
                         pb::Dataset& dataset) {
  const size_t slash = result.find('/');
  const pb::Job* job = found.job;
  if (job == nullptr || job->submitter().tenant() != c.caller.tenant)
    return no_result(result, "names no job of yours");
  const std::string name = result.substr(slash + 1);
  const auto& outputs = job->deliveries();
  const auto output = std::find_if(outputs.begin(), outputs.end(), [&](const pb::Delivery& each) {
    return each.name() == name && each.kind() != "logs" &&
           (each.state() == "available" || each.state() == "delivered");
  });
  const pb::Item* item = item_of(*found.core, *job, name);
  if (output == outputs.end() || item == nullptr || output->files().empty())
    return no_result(result, "names no output that is here");
  *dataset.mutable_files() = output->files();
  for (const pb::Fact& label : item->labels()) {
    if (!label.name().starts_with("inspection.") && !label.name().starts_with("label."))
      *dataset.add_labels() = label;
  }
  dataset.add_derived_from("job:" + job->id());
  for (const pb::Input& input : job->task().inputs()) {
    if (const std::string id = federation::dataset_of(input); !id.empty())
      dataset.add_derived_from("dataset:" + id);
  }
  pb::Item sealed;
  *sealed.mutable_files() = dataset.files();
  federation::seal_item(sealed);
  dataset.set_digest(sealed.digest());
  dataset.set_bytes(sealed.bytes());
  *dataset.mutable_files() = sealed.files();
  return {};
}

}  // namespace hetao::api
