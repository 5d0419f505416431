// Sessions and personal tokens in the core: when they end, what the ledger says, what a restart keeps.
#include "gateway/federation/access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "gateway/base/access_limits.h"

namespace hetao::federation {
namespace {

Instant at(int64_t seconds) {
  return {1'800'000'000'000'000 + seconds * 1'000'000};
}

class Access : public ::testing::Test {
 protected:
  Step step(Event event, int64_t seconds) {
    Step out = core_.step(std::move(event), at(seconds));
    for (const Record& record : out.records) {
      if (record.value)
        rows_[{record.table, record.key}] = *record.value;
      else
        rows_.erase({record.table, record.key});
    }
    for (const ledger::Entry& entry : out.entries) kinds_.push_back(entry.kind);
    return out;
  }
  void restart(int64_t seconds) {
    core_ = Core({});
    for (const auto& [key, value] : rows_) ASSERT_TRUE(core_.load({key.first, key.second, value}));
    core_.resume(at(seconds));
  }
  static pb::Principal alice() {
    pb::Principal who;
    who.set_user("alice");
    who.set_tenant("hku");
    return who;
  }
  void sign_in(const std::string& id, int64_t seconds,
               const std::vector<std::string>& roles = {"submitter"}) {
    OpenSession event;
    event.session.set_id(id);
    *event.session.mutable_who() = alice();
    for (const std::string& role : roles) event.session.add_roles(role);
    event.session.set_issuer("https://id.test");
    event.session.set_until_micros(at(seconds + 1'000).micros);
    event.session.set_idle_micros(Duration::seconds(100).micros);
    step(std::move(event), seconds);
  }
  Step make_token(const std::string& id, const std::string& scope, int64_t seconds, uint64_t request = 0) {
    MakeToken event;
    event.request = request;
    event.token.set_id(id);
    *event.token.mutable_who() = alice();
    event.token.add_scopes(scope);
    event.token.set_issuer("https://id.test");
    event.token.set_until_micros(at(seconds + 500).micros);
    return step(std::move(event), seconds);
  }

  Core core_{CoreConfig{}};
  std::map<std::pair<Table, std::string>, std::string> rows_;
  std::vector<std::string> kinds_;
};

TEST_F(Access, ASessionEndsWhenNobodyComes) {
  sign_in("s", 0);
  EXPECT_TRUE(counts(core_.sessions().at("s"), at(99)));
  EXPECT_FALSE(counts(core_.sessions().at("s"), at(100)));
  step(SeenAccess{"s", {}}, 90);
  step(TimePassed{}, 150);
  EXPECT_TRUE(core_.sessions().contains("s"));
  step(TimePassed{}, 191);
  EXPECT_FALSE(core_.sessions().contains("s"));
  EXPECT_TRUE(rows_.empty());
}

TEST_F(Access, ASessionEndsAtItsEndWhateverHappens) {
  sign_in("s", 0);
  for (int64_t second = 50; second < 1'000; second += 50) {
    step(TimePassed{}, second);
    step(SeenAccess{"s", {}}, second);
  }
  EXPECT_TRUE(counts(core_.sessions().at("s"), at(999)));
  EXPECT_FALSE(counts(core_.sessions().at("s"), at(1'000)));
  step(TimePassed{}, 1'000);
  EXPECT_FALSE(core_.sessions().contains("s"));
}

TEST_F(Access, ARestartKeepsWhoIsSignedIn) {
  sign_in("s", 0);
  make_token("t", "submitter", 0);
  restart(50);
  EXPECT_TRUE(core_.sessions().contains("s"));
  EXPECT_TRUE(core_.tokens().contains("t"));
  step(TimePassed{}, 101);
  EXPECT_FALSE(core_.sessions().contains("s"));
  step(TimePassed{}, 501);
  EXPECT_FALSE(core_.tokens().contains("t"));
}

TEST_F(Access, TheLedgerHasEveryBeginningAndEnd) {
  sign_in("s", 0);
  make_token("t", "submitter", 1);
  step(RevokeToken{0, "t", alice(), "lost"}, 2);
  step(RevokeToken{0, "t", alice(), "again"}, 3);
  step(EndSession{0, "s", alice(), "signed out"}, 4);
  EXPECT_EQ(kinds_, (std::vector<std::string>{"sign-in", "token-made", "token-revoked", "sign-out"}));
  EXPECT_FALSE(counts(core_.tokens().at("t"), at(5)));
}

TEST_F(Access, ASessionThatTheProviderConfirmsGoesOnWithTheRolesOfToday) {
  make_token("reads", "auditor:read", 0);
  sign_in("s", 1, {"submitter", "auditor"});
  const auto renew = [&](const std::vector<std::string>& roles, int64_t seconds, uint64_t request = 0) {
    return step(
        RenewSession{request, "s", roles, "sealed", at(seconds + 60).micros, at(seconds + 1'000).micros},
        seconds);
  };
  renew({"submitter", "auditor"}, 50);
  step(SeenAccess{"s", {}}, 90);
  EXPECT_EQ(core_.sessions().at("s").until_micros(), at(1'050).micros);
  EXPECT_TRUE(counts(core_.tokens().at("reads"), at(90)));
  restart(95);
  EXPECT_EQ(core_.sessions().at("s").refresh_sealed(), "sealed");
  renew({"submitter"}, 100);
  EXPECT_FALSE(counts(core_.tokens().at("reads"), at(101)));
  EXPECT_EQ(kinds_, (std::vector<std::string>{"token-made", "sign-in", "sign-in", "token-revoked"}))
      << "what did not change is not said again";
  const Step late = renew({"submitter", "auditor"}, 200, 7);
  EXPECT_FALSE(counts(core_.sessions().at("s"), at(200))) << "nobody came for too long";
  const auto answered = std::find_if(late.effects.begin(), late.effects.end(), [](const Effect& effect) {
    return std::holds_alternative<Answer>(effect);
  });
  ASSERT_NE(answered, late.effects.end());
  EXPECT_TRUE(std::get<Answer>(*answered).error);
}

TEST_F(Access, WhoLosesARoleLosesTheTokensThatNameIt) {
  make_token("reads", "auditor:read", 0);
  make_token("submits", "submitter", 0);
  sign_in("s", 1, {"submitter"});
  EXPECT_FALSE(counts(core_.tokens().at("reads"), at(2)));
  EXPECT_TRUE(counts(core_.tokens().at("submits"), at(2)));
}

TEST_F(Access, OnePersonHasSoMany) {
  for (size_t i = 0; i < limits::kSessionsOfPersonMax + 3; ++i)
    sign_in("s" + std::to_string(i), static_cast<int64_t>(i));
  EXPECT_EQ(core_.sessions().size(), limits::kSessionsOfPersonMax);
  EXPECT_FALSE(core_.sessions().contains("s0")) << "the one seen longest ago goes";
  for (size_t i = 0; i < limits::kTokensOfPersonMax; ++i) make_token("t" + std::to_string(i), "submitter", 0);
  const Step refused = make_token("more", "submitter", 0, 7);
  const auto answered =
      std::find_if(refused.effects.begin(), refused.effects.end(),
                   [](const Effect& effect) { return std::holds_alternative<Answer>(effect); });
  ASSERT_NE(answered, refused.effects.end());
  EXPECT_TRUE(std::get<Answer>(*answered).error.has_value());
  EXPECT_FALSE(core_.tokens().contains("more"));
}

}  // namespace
}  // namespace hetao::federation
