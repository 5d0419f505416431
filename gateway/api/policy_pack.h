// Packs that come over HTTP: taken apart, verified, compiled, tested and compared. Blocking work for
// Backend::offload(); thread-safe, no state.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/io/http.h"
#include "gateway/io/ledger_files.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/note.h"
#include "policy/policy.h"
#include "proto/state.pb.h"

namespace hetao::api {

struct UploadedPack {
  std::shared_ptr<const policy::Policy> policy;
  pb::PackRef ref;
  std::string bundle;  // as io::PackStore keeps it
};

// The body as a JSON object with `files` or `bundle`, and at most these further members.
Result<json::object> pack_body(const io::HttpRequest& request, const std::vector<std::string>& more);

// `body` has `files` (an object from name to text) or `bundle` (its text). With `signers`, only a bundle that
// one of them signed is taken; without, only files are, because nobody could say whose a signature is.
enum class Signatures { kAsConfigured, kNotNeeded };
tl::expected<UploadedPack, io::HttpResponse> take_pack(const json::object& body,
                                                       const std::vector<ledger::VerifierKey>& signers,
                                                       Signatures signatures);

// What its checks found: tests, lint, the exact difference from the policy in force, and how much of the
// recorded history each case of it would have touched.
struct PackReport {
  json::object document;
  std::string diff_digest;
  std::string diff_summary;
  uint32_t tests_passed = 0;
  uint32_t tests_failed = 0;
  uint32_t warnings = 0;
};
PackReport check_pack(const policy::Policy& in_force, const UploadedPack& pack, io::LedgerFiles& ledger,
                      Date today);

// The first entry at or after that time; entries are in the order of their times.
Result<uint64_t> first_entry_since(io::LedgerFiles& ledger, Instant since);
// Entries from `first` up to `end`, in order.
Result<void> read_entries(io::LedgerFiles& ledger, uint64_t first, uint64_t end,
                          const std::function<void(const ledger::Entry&)>& take);

json::object pack_view(const pb::PackRef& pack);

}  // namespace hetao::api
