// What happens to sessions and personal tokens, as events of the core (event.h). Secrets never come here: the
// shell makes them and hands over their digests, and what only they open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/access.pb.h"

namespace hetao::federation {

// Somebody signed in. Personal tokens of the same person that reach further than the roles of today end.
struct OpenSession {
  uint64_t request = 0;
  pb::Session session;
};

// The provider confirmed the person of a session again: what it says now, and until when that lasts. Personal
// tokens that reach further than these roles end. A session that is over stays over.
struct RenewSession {
  uint64_t request = 0;
  std::string session;
  std::vector<std::string> roles;
  std::string refresh_sealed;
  int64_t refresh_micros = 0;
  int64_t until_micros = 0;
};

struct EndSession {
  uint64_t request = 0;
  std::string session;
  pb::Principal who;  // who ends it
  std::string reason;
};

struct MakeToken {
  uint64_t request = 0;
  pb::AccessToken token;
};

struct RevokeToken {
  uint64_t request = 0;
  std::string token;
  pb::Principal who;
  std::string reason;
};

// A session or a token was used; asked for at most every kSessionSeenSeconds of each.
struct SeenAccess {
  std::string session;  // or
  std::string token;
};

}  // namespace hetao::federation
