// Reads the regions of requests whose outcome differs off the diagram: a path from its root to an end is a
// box. Boxes that differ in one attribute alone and have one outcome are put together, for people.
#include <algorithm>
#include <map>
#include <tuple>

#include "policy/diagram.h"

namespace hetao::policy {

namespace {

// Up to this many boxes are looked at for putting together.
constexpr double kWholeBoxesMax = 4'000;
constexpr double kUpperBoxesMax = 20'000;

// So many states the whole diagram may take; what needs more has too many boxes to be read.
constexpr uint64_t kWholeNodesMax = 5'000;

struct Box {
  Diagram::Cuts cuts;  // sorted
  uint32_t end = 0;    // or leaf
  bool whole = true;
};

class RegionsReader {
 public:
  RegionsReader(const Diagram& diagram, uint32_t root) : diagram_(diagram), root_(root) {}

  std::vector<Box> read(size_t most) {
    left_ = most;
    walk(root_);
    return std::move(found_);
  }

 private:
  void walk(uint32_t at) {
    if (left_ == 0 || at == Diagram::kSame) return;
    const Diagram::Node& node = diagram_.node(at);
    if (node.variable == Diagram::kEnd) {
      --left_;
      Box box{path_, at, true};
      std::sort(box.cuts.begin(), box.cuts.end());
      found_.push_back(std::move(box));
      return;
    }
    for (const Diagram::Edge& edge : node.edges) {
      path_.emplace_back(node.variable, edge.groups);
      walk(edge.to);
      path_.pop_back();
    }
  }

  const Diagram& diagram_;
  uint32_t root_;
  size_t left_ = 0;
  Diagram::Cuts path_;
  std::vector<Box> found_;
};

// Puts boxes together that differ in one variable alone.
class Joiner {
 public:
  explicit Joiner(const Question& question) : question_(question) {}

  std::vector<Box> join(std::vector<Box> boxes) const {
    for (bool again = true; again;) {
      again = false;
      for (uint32_t v = 0; v < question_.variables.size(); ++v) {
        const size_t before = boxes.size();
        boxes = join_on(v, std::move(boxes));
        again = again || boxes.size() < before;
      }
    }
    return boxes;
  }

 private:
  std::vector<Box> join_on(uint32_t v, std::vector<Box> boxes) const {
    const size_t count = question_.variables[v].groups.size();
    Bits whole((count + 63) / 64);
    for (size_t g = 0; g < count; ++g) put(whole, g);
    std::map<std::tuple<uint32_t, bool, Diagram::Cuts>, std::pair<size_t, Bits>> rest;
    std::vector<Box> out;
    for (Box& box : boxes) {
      Bits groups = whole;
      const auto at =
          std::find_if(box.cuts.begin(), box.cuts.end(), [v](const auto& c) { return c.first == v; });
      if (at != box.cuts.end()) {
        groups = std::move(at->second);
        box.cuts.erase(at);
      }
      const auto [same, fresh] = rest.try_emplace({box.end, box.whole, box.cuts}, out.size(), groups);
      if (fresh) {
        out.push_back(std::move(box));
      } else {
        for (size_t i = 0; i < groups.size(); ++i) same->second.second[i] |= groups[i];
      }
    }
    for (auto& [key, value] : rest) {
      if (value.second == whole) continue;
      auto& cuts = out[value.first].cuts;
      cuts.insert(std::upper_bound(cuts.begin(), cuts.end(), v,
                                   [](uint32_t x, const auto& cut) { return x < cut.first; }),
                  {v, value.second});
    }
    return out;
  }

