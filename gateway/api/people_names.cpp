#include "gateway/api/people_names.h"

#include "gateway/federation/state.h"

namespace hetao::api {

namespace {

// "u-3f9a…" of "hku/u-3f9a…".
std::string short_name(const pb::Principal& who) {
  const std::string name = federation::ledger_name(who);
  const size_t tenant = who.tenant().size() + 1;
  return name.size() > tenant ? name.substr(tenant) : name;
}

}  // namespace

std::string PeopleNames::look_up(const pb::Principal& who) const {
  if (who.tenant() != context_.caller.tenant) return short_name(who);
  const auto person = context_.backend.persons().show(federation::ledger_name(who));
  return person && person->state == "active" ? person->user : short_name(who);
}

std::string PeopleNames::user(const pb::Principal& who) {
  const auto [at, is_new] = known_.try_emplace(federation::ledger_name(who));
  if (is_new) at->second = look_up(who);
  return at->second;
}

std::string PeopleNames::whole(const pb::Principal& who) {
  return who.user().empty() ? who.tenant() : who.tenant() + "/" + user(who);
}

bool PeopleNames::is(const pb::Principal& who, const std::string& name) {
  return name == user(who) || name == short_name(who);
}

}  // namespace hetao::api
