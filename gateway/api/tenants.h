// What each tenant may use of this gateway and what it uses now: for those who run it and who set its policy.
#pragma once

#include "gateway/api/router.h"

namespace hetao::api {

io::Awaitable<io::HttpResponse> list_tenants(const Context& c);

}  // namespace hetao::api
