// hetao audit reconcile: two books side by side, offline on ledgers and exports, or as a gateway has found
// them.
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/ledger_files.h"
#include "gateway/cli/show.h"
#include "gateway/ledger/reconcile.h"

namespace hetao::cli {

namespace {

struct ReconcileOptions {
  std::string first;
  std::string second;
  std::string proofs;
  std::string late_after = "1d";
  std::string settle = "10m";
};

// Each finding's entries and their proofs as files: REGION-SEQUENCE.entry and .tlog-proof, for `hetao audit
// verify` and for others' tools.
class ProofFolder {
 public:
  explicit ProofFolder(std::string folder) : folder_(std::move(folder)) {}
  Result<void> add(const std::string& region, const std::string& sequence, const std::string& text,
                   const std::string& proof) {
    const bool is_plain = region.find('/') == std::string::npos && region.find('.') == std::string::npos;
    if (folder_.empty() || proof.empty() || !is_plain) return {};
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    const std::string path = folder_ + "/" + region + "-" + sequence;
    std::ofstream(path + ".entry", std::ios::binary) << text;
    std::ofstream(path + ".tlog-proof", std::ios::binary) << proof;
    for (const char* end : {".entry", ".tlog-proof"}) {
      if (!std::filesystem::exists(path + end, error))
        return fail(ErrorCode::kFailed, path + end, "can't be written", "choose another place with --proofs");
    }
    return {};
  }

