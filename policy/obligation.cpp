#include "policy/obligation.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/base/time.h"

namespace hetao::policy {

namespace {

// Obligations of one kind and key are one obligation; the rest of the spec says how strict it is.
bool same_subject(const ObligationSpec& a, const ObligationSpec& b) {
  return a.kind == b.kind && a.key == b.key;
}

void make_stricter(ObligationSpec& into, const ObligationSpec& added) {
  switch (into.kind) {
    case ObligationKind::kInspect:
    case ObligationKind::kDeleteAfter:
      into.amount = std::min(into.amount, added.amount);
      return;
    case ObligationKind::kKeepRecord:
    case ObligationKind::kReview:
    case ObligationKind::kMinGroup:
    case ObligationKind::kKAnonymity:
      into.amount = std::max(into.amount, added.amount);
      return;
    case ObligationKind::kMask:
      for (const std::string& name : added.names) {
        const auto at = std::lower_bound(into.names.begin(), into.names.end(), name);
        if (at == into.names.end() || *at != name) into.names.insert(at, name);
      }
      return;
    case ObligationKind::kResidency:
      std::erase_if(into.names, [&](const std::string& name) {
        return !std::binary_search(added.names.begin(), added.names.end(), name);
      });
      return;
    case ObligationKind::kNoNetwork:
    case ObligationKind::kNoOnwardTransfer:
    case ObligationKind::kNotify:
    case ObligationKind::kEncrypt:
    case ObligationKind::kDuty:
      return;
  }
}

}  // namespace

const char* to_word(ObligationKind kind) {
  switch (kind) {
    case ObligationKind::kInspect:
      return "inspect";
    case ObligationKind::kNoNetwork:
      return "no-network";
    case ObligationKind::kNoOnwardTransfer:
      return "no-onward-transfer";
    case ObligationKind::kDeleteAfter:
      return "delete-after";
    case ObligationKind::kKeepRecord:
      return "keep-record";
    case ObligationKind::kReview:
      return "review";
    case ObligationKind::kNotify:
      return "notify";
    case ObligationKind::kMask:
      return "mask";
    case ObligationKind::kResidency:
      return "residency";
    case ObligationKind::kEncrypt:
      return "encrypt";
    case ObligationKind::kDuty:
      return "duty";
    case ObligationKind::kMinGroup:
      return "min-group";
    case ObligationKind::kKAnonymity:
      return "k-anonymity";
  }
  return "";
}

void merge_obligation(std::vector<ObligationSpec>& into, const ObligationSpec& added) {
  for (ObligationSpec& present : into) {
    if (same_subject(present, added)) return make_stricter(present, added);
  }
  into.insert(std::upper_bound(into.begin(), into.end(), added), added);
}

Obligation to_obligation(const ObligationSpec& spec) {
  Obligation out;
  out.name = to_word(spec.kind);
  const auto duration = [&] { return to_string(Duration{spec.amount}); };
  switch (spec.kind) {
    case ObligationKind::kInspect:
      out.parameters = {{"profile", spec.key}, {"at_most", std::to_string(spec.amount)}};
      break;
    case ObligationKind::kDeleteAfter:
    case ObligationKind::kKeepRecord:
      out.parameters = {{"duration", duration()}};
      break;
    case ObligationKind::kReview:
      out.parameters = {{"role", spec.key}, {"reviewers", std::to_string(spec.amount)}};
      break;
    case ObligationKind::kNotify:
      out.parameters = {{"role", spec.key}};
      break;
    case ObligationKind::kMask:
      out.parameters = {{"kinds", join(spec.names, ",")}};
      break;
    case ObligationKind::kResidency:
      out.parameters = {{"regions", join(spec.names, ",")}};
      break;
    case ObligationKind::kEncrypt:
      out.parameters = {{"profile", spec.key}};
      break;
    case ObligationKind::kDuty:
      out.parameters = {{"text", spec.key}};
      break;
    case ObligationKind::kMinGroup:
    case ObligationKind::kKAnonymity:
      out.parameters = {{"least", std::to_string(spec.amount)}, {"otherwise", spec.key}};
      break;
    case ObligationKind::kNoNetwork:
    case ObligationKind::kNoOnwardTransfer:
      break;
  }
  return out;
}

json::object to_json(const Obligation& obligation) {
  json::object parameters;
  for (const auto& [key, value] : obligation.parameters) parameters[key] = value;
  return {{"name", obligation.name}, {"parameters", std::move(parameters)}};
}

json::object to_json(const ObligationSpec& spec) {
  return to_json(to_obligation(spec));
}

}  // namespace hetao::policy
