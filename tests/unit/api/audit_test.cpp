#include <gtest/gtest.h>

#include "gateway/ledger/evidence.h"
#include "gateway/ledger/tlog_proof.h"
#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

ledger::VerifierKey log_key(TestGateway& gateway) {
  const auto response = gateway.get("/log/log.vkey", gateway.auditor());
  EXPECT_EQ(response.status, 200) << response.body;
  const auto keys = ledger::parse_vkeys(response.body, "log.vkey");
  EXPECT_TRUE(keys && keys->size() == 1);
  return keys->front();
}

TEST(Audit, SearchFiltersOrdersAndPages) {
  TestGateway gateway;
  const std::string first = gateway.submit(kLeastTask);
  gateway.submit(kLeastTask);
  const json::object all = object_of(gateway.get("/api/v1/audit/entries", gateway.auditor()));
  const auto size = all.at("size").to_number<size_t>();
  ASSERT_EQ(all.at("entries").as_array().size(), size);
  EXPECT_GT(all.at("entries").at(0).at("sequence").to_number<int64_t>(), 0);
  const json::object of_job =
      object_of(gateway.get("/api/v1/audit/entries?order=asc&job=" + first, gateway.auditor()));
  ASSERT_FALSE(of_job.at("entries").as_array().empty());
  for (const json::value& entry : of_job.at("entries").as_array()) EXPECT_EQ(entry.at("job"), first.c_str());
  for (const char* order : {"asc", "desc"}) {
    std::vector<int64_t> seen;
    std::string cursor;
    for (size_t page = 0; page <= size; ++page) {
      const json::object out = object_of(gateway.get(std::string("/api/v1/audit/entries?limit=2&order=") +
                                                         order + (cursor.empty() ? "" : "&cursor=" + cursor),
                                                     gateway.auditor()));
      for (const json::value& entry : out.at("entries").as_array()) {
        seen.push_back(entry.as_object().contains("sequence") ? entry.at("sequence").to_number<int64_t>()
                                                              : 0);
      }
      if (!out.contains("next_cursor")) break;
      cursor = std::string(out.at("next_cursor").as_string());
    }
    ASSERT_EQ(seen.size(), size) << order;
    for (size_t i = 0; i < size; ++i) {
      EXPECT_EQ(seen[i], static_cast<int64_t>(std::string(order) == "asc" ? i : size - 1 - i)) << order;
    }
  }
  EXPECT_TRUE(object_of(gateway.get("/api/v1/audit/entries?since=2999-01-01T00:00:00Z", gateway.auditor()))
                  .at("entries")
                  .as_array()
                  .empty());
  for (const char* bad : {"?since=yesterday", "?order=up", "?cursor=x", "?kindd=x"}) {
    EXPECT_EQ(gateway.get(std::string("/api/v1/audit/entries") + bad, gateway.auditor()).status, 400) << bad;
  }
}

TEST(Audit, AnEntryComesWithAProofThatHolds) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  const auto response = gateway.get("/api/v1/audit/entries/1", gateway.auditor());
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object out = object_of(response);
  const std::string text(out.at("text").as_string());
  const auto proof = ledger::parse_tlog_proof(out.at("proof").at("tlog_proof").as_string());
  ASSERT_TRUE(proof);
  const std::vector<ledger::VerifierKey> keys = {log_key(gateway)};
  EXPECT_TRUE(ledger::verify_tlog_proof(*proof, as_bytes(text), keys));
  EXPECT_FALSE(ledger::verify_tlog_proof(*proof, as_bytes(text + " "), keys));
  EXPECT_EQ(gateway.get("/api/v1/audit/entries/999", gateway.auditor()).status, 404);
  EXPECT_EQ(gateway.get("/api/v1/audit/entries/x", gateway.auditor()).status, 404);
}

TEST(Audit, AnExportVerifiesAndHoldsExactlyWhatMatches) {
  TestGateway gateway;
  const std::string id = gateway.submit(kLeastTask);
  gateway.submit(kLeastTask);
  const auto response = gateway.get("/api/v1/audit/export?job=" + id, gateway.auditor());
  ASSERT_EQ(response.status, 200) << response.body;
  ledger::EvidenceOptions options;
  options.log_keys = {log_key(gateway)};
  uint64_t seen = 0;
  options.on_entry = [&](uint64_t, const ledger::Entry& entry, std::string_view) {
    ++seen;
    EXPECT_EQ(entry.job, id);
  };
  const auto report = ledger::verify_evidence(response.body, options);
  ASSERT_TRUE(report) << to_line(report.error());
  EXPECT_GT(seen, 0U);
  EXPECT_TRUE(report->keys_are_pinned);
  std::string altered = response.body;
  altered[altered.find(id)] = 'x';
  EXPECT_FALSE(ledger::verify_evidence(altered, options));
}

TEST(Audit, TheLogIsServedAsTilesToAuditors) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  ASSERT_EQ(gateway.get("/api/v1/audit/entries/0", gateway.auditor()).status, 200);  // published by now
  const auto head = gateway.get("/log/checkpoint", gateway.auditor());
  ASSERT_EQ(head.status, 200);
  EXPECT_TRUE(head.body.starts_with("hetao/hongkong\n"));
  EXPECT_EQ(head.headers.get("cache-control"), "no-cache");
  const std::string size = head.body.substr(15, head.body.find('\n', 15) - 15);
  const auto tile = gateway.get("/log/tile/0/000.p/" + size, gateway.auditor());
  EXPECT_EQ(tile.status, 200);
  EXPECT_EQ(tile.body.size(), 32 * std::stoul(size));
  EXPECT_EQ(gateway.get("/log/entries/000.p/" + size, gateway.auditor()).body,
            gateway.get("/log/tile/entries/000.p/" + size, gateway.auditor()).body);
  for (const char* path :
       {"/log/../keys/log.key", "/log/%2e%2e/keys/log.key", "/log/wal", "/log/signing", "/log/x"}) {
    EXPECT_EQ(gateway.get(path, gateway.auditor()).status, 404) << path;
  }
}

}  // namespace
}  // namespace hetao::api