  const Question& question_;
};

Region::Box box_of(const Diagram::Cuts& cuts, const Question& question) {
  Region::Box out;
  for (const auto& [v, groups] : cuts) {
    const Question::Variable& variable = question.variables[v];
    ClassSet classes;
    for (size_t g = 0; g < variable.groups.size(); ++g) {
      if (has(groups, g)) classes = classes.unite(variable.groups[g]);
    }
    if (variable.member == Formula::kWhole) {
      out.accepts.push_back({variable.slot, std::move(classes)});
      continue;
    }
    auto at = std::find_if(out.members.begin(), out.members.end(),
                           [&](const Members& m) { return m.slot == variable.slot; });
    if (at == out.members.end()) at = out.members.insert(at, {variable.slot, {}, {}});
    if (classes.contains(1)) {
      at->any_of.push_back({variable.member});
    } else {
      at->none_of.push_back(variable.member);
    }
  }
  std::sort(out.accepts.begin(), out.accepts.end());
  std::sort(out.members.begin(), out.members.end());
  for (Members& members : out.members) {
    std::sort(members.any_of.begin(), members.any_of.end());
    std::sort(members.none_of.begin(), members.none_of.end());
  }
  return out;
}

// What the example says and the box does too.
Diagram::Cuts within(const Diagram::Cuts& box, Diagram::Cuts example) {
  for (const auto& cut : box) {
    const auto twin =
        std::find_if(example.begin(), example.end(), [&](const auto& e) { return e.first == cut.first; });
    if (twin == example.end()) example.push_back(cut);
  }
  return example;
}

// A leaf's box is a box for each difference below it.
std::vector<Box> for_each_end(const std::vector<Box>& boxes, const Diagram& diagram) {
  std::vector<Box> out;
  for (const Box& box : boxes) {
    const std::vector<uint32_t>& ends = diagram.node(box.end).leaf;
    for (const uint32_t end : ends) {
      if (end != Diagram::kSame) out.push_back({box.cuts, end, ends.size() == 1});
    }
  }
  return out;
}

}  // namespace

Comparison::Comparison(const Universe& universe, const Pieces& pieces, uint64_t nodes_max)
    : universe_(&universe), pieces_(&pieces), nodes_max_(nodes_max) {}

Comparison::~Comparison() = default;

std::optional<bool> Comparison::differs() {
  diagram_ = std::make_unique<Diagram>(*universe_, *pieces_, nodes_max_);
  const auto root = diagram_->build(Diagram::Part::kFirst);
  gave_up_ = !root.has_value();
  if (!root) return std::nullopt;
  return *root != Diagram::kSame;
}

std::vector<Region> Comparison::whole_regions(size_t most, double& total) {
  diagram_ = std::make_unique<Diagram>(*universe_, *pieces_, std::min(nodes_max_, kWholeNodesMax));
  const auto root = diagram_->build(Diagram::Part::kWhole);
  gave_up_ = !root.has_value();
  if (!root || *root == Diagram::kSame) return {};
  const double paths = diagram_->node(*root).boxes;
  gave_up_ = paths > kWholeBoxesMax;
  if (gave_up_) return {};
  const std::vector<Box> boxes =
      Joiner(diagram_->question()).join(RegionsReader(*diagram_, *root).read(static_cast<size_t>(paths)));
  gave_up_ = boxes.size() > most;
  if (gave_up_) return {};
  total = static_cast<double>(boxes.size());
  std::vector<Region> out;
  for (const Box& box : boxes) {
    const Diagram::Node& end = diagram_->node(box.end);
    const Region::Box said = box_of(box.cuts, diagram_->question());
    out.push_back({said, said, true, diagram_->outcome(end.before), diagram_->outcome(end.after)});
  }
  return out;
}

std::vector<Region> Comparison::upper_regions(size_t most, double& total) {
  diagram_ = std::make_unique<Diagram>(*universe_, *pieces_, nodes_max_);
  const auto root = diagram_->build(Diagram::Part::kUpper);
  gave_up_ = !root.has_value();
  if (!root || *root == Diagram::kSame) return {};
  const double paths = diagram_->node(*root).boxes;
  const Question& question = diagram_->question();
  std::vector<Box> boxes = for_each_end(
      RegionsReader(*diagram_, *root).read(static_cast<size_t>(std::min(paths, kUpperBoxesMax))), *diagram_);
  boxes = Joiner(question).join(std::move(boxes));
  total = std::max(static_cast<double>(boxes.size()), paths > kUpperBoxesMax ? paths : 0);
  std::vector<Region> out;
  for (const Box& box : boxes) {
    if (out.size() == most) break;
    const auto example = diagram_->find(box.cuts, box.end);
    gave_up_ = gave_up_ || !example;
    if (!example) break;
    out.push_back({box_of(box.cuts, question), box_of(within(box.cuts, *example), question), box.whole,
                   diagram_->outcome(diagram_->node(box.end).before),
                   diagram_->outcome(diagram_->node(box.end).after)});
  }
  return out;
}

std::vector<Region> Comparison::regions(size_t whole_max, size_t most, double& total) {
  total = 0;
  std::vector<Region> out = whole_regions(std::min(whole_max, most), total);
  return gave_up_ ? upper_regions(most, total) : out;
}

}  // namespace hetao::policy
