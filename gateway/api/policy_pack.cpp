#include "gateway/api/policy_pack.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>

#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/replay.h"
#include "gateway/ledger/sha256.h"
#include "policy/bundle.h"
#include "policy/diff.h"
#include "policy/lint.h"
#include "policy/tests_runner.h"
#include "policy/wire.h"

namespace hetao::api {

namespace {

constexpr size_t kBatch = 512;

io::HttpResponse mistakes_answer(const Diagnostics& mistakes) {
  io::HttpResponse response = problem(to_error(mistakes));
  auto body = parse_json(response.body, "problem");
  if (!body || !body->is_object()) return response;
  for (const auto& member : policy::to_json(mistakes)) body->get_object()[member.key()] = member.value();
  response.body = json::serialize(*body);
  return response;
}

struct Opened {
  std::vector<policy::SourceFile> files;
  uint64_t edition = 0;
  std::string signer;
  std::string pack_digest;  // as the bundle says; empty: not a bundle
  std::string signed_note;
};

Result<Opened> open_bundle(std::string_view text, const std::vector<ledger::VerifierKey>& signers) {
  const auto parts = policy::split_bundle(text);
  if (!parts) return fail(parts.error());
  const auto note = ledger::parse_note(parts->signed_note);
  if (!note) return fail(note.error());
  const auto checked = ledger::verify_note(*note, signers);
  if (!checked) {
    return fail(ErrorCode::kVerification, "policy bundle",
                "no key of this gateway's policy.signers signed it",
                "`hetao policy bundle --key` signs; " + checked.error().why);
  }
  auto bundle = policy::read_bundle(note->text, parts->content);
  if (!bundle) return fail(bundle.error());
  Opened out;
  out.files = std::move(bundle->files);
  out.edition = bundle->edition;
  out.pack_digest = bundle->pack_digest;
  out.signer = checked->verified.front().key.name;
  out.signed_note = std::string(parts->signed_note);
  return out;
}

Result<Opened> open_body(const json::object& body, const std::vector<ledger::VerifierKey>& signers,
                         Signatures signatures) {
  const json::value* files = body.if_contains("files");
  const json::value* bundle = body.if_contains("bundle");
  if ((files == nullptr) == (bundle == nullptr)) {
    return fail(ErrorCode::kUsage, "request body", "needs `files` or `bundle`, not both",
                "files: an object from file name to text");
  }
  if (bundle != nullptr) {
    if (!bundle->is_string()) return fail(ErrorCode::kUsage, "/bundle", "is no string");
    if (signers.empty()) {
      return fail(ErrorCode::kVerification, "policy bundle",
                  "this gateway knows no key that may sign policies",
                  "name them under policy.signers in its configuration, or propose the folder");
    }
    return open_bundle(bundle->get_string(), signers);
  }
  if (!signers.empty() && signatures == Signatures::kAsConfigured) {
    return fail(ErrorCode::kVerification, "policy pack",
                "is not signed, and this gateway takes signed bundles alone",
                "`hetao policy bundle PACK --key KEY --edition N -o FILE` makes one");
  }
  auto read = policy::files_from_json(*files);
  if (!read) return fail(read.error());
  Opened out;
  out.files = std::move(*read);
  return out;
}

uint32_t count_warnings(const std::vector<policy::Finding>& findings) {
  return static_cast<uint32_t>(std::count_if(
      findings.begin(), findings.end(),
      [](const policy::Finding& finding) { return finding.severity == policy::Severity::kWarning; }));
}

// "permit → hold 150, hold → forbid 2".
std::string summary_of(const policy::Diff& diff) {
  if (!diff.changed) return "no change: proved for every request";
  std::map<std::pair<policy::Effect, policy::Effect>, size_t> counts;
  for (const policy::DiffCase& one : diff.cases) ++counts[{one.from, one.to}];
  std::string out = diff.gave_up ? "gave up: there may be more; " : "";
  size_t listed = 0;
  for (const auto& [effects, count] : counts) {
    out += (listed++ == 0 ? "" : ", ") + std::string(policy::to_word(effects.first)) + " -> " +
           policy::to_word(effects.second) + " " + std::to_string(count);
  }
  return out + " (cases)";
}

// The newest decisions, as many as count.
federation::CaseWeights weigh(const policy::Policy& in_force, const policy::Policy& candidate,
                              const policy::Diff& diff, io::LedgerFiles& ledger) {
  federation::CaseWeights weights(in_force, candidate, diff);
  uint64_t end = ledger.size();
  uint64_t looked = 0;
  while (end > 0 && weights.decisions() < limits::kPolicyWeighedDecisionsMax &&
         looked < limits::kAuditScanEntriesMax) {
    const uint64_t first = end - std::min<uint64_t>(end, kBatch);
    const auto texts = ledger.entries(first, static_cast<size_t>(end - first));
    if (!texts) break;
    for (const std::string& text : *texts) {
      if (const auto entry = ledger::decode_entry(text)) weights.take(*entry);
    }
    looked += end - first;
    end = first;
  }
  return weights;
}

}  // namespace

Result<json::object> pack_body(const io::HttpRequest& request, const std::vector<std::string>& more) {
  auto value = parse_json(request.body, "request body", limits::kHttpBodyBytesMax);
  if (!value) return fail(value.error());
  if (!value->is_object()) return fail(ErrorCode::kUsage, "request body", "is no JSON object");
  for (const auto& member : value->get_object()) {
    const std::string key(member.key());
    if (key == "files" || key == "bundle" || std::find(more.begin(), more.end(), key) != more.end()) continue;
    return fail(ErrorCode::kUsage, "/" + printable(key.substr(0, 64)), "unknown member",
                "files or bundle, and " + join(more, ", "));
  }
  return std::move(value->get_object());
}

tl::expected<UploadedPack, io::HttpResponse> take_pack(const json::object& body,
                                                       const std::vector<ledger::VerifierKey>& signers,
                                                       Signatures signatures) {
  auto opened = open_body(body, signers, signatures);
  if (!opened) return tl::unexpected(problem(opened.error()));
  const std::string content = policy::print_files(opened->files);
  auto loaded = policy::load_pack(std::move(opened->files));
  if (!loaded) return tl::unexpected(mistakes_answer(loaded.error()));
  auto compiled = policy::Policy::compile(std::move(*loaded));
  if (!compiled) return tl::unexpected(mistakes_answer(compiled.error()));
  UploadedPack out;
  out.policy = std::make_shared<const policy::Policy>(std::move(*compiled));
  if (!opened->pack_digest.empty() && opened->pack_digest != out.policy->digest()) {
    return tl::unexpected(problem({ErrorCode::kVerification, "policy bundle",
                                   "its pack has not the digest that was signed", "make the bundle anew"}));
  }
  out.ref.set_digest(out.policy->digest());
  out.ref.set_name(out.policy->pack().name);
  out.ref.set_version(out.policy->pack().version);
  out.ref.set_edition(opened->edition);
  out.ref.set_signer(opened->signer);
  out.ref.set_shadow(out.policy->pack().shadow);
  const std::string note = opened->signed_note.empty() ? policy::bundle_note(0, out.policy->digest(), content)
                                                       : opened->signed_note;
  out.bundle = policy::join_bundle(note, content);
  return out;
}

PackReport check_pack(const policy::Policy& in_force, const UploadedPack& pack, io::LedgerFiles& ledger,
                      Date today) {
  PackReport out;
  const policy::TestReport tests = policy::run_tests(*pack.policy, today);
  out.tests_failed = static_cast<uint32_t>(tests.failures.size());
  out.tests_passed = static_cast<uint32_t>(tests.run) - out.tests_failed;
  policy::LintOptions options;
  options.today = today;
  const auto findings = policy::lint(pack.policy->pack(), options);
  out.warnings = count_warnings(findings);
  const policy::Diff diff = policy::diff(in_force.pack(), pack.policy->pack());
  json::object said = policy::to_json(diff);
  out.diff_digest = ledger::sha256(as_bytes(json::serialize(said))).hex();
  out.diff_summary = summary_of(diff);
  const federation::CaseWeights weights = weigh(in_force, *pack.policy, diff, ledger);
  if (json::value* cases = said.if_contains("cases"); cases != nullptr && cases->is_array()) {
    for (size_t i = 0; i < cases->get_array().size() && i < weights.weights().size(); ++i)
      cases->get_array()[i].as_object()["decisions"] = weights.weights()[i];
  }
  out.document["pack"] = pack_view(pack.ref);
  out.document["base"] = in_force.digest();
  out.document["tests"] = policy::to_json(tests);
  out.document["lint"] = policy::to_json(findings);
  out.document["diff"] = std::move(said);
  out.document["diff_digest"] = out.diff_digest;
  out.document["summary"] = out.diff_summary;
  out.document["history"] =
      json::object{{"decisions", weights.decisions()}, {"replayable", weights.replayable()}};
  return out;
}

Result<uint64_t> first_entry_since(io::LedgerFiles& ledger, Instant since) {
  uint64_t low = 0;
  uint64_t high = ledger.size();
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    const auto texts = ledger.entries(middle, 1);
    if (!texts) return fail(texts.error());
    if (texts->empty()) return fail(ErrorCode::kVerification, "ledger", "an entry is missing");
    const auto entry = ledger::decode_entry(texts->front());
    if (!entry) return fail(entry.error());
    if (entry->time < since) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<void> read_entries(io::LedgerFiles& ledger, uint64_t first, uint64_t end,
                          const std::function<void(const ledger::Entry&)>& take) {
  for (uint64_t at = first; at < end;) {
    const auto texts = ledger.entries(at, static_cast<size_t>(std::min<uint64_t>(kBatch, end - at)));
    if (!texts) return fail(texts.error());
    if (texts->empty()) return fail(ErrorCode::kVerification, "ledger", "an entry is missing");
    for (const std::string& text : *texts) {
      const auto entry = ledger::decode_entry(text);
      if (!entry) return fail(entry.error());
      take(*entry);
    }
    at += texts->size();
  }
  return {};
}

json::object pack_view(const pb::PackRef& pack) {
  json::object out;
  out["digest"] = pack.digest();
  out["name"] = pack.name();
  put(out, "version", pack.version());
  if (pack.edition() != 0) out["edition"] = pack.edition();
  put(out, "signer", pack.signer());
  if (pack.shadow()) out["shadow"] = true;
  return out;
}

}  // namespace hetao::api
