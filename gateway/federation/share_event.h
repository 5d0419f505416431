// What people do about sharing data, as events of the core (event.h). Whether somebody may speak for a tenant
// is for the callers of the core to find out; that the tenant owns what it speaks of, the core finds out
// itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/share.pb.h"

namespace hetao::federation {

// A tenant asks for a data set. `made`: fresh id, data set, who, purpose, reason, until.
struct RequestAccess {
  uint64_t request = 0;
  pb::AccessRequest made;
};

struct AnswerAccess {
  enum class Say { kGrant, kRefuse, kRevoke, kWithdraw };
  uint64_t request = 0;
  std::string access;
  Say say = Say::kGrant;
  int64_t until_micros = 0;  // a shorter term than was asked for; 0: as asked
  std::string reason;
  pb::Principal who;
};

// One side's owner acts on a project.
struct ProjectAct {
  enum class Say { kBegin, kAccept, kDecline, kClose, kMembers, kBudget, kGrant, kRevoke };
  uint64_t request = 0;
  std::string project;
  Say say = Say::kBegin;
  pb::Project made = {};                  // kBegin: title, purpose, invited_region, invited_tenant
  std::vector<std::string> members = {};  // kMembers: all of this side, besides its owner
  int64_t budget_micros = 0;              // kBudget
  pb::ProjectData data = {};              // kGrant, kRevoke
  std::string reason = {};
  pb::Principal who = {};
};

}  // namespace hetao::federation