 private:
  std::string folder_;
};

json::value to_json(const std::optional<ledger::Booked>& booked, const ProvedEntry& proved) {
  if (!booked) return nullptr;
  json::object out{{"region", booked->region},
                   {"sequence", booked->sequence},
                   {"time", to_rfc3339(booked->time)},
                   {"item_digest", booked->item_digest},
                   {"item_bytes", booked->item_bytes}};
  if (!proved.proof.empty()) {
    out["text"] = proved.text;
    out["proof"] = proved.proof;
  }
  return out;
}

// One of the two ledgers, verified and read.
struct Book {
  std::string path;
  std::string region;
  std::optional<ledger::CrossingBook> crossings;
  Instant newest;
  Result<VerifiedLedger> read;
  VerifiedLedger verified;
};

void read_book(Book& book, const std::string& peer) {
  const auto begin = [&] {
    book.crossings.emplace(book.region, peer);
    book.newest = {};
  };
  Result<void> added;
  const auto take = [&](uint64_t, const ledger::Entry& entry, std::string_view) {
    if (added) added = book.crossings->add(entry);
    book.newest = std::max(book.newest, entry.time);
  };
  book.read = verify_ledger(book.path, {}, {begin, take});
  if (book.read && !added) book.read = fail(added.error());
}

ProvedEntry proof_of(const std::optional<ledger::Booked>& booked, const Book& first, const Book& second) {
  if (!booked) return {};
  const Book& book = booked->region == first.region ? first : second;
  return proved_entry(book.path, book.verified, booked->sequence).value_or(ProvedEntry{});
}

int show_report(const Context& context, const ReconcileOptions& o, const ledger::ReconcileReport& result,
                const Book& first, const Book& second) {
  const bool agree = result.mismatches.empty();
  ProofFolder folder(o.proofs);
  for (const ledger::Mismatch& one : result.mismatches) {
    for (const auto& booked : {one.departed, one.arrived}) {
      if (o.proofs.empty() || !booked) continue;
      const ProvedEntry proved = proof_of(booked, first, second);
      const auto added =
          folder.add(booked->region, std::to_string(booked->sequence), proved.text, proved.proof);
      if (!added) return report(context, added.error());
    }
  }
  if (context.json) {
    json::array mismatches;
    for (const ledger::Mismatch& one : result.mismatches) {
      mismatches.push_back(
          json::object{{"finding", ledger::to_word(one.finding)},
                       {"crossing", one.crossing},
                       {"job", one.job},
                       {"departed", to_json(one.departed, proof_of(one.departed, first, second))},
                       {"arrived", to_json(one.arrived, proof_of(one.arrived, first, second))},
                       {"detail", one.detail}});
    }
    context.print_json(
        json::object{{"agree", agree},
                     {"matched", result.matched},
                     {"under_way", result.under_way},
                     {"recalled", result.recalled},
                     {"bytes", result.bytes_matched},
                     {"books", json::array{head_view(first.verified.head), head_view(second.verified.head)}},
                     {"mismatches", mismatches}});
    return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
  }
  for (const ledger::Mismatch& one : result.mismatches)
    context.print(context.bad(ledger::to_word(one.finding)) + "  " + one.crossing + ": " + one.detail);
  context.print((agree ? context.good("the books agree") : context.bad("the books do not agree")) + ": " +
                std::to_string(result.matched) + " crossings matched, " + human_bytes(result.bytes_matched) +
                ", " + std::to_string(result.under_way) + " under way, " + std::to_string(result.recalled) +
                " recalled, " + std::to_string(result.mismatches.size()) + " mismatches");
  return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
}

Result<void> save_proofs(const json::object& whole, const std::string& into) {
  ProofFolder folder(into);
  for (const json::value& peer : list_at(whole, "peers")) {
    for (const json::value& one : list_at(peer.get_object(), "mismatches")) {
      for (const char* side : {"departed", "arrived"}) {
        const json::value* booked = one.get_object().if_contains(side);
        if (booked == nullptr || !booked->is_object()) continue;
        const json::object& entry = booked->get_object();
        auto added = folder.add(text_at(entry, "region"), text_at(entry, "sequence"), text_at(entry, "text"),
                                text_at(entry, "proof"));
        if (!added) return added;
      }
    }
  }
  return {};
}

// What the gateway itself finds when it matches its book with its peers'.
int reconcile_online(const Context& context, const ReconcileOptions& o) {
  const auto answer = Client(context).get("/api/v1/audit/reconcile");
  if (!answer) return report(context, answer.error());
  const json::object& whole = answer->get_object();
  bool agree = true;
  for (const json::value& value : list_at(whole, "peers"))
    agree = agree && flag_at(value.get_object(), "agree");
  if (auto saved = save_proofs(whole, o.proofs); !saved) return report(context, saved.error());
  if (context.json) {
    context.print_json(*answer);
    return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
  }
  for (const json::value& value : list_at(whole, "peers")) {
    const json::object& peer = value.get_object();
    for (const json::value& one : list_at(peer, "mismatches"))
      context.print(context.bad(text_at(one.get_object(), "finding")) + "  " +
                    text_at(one.get_object(), "crossing") + ": " +
                    printable(text_at(one.get_object(), "detail")));
    context.print(
        (flag_at(peer, "agree") ? context.good("the books agree") : context.bad("the books do not agree")) +
        " with " + text_at(peer, "region") + ": " + text_at(peer, "matched") + " crossings matched, " +
        text_at(peer, "under_way") + " under way, " +
        (flag_at(peer, "complete") ? "up to its entry " : "still reading its book, at entry ") +
        text_at(peer, "their_entries"));
  }
  return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
}

int reconcile(const Context& context, const ReconcileOptions& o) {
  if (o.first.empty()) return reconcile_online(context, o);
  const auto late = parse_duration(o.late_after);
  const auto settle = parse_duration(o.settle);
  if (!late || !settle || o.second.empty())
    return report(
        context,
        Error{ErrorCode::kUsage, "reconcile", "needs two ledgers, and times such as 30m, 12h or 1d", {}});
  Book books[2];
  books[0].path = o.first;
  books[1].path = o.second;
  for (Book& book : books) {
    auto region = region_of_ledger(book.path);
    if (!region) return report(context, region.error());
    book.region = std::move(*region);
  }
  {
    const std::jthread other([&] { read_book(books[1], books[0].region); });
    read_book(books[0], books[1].region);
  }
  for (Book& book : books) {
    if (!book.read) return report(context, book.read.error());
    book.verified = std::move(*book.read);
  }
  const Instant newest = std::max(books[0].newest, books[1].newest);
  return show_report(context, o,
                     ledger::reconcile(*books[0].crossings, *books[1].crossings, {*late, *settle}, newest),
                     books[0], books[1]);
}

}  // namespace

void add_audit_reconcile(Program& program, CLI::App& group) {
  const Context& context = program.context;
  add_command<ReconcileOptions>(
      group, program.chosen, "reconcile",
      "match every departure with its arrival over two ledgers; exit 6 if they differ. Without ledgers: what "
      "the gateway has "
      "found with its peers so far",
      [](CLI::App& command, ReconcileOptions& o) {
        command.add_option("FIRST", o.first, "ledger folder or evidence of one region");
        command.add_option("SECOND", o.second, "of the other region");
        command.add_option(
            "--proofs", o.proofs,
            "folder for each finding's entries and proofs: REGION-SEQUENCE.entry, .tlog-proof");
        command.add_option("--late-after", o.late_after, "between departure and arrival")
            ->capture_default_str();
        command.add_option("--settle", o.settle, "younger ones without a partner are under way")
            ->capture_default_str();
      },
      [&context](const ReconcileOptions& o) { return reconcile(context, o); });
}

}  // namespace hetao::cli
