// Bounds of who comes in and what is carried for them over HTTP: sign-in, requests, events, uploads. The
// others are in limits.h.
#pragma once

#include "gateway/base/limits.h"

namespace hetao::limits {

// Sign-in: sessions, personal tokens, identity providers.
inline constexpr size_t kSessionsOfPersonMax = 20;
inline constexpr size_t kTokensOfPersonMax = 50;
inline constexpr int64_t kTokenDaysMax = 366;
inline constexpr int64_t kSessionSeenSeconds = 60;  // between two records that one is used
// A session with a refresh token: how soon, at the earliest and the latest, the provider is asked again.
inline constexpr int64_t kRenewSecondsMin = 5;
inline constexpr int64_t kRenewSecondsMax = 3'600;
inline constexpr int64_t kRenewSeconds = 300;      // where the provider says nothing
inline constexpr int64_t kRenewAgainSeconds = 60;  // after it could not be reached
inline constexpr int64_t kRenewedCookieDays = 30;  // a browser keeps the cookie; the gateway judges
inline constexpr size_t kRefreshTokenBytesMax = 4'096;
inline constexpr int64_t kSignInSecondsMax = 600;  // from the redirect to the provider until the callback
inline constexpr int64_t kProviderCallSecondsMax = 10;
inline constexpr size_t kProviderCallsMax = 32;  // under way at once
inline constexpr size_t kProviderAnswerBytesMax = size_t{256} << 10U;
inline constexpr int64_t kProviderFreshSeconds = 600;  // what a provider published is read again after that
inline constexpr int64_t kProviderAgainSeconds = 10;   // between two looks because of an unknown key
inline constexpr int64_t kProviderStaleSeconds = 86'400;  // its keys count so long while it can't be reached
inline constexpr size_t kProvidersMax = 32;
inline constexpr int64_t kRefusalNoteSeconds = 60;  // between two ledger entries about the same refusal

inline constexpr size_t kHttpTargetBytesMax = size_t{8} << 10U;
inline constexpr size_t kHttpFieldsMax = 100;
inline constexpr size_t kHttpRequestIdBytesMax = 64;
inline constexpr size_t kGzipBytesMin = 1'024;             // answers below are sent as they are
inline constexpr size_t kGzipBytesMax = size_t{4} << 20U;  // above, too: compressing would hold the others up
inline constexpr uint64_t kRequestsPerSecondOfTenant = 10'000;  // default
inline constexpr uint64_t kRequestsBurstOfTenant = 20'000;      // default
inline constexpr uint64_t kRefusalsPerSecondOfAddress = 20;
inline constexpr uint64_t kRefusalsBurstOfAddress = 400;

// Server-sent events.
inline constexpr size_t kEventsKept = 10'000;  // for those who come again
inline constexpr size_t kEventStreamsMax = 512;
inline constexpr size_t kEventStreamsOfPersonMax = 16;
inline constexpr int64_t kEventHeartbeatSeconds = 15;

// Uploads (tus).
inline constexpr uint64_t kUploadBytesMax = kBlobBytesMax;
inline constexpr uint64_t kUploadQuotaBytes = uint64_t{256} << 30U;  // open uploads of a tenant; default
inline constexpr size_t kUploadsOfTenantMax = 1'000;
inline constexpr int64_t kUploadLifeSeconds = int64_t{7} * 86'400;  // after the last byte; default
inline constexpr size_t kUploadMetadataBytesMax = 4'096;
inline constexpr int64_t kUploadStallSecondsMax = 60;

}  // namespace hetao::limits
