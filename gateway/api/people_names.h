// How people are shown. What the gateway remembers names them as the ledger does ("hku/u-3f9a…"); who that is
// stands in the register of persons alone (io/person_register.h), so that erasing a person there erases the
// name everywhere.
//
// Those of the same tenant see the names that people sign in with, as long as these may be used; everybody
// else sees the ledger's. One object a request: each person is looked up once.
#pragma once

#include <map>
#include <string>

#include "gateway/api/router.h"
#include "proto/state.pb.h"

namespace hetao::api {

class PeopleNames {
 public:
  explicit PeopleNames(const Context& c) : context_(c) {}

  std::string user(const pb::Principal& who);
  std::string whole(const pb::Principal& who);  // "TENANT/USER"
  // Whether `name` is what this person is called here, by either name.
  bool is(const pb::Principal& who, const std::string& name);

 private:
  std::string look_up(const pb::Principal& who) const;

  const Context& context_;
  std::map<std::string, std::string> known_;  // by the ledger's name
};

}  // namespace hetao::api
