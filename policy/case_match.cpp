#include "policy/case_match.h"

#include <algorithm>

#include "policy/case_boxes.h"

namespace hetao::policy {

namespace {

// A request in the diff's classes: as a compiled policy of either pack would see it.
struct Placed {
  std::vector<Class> classes;                  // a slot
  std::vector<std::vector<uint32_t>> members;  // a slot; of sets, sorted
};

Placed place(const Universe& universe, const Request& request, Date today) {
  Placed out;
  for (const Domain& domain : universe.domains()) {
    Class& own = out.classes.emplace_back(kUnknownClass);
    std::vector<uint32_t>& members = out.members.emplace_back();
    const Value* value = request.find(domain.attribute().name);
    if (domain.is_set()) {
      members = value == nullptr ? members : domain.members_of(*value);
    } else if (value != nullptr) {
      own = domain.classify(*value);
    }
    // A day that is none is none said.
    if (domain.attribute().name == "time.date" && own == kUnknownClass)
      own = domain.classify(int64_t{today.days});
  }
  return out;
}

bool holds(const Region::Box& box, const Placed& request) {
  const auto has = [&](size_t slot, uint32_t member) {
    return std::binary_search(request.members[slot].begin(), request.members[slot].end(), member);
  };
  return std::all_of(
             box.accepts.begin(), box.accepts.end(),
             [&](const Accept& accept) { return accept.classes.contains(request.classes[accept.slot]); }) &&
         std::all_of(box.members.begin(), box.members.end(), [&](const Members& all) {
           return std::all_of(all.any_of.begin(), all.any_of.end(),
                              [&](const auto& group) { return has(all.slot, group.front()); }) &&
                  std::none_of(all.none_of.begin(), all.none_of.end(),
                               [&](uint32_t member) { return has(all.slot, member); });
         });
}

// What one list has and the other has not is what the case says of it.
bool lacks_just(const std::vector<Obligation>& list, const std::vector<Obligation>& other,
                const std::vector<ObligationSpec>& said) {
  std::vector<Obligation> left;
  std::copy_if(list.begin(), list.end(), std::back_inserter(left), [&](const Obligation& each) {
    return std::find(other.begin(), other.end(), each) == other.end();
  });
  return left.size() == said.size() && std::all_of(said.begin(), said.end(), [&](const ObligationSpec& spec) {
           return std::find(left.begin(), left.end(), to_obligation(spec)) != left.end();
         });
}

bool differs_so(const DiffCase& one, const Decision& before, const Decision& after) {
  if (before.effect != one.from || after.effect != one.to) return false;
  if (one.from != one.to) return true;
  return lacks_just(before.obligations, after.obligations, one.from_obligations) &&
         lacks_just(after.obligations, before.obligations, one.to_obligations);
}

}  // namespace

std::vector<size_t> CaseFinder::find_all(const Request& request, Date today) const {
  std::vector<size_t> all;
  if (diff_->boxes == nullptr) return all;
  const Placed placed = place(diff_->boxes->universe, request, today);
  for (size_t i = 0; i < diff_->boxes->boxes.size(); ++i) {
    if (holds(diff_->boxes->boxes[i], placed)) all.push_back(i);
  }
  return all;
}

std::optional<size_t> CaseFinder::find(const Request& request, Date today, const Decision& before,
                                       const Decision& after) const {
  for (const size_t at : find_all(request, today)) {
    if (diff_->cases[at].whole || differs_so(diff_->cases[at], before, after)) return at;
  }
  return std::nullopt;
}

}  // namespace hetao::policy
