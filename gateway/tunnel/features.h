// What two gateways may do beyond the least of the protocol: names in the hello, in force when both say them.
// Source: proto/TUNNEL.md, section 3.
#pragma once

namespace hetao::tunnel {

// My kernel lets me choose BBR for the sockets that I send on.
inline constexpr const char* kFeatureBbr = "bbr";
// I unpack chunks and files that come as zstd frames.
inline constexpr const char* kFeatureZstd = "zstd";
// I take many small files over one stream.
inline constexpr const char* kFeatureBatches = "batches";

}  // namespace hetao::tunnel
