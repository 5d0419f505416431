// The policy side of a shell: which pack is in force at a start, and whether counters are what the ledger
// tells.
#include <spdlog/spdlog.h>

#include "gateway/base/text.h"
#include "gateway/federation/counters.h"
#include "gateway/io/shell_parts.h"
#include "policy/bundle.h"
#include "policy/tests_runner.h"

namespace hetao::io {

namespace {

constexpr size_t kBatch = 512;

Result<federation::CounterBook> count_ledger(const LedgerFiles& ledger, uint64_t end) {
  federation::CounterBook book;
  for (uint64_t at = 0; at < end;) {
    const auto texts = ledger.entries(at, static_cast<size_t>(std::min<uint64_t>(kBatch, end - at)));
    if (!texts) return fail(texts.error());
    if (texts->empty()) return fail(ErrorCode::kVerification, "ledger", "an entry is missing");
    for (const std::string& text : *texts) {
      const auto entry = ledger::decode_entry(text);
      if (!entry) return fail(entry.error());
      if (auto taken = book.take(*entry); !taken) return fail(taken.error());
    }
    at += texts->size();
  }
  return book;
}

}  // namespace

// The first policy is the configuration's; from then on people change it, and a restart finds what is on
// record.
Result<void> ShellParts::open_policy() {
  auto opened = PackStore::open(config.shared_folder() + "/policies");
  if (!opened) return fail(opened.error());
  packs.emplace(std::move(*opened));
  const pb::PolicyRecord record = core->policy_record();
  federation::ActivatePolicy event{0, config.policy.policy, config.policy.name, "configuration", {}, nullptr};
  const std::string& configured = config.policy.policy->digest();
  if (record.active().digest().empty()) {
    const policy::TestReport tests = policy::run_tests(*config.policy.policy, shanghai_date(now()));
    if (!tests.passed()) {
      return fail(
          ErrorCode::kFailed, "policy " + config.policy.name,
          std::to_string(tests.failures.size()) + " of its tests fail, such as " + tests.failures.front().id,
          "`hetao policy test` shows them; a pack whose tests fail can't be activated");
    }
  } else if (record.active().digest() != configured) {
    auto kept = packs->load(record.active().digest());
    if (!kept) return fail(kept.error());
    event.policy = std::move(*kept);
    event.name = record.active().name() + " " + record.active().version();
    spdlog::info("policy {} is in force, as the record says; the configuration's pack {} is not (propose it)",
                 printable(event.name), printable(config.policy.name));
  }
  if (!config.policy.files.empty()) {
    const std::string content = policy::print_files(config.policy.files);
    const std::string bundle = policy::join_bundle(policy::bundle_note(0, configured, content), content);
    if (auto kept = packs->put_pack(configured, bundle); !kept) return kept;
  }
  if (!record.shadow().digest().empty()) {
    auto shadow = packs->load(record.shadow().digest());
    if (!shadow) return fail(shadow.error());
    event.shadow = std::move(*shadow);
  }
  post(std::move(event));
  return {};
}

// Once after every start, beside the work: a difference is told to everybody, and stops nothing.
Awaitable<void> ShellParts::check_counters() {
  const auto kept = core->counters();
  const uint64_t entries = core->ledger_size();
  co_await settled();
  std::optional<Result<federation::CounterBook>> book;
  const auto work = [&] { book = count_ledger(*ledger, entries); };
  co_await bulk->run(work);
  if (!*book) {
    spdlog::error("counters: {}", to_line(book->error()));
    co_return;
  }
  const auto mismatches = federation::compare_counters(kept, **book);
  counters_agree = mismatches.empty();
  for (const federation::CounterMismatch& other : mismatches) {
    spdlog::error("counters: {} is not what the ledger tells", printable(other.key));
    federation::NoteAct act;
    act.kind = ledger::kind::kCountersDiffer;
    act.who = "start";
    act.reason = other.key + " is kept as " + std::to_string(other.kept.ordinary) + " ordinary and " +
                 std::to_string(other.kept.sensitive) + " sensitive persons; the ledger tells " +
                 std::to_string(other.from_ledger.ordinary) + " and " +
                 std::to_string(other.from_ledger.sensitive);
    post(std::move(act));
  }
}

}  // namespace hetao::io
