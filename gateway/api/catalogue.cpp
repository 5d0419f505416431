#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/federation/decide.h"

namespace hetao::api {

namespace {

bool is_here(const Context& c, const pb::Dataset& dataset) {
  return dataset.region() == c.backend.core().config().region;
}

}  // namespace

io::HttpResponse list_datasets(const Context& c) {
  const std::string retired = c.query.get("retired");
  json::array list;
  for (const auto& [id, dataset] : c.backend.core().datasets()) {
    if (dataset.retired() && retired != "true") continue;
    list.push_back(to_json(dataset, is_here(c, dataset)));
  }
  json::object out;
  out["datasets"] = std::move(list);
  return json_answer(out);
}

io::HttpResponse get_dataset(const Context& c) {
  const pb::Dataset* dataset = c.backend.core().dataset(c.at("id"));
  if (dataset == nullptr) return no_such("dataset", c.at("id"), "`hetao data list` shows what is");
  return json_answer(to_json(*dataset, is_here(c, *dataset)));
}

io::HttpResponse list_mechanisms(const Context& c) {
  json::array list;
  for (const auto& [id, mechanism] : c.backend.core().mechanisms()) {
    json::object one = to_json(mechanism);
    const auto left = federation::days_left(mechanism, shanghai_date(c.backend.now()).days);
    if (left && !mechanism.withdrawn()) one["days_left"] = *left;
    list.push_back(std::move(one));
  }
  json::object out;
  out["mechanisms"] = std::move(list);
  return json_answer(out);
}

}  // namespace hetao::api
