// Looking at the ledger is in the ledger.
#pragma once

#include <string>

#include "gateway/api/router.h"

namespace hetao::api {

// Books that the caller has looked, with the request's filters: once a minute for the same look, and not
// again for its next pages. Gateways that watch each other are not people, and not booked. Io thread only.
void note_access(const Context& c, const std::string& what);

}  // namespace hetao::api
