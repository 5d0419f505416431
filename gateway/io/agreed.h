// Whether both ends of a link named a feature (gateway/tunnel/features.h). On the link's own thread.
#pragma once

#include <algorithm>
#include <string_view>

#include "gateway/io/peer_link.h"

namespace hetao::io {

inline bool agreed_on(const PeerLink& link, std::string_view feature) {
  return std::ranges::binary_search(link.session().agreed().features, feature);
}

}  // namespace hetao::io
