// The device flow (RFC 8628): somebody at a terminal signs in with a browser elsewhere. The gateway asks the
// provider; the terminal holds a sealed handle. Pure.
#pragma once

#include "gateway/identity/flow.h"

namespace hetao::identity {

ProviderCall device_call(const Metadata& provider, const Client& client);
ProviderCall device_poll_call(const Metadata& provider, const Client& client, const std::string& device_code);

// What the person is told, and what is asked for later.
struct DeviceStart {
  std::string device_code;
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;  // may be empty
  int64_t expires_seconds = 0;
  int64_t interval_seconds = 5;
};
Result<DeviceStart> read_device_start(const ProviderReply& reply);

}  // namespace hetao::identity
