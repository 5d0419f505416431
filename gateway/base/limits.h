// Every bound of the product in one place, with its unit in its name. Values that a site may tune are
// defaults of the configuration; these here are what the code never exceeds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hetao::limits {

// Text that comes from outside.
inline constexpr size_t kJsonDepthMax = 32;
inline constexpr size_t kYamlBytesMax = size_t{8} << 20U;
inline constexpr size_t kYamlDepthMax = 32;
inline constexpr size_t kYamlNodesMax = 2'000'000;
inline constexpr size_t kMistakesMax = 1'000;  // reported of one text; the rest is not looked for

// Policies.
inline constexpr size_t kPolicyRulesMax = 20'000;
inline constexpr size_t kPolicyConditionDepthMax = 12;
inline constexpr size_t kPolicyCasesPerRuleMax = 4'096;  // a condition written out
inline constexpr size_t kPolicyCasesMax = 400'000;       // of all rules
inline constexpr size_t kPolicyGlobsMax = 64;            // different ones that test one attribute
inline constexpr size_t kPolicySetsMax = 16;             // attributes that are sets and that rules test
inline constexpr size_t kPolicyRowBytesMax = size_t{1} << 30U;

// Jobs (GA4GH TES tasks).
inline constexpr size_t kTaskBytesMax = size_t{4} << 20U;
inline constexpr size_t kInlineContentBytesMax = size_t{1} << 20U;  // TES asks for at least 128 KiB
inline constexpr size_t kExecutorsMax = 64;
inline constexpr size_t kInputsMax = 1'000;
inline constexpr size_t kOutputsMax = 1'000;
inline constexpr size_t kTagsMax = 128;
inline constexpr size_t kTextFieldBytesMax = 4'096;
inline constexpr size_t kArgumentBytesMax = size_t{128} << 10U;
inline constexpr size_t kArgumentsMax = 10'000;  // of a command; variables of its environment

// Ledger: an entry bundle counts an entry's bytes in 16 bits (C2SP tlog-tiles).
inline constexpr size_t kLedgerEntryBytesMax = 65'535;
inline constexpr size_t kLedgerGroupBytesMax = size_t{256} << 20U;  // entries that become durable together

// Tunnel.
inline constexpr size_t kFrameBytesMax = size_t{1} << 20U;
inline constexpr size_t kControlFrameBytesMax = size_t{4} << 20U;
inline constexpr uint32_t kStreamsMax = 16'384;
inline constexpr size_t kControlPayloadBytesMax = size_t{64} << 10U;  // of every frame that is not DATA
inline constexpr size_t kMessageOverheadBytes = 256;  // what each message counts besides its own bytes
inline constexpr size_t kReasonTextBytesMax = 1'024;
inline constexpr size_t kFeaturesMax = 64;
inline constexpr size_t kHelloTextBytesMax = 128;  // a feature, region, gateway, digest or software name
inline constexpr size_t kCheckpointBytesMax = size_t{16} << 10U;
inline constexpr uint64_t kWindowBytesMax = uint64_t{1} << 40U;
inline constexpr uint64_t kStreamWindowBytes = uint64_t{8} << 20U;
inline constexpr uint64_t kSessionWindowBytes = uint64_t{32} << 20U;
inline constexpr uint64_t kControlWindowBytes = uint64_t{8} << 20U;
inline constexpr uint32_t kStreamsDefault = 256;
inline constexpr uint32_t kRequestsOpenDefault = 10'000;
// Four of them are exactly a chunk and its record's header: no tiny rest each time.
inline constexpr size_t kDataFrameBytesDefault = (size_t{256} << 10U) + 4;
inline constexpr size_t kDataQueuedBytesDefault = size_t{1} << 20U;  // written and not yet sent, a priority
inline constexpr int64_t kHelloSecondsMax = 5;
inline constexpr int64_t kFrameSecondsMax = 30;   // from its first byte to its last
inline constexpr int64_t kFrameGraceSeconds = 5;  // after that it has to keep up
inline constexpr int64_t kFrameBytesPerSecondMin = 1'024;
inline constexpr int64_t kPingSeconds = 3;
inline constexpr int64_t kSilenceSecondsMax = 12;     // without a single byte from the peer
inline constexpr int64_t kPongSecondsMax = 180;       // other bytes come, but no answer to a ping
inline constexpr int64_t kWriteStallSecondsMax = 60;  // the peer reads nothing
inline constexpr int64_t kGoodbyeSecondsMax = 30;     // to finish what is open
inline constexpr uint32_t kLanesMax = 32;             // bulk connections of one session
inline constexpr uint64_t kOddPointsBurst = 10'000;   // odd behaviour that a peer may show at once
inline constexpr uint64_t kOddPointsPerSecond = 500;

// Certificates and tokens.
inline constexpr size_t kCertificateBytesMax = size_t{16} << 10U;
inline constexpr size_t kChainCertificatesMax = 4;
inline constexpr size_t kPemBytesMax = size_t{1} << 20U;  // certificates and keys of one file
inline constexpr size_t kCrlBytesMax = size_t{16} << 20U;
inline constexpr int64_t kLeafLifetimeSecondsMax = int64_t{398} * 86'400;
inline constexpr size_t kJwtBytesMax = size_t{16} << 10U;
inline constexpr size_t kJwksBytesMax = size_t{256} << 10U;
inline constexpr size_t kJwksKeysMax = 64;

// TLS engine: buffers of one connection.
inline constexpr size_t kTlsHandshakeBytesMax = size_t{64} << 10U;  // unread input before the peer is known
inline constexpr size_t kTlsInputBytesMax = size_t{512} << 10U;
inline constexpr size_t kTlsOutputBytesMax = size_t{512} << 10U;

// Items.
inline constexpr size_t kChunkBytes = size_t{1} << 20U;        // leaf of a blob's digest tree
inline constexpr uint64_t kBlobBytesMax = uint64_t{1} << 42U;  // 4 TiB
inline constexpr size_t kItemFilesMax = 100'000;
inline constexpr size_t kFolderDepthMax = 64;
inline constexpr size_t kLeavesInOfferMax = 1'024;  // more follow on the stream
inline constexpr size_t kLeavesInRecordMax = 16'384;
inline constexpr size_t kChunksInHandMax = 16;  // received, and not yet checked and stored

// Stores outside.
inline constexpr int64_t kStoreConnectSecondsMax = 10;
inline constexpr int64_t kStoreStallSecondsMax = 60;  // below kStoreBytesPerSecondMin for so long: broken
inline constexpr int64_t kStoreBytesPerSecondMin = 1'024;
inline constexpr int kStoreTriesMax = 5;
inline constexpr size_t kStoreAnswerBytesMax = size_t{16} << 20U;     // of a listing or an error
inline constexpr uint64_t kStoreUploadBytesMax = uint64_t{5} << 30U;  // one PUT of S3

// Runs on a platform.
inline constexpr size_t kRunKeyBytesMax = 128;
inline constexpr size_t kRunSpecBytesMax = size_t{64} << 20U;
inline constexpr size_t kRunStatusBytesMax = size_t{64} << 20U;
inline constexpr size_t kRunMountsMax = 1'000;        // bubblewrap's time grows with their square
inline constexpr size_t kRunMountFilesMax = 100'000;  // of all mounted folders together
inline constexpr size_t kRunDevicesMax = 64;          // globs of a run
inline constexpr size_t kRunOutputFilesMax = 50'000;
inline constexpr size_t kRunEnvironmentMax = 1'000;  // variables of one executor
inline constexpr size_t kRunNotesMax = 256;
inline constexpr size_t kRunLogBytesMax = size_t{1} << 20U;       // kept of each stream's tail
inline constexpr size_t kStreamTailBytesMax = size_t{64} << 10U;  // shown of each stream with a job
inline constexpr size_t kRunFolderDepthMax = 128;
inline constexpr size_t kContainerPathBytesMax = 4'095;  // PATH_MAX without its NUL
inline constexpr size_t kContainerNameBytesMax = 255;    // NAME_MAX

// HTTP listener.
inline constexpr size_t kHttpConnectionsMax = 2'048;
inline constexpr size_t kHttpConnectionsOfAddressMax = 512;
inline constexpr uint32_t kHttpHeadBytesMax = uint32_t{32} << 10U;
inline constexpr size_t kHttpBodyBytesMax = size_t{16} << 20U;
inline constexpr int64_t kHttpHandshakeSecondsMax = 10;
inline constexpr int64_t kHttpHeadSecondsMax = 15;   // from its first byte to its last
inline constexpr int64_t kHttpBodySecondsMax = 120;  // the same of a body
inline constexpr int64_t kHttpIdleSecondsMax = 75;   // between two requests
inline constexpr int64_t kHttpWriteSecondsMax = 30;  // until the client takes some bytes

// Tunnel listener.
inline constexpr size_t kTunnelConnectionsMax = 256;
inline constexpr size_t kTunnelConnectionsOfAddressMax = 16;  // that have not shown who they are
inline constexpr int64_t kTunnelHandshakeSecondsMax = 10;
inline constexpr int64_t kPeerRecheckSeconds = 2;       // a live peer's certificate is judged again
inline constexpr int64_t kPeerFaultNoteSeconds = 600;   // between two ledger entries about the same fault
inline constexpr int64_t kCertificateWatchSeconds = 1;  // files are compared with what is in force

// HTTP interface.
inline constexpr int64_t kWaitSecondsMax = 60;  // of a GET that waits for a change
inline constexpr size_t kPageMax = 1'000;
inline constexpr size_t kPageDefault = 100;
inline constexpr size_t kTesPageMax = 2'048;  // GA4GH TES 1.1: below 2048
inline constexpr size_t kTesPageDefault = 256;
inline constexpr size_t kIdempotencyKeyBytesMax = 255;
inline constexpr size_t kAuditScanEntriesMax = 200'000;  // looked at for one page
inline constexpr size_t kAuditExportEntriesMax = 20'000;

}  // namespace hetao::limits
