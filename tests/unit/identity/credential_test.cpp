#include "gateway/identity/credential.h"

#include <gtest/gtest.h>

#include "gateway/identity/role.h"
#include "gateway/identity/sealed.h"

namespace hetao::identity {
namespace {

TEST(Credential, IsReadBackAndKeptAsADigest) {
  const Bytes random(kSecretBytes, 0xff);  // base64url of it is full of '_'
  const std::string text = credential_text("01kabc", random);
  const auto read = parse_credential(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(read->id, "01kabc");
  EXPECT_EQ(text.find(secret_digest(read->secret)), std::string::npos);
  EXPECT_TRUE(same_secret(read->secret, secret_digest(read->secret)));
  EXPECT_FALSE(same_secret(read->secret + "x", secret_digest(read->secret)));
  EXPECT_NE(csrf_token(read->secret), secret_digest(read->secret))
      << "who sees the store can't forge requests";
  EXPECT_EQ(sealing_key(read->secret).size(), 32U);
  EXPECT_NE(to_hex(sealing_key(read->secret)), secret_digest(read->secret))
      << "who sees the store can't open what it keeps";
  EXPECT_NE(to_hex(sealing_key(read->secret)), csrf_token(read->secret));
}

TEST(Credential, RefusesWhatIsNone) {
  const std::string good = credential_text("01kabc", Bytes(kSecretBytes, 1));
  for (const std::string& bad :
       {std::string(), std::string("hetao_"), std::string("hetao__") + good.substr(13), good.substr(1),
        good + "A", good.substr(0, good.size() - 1), std::string("hetao_01K_") + good.substr(13),
        std::string("hetao_") + std::string(65, 'a') + good.substr(12), std::string("eyJhbGciOi.J9.x")}) {
    EXPECT_FALSE(parse_credential(bad)) << bad;
  }
}

TEST(Sealed, OpensForTheSamePurposeAndKeyAlone) {
  const Bytes key(kSealKeyBytes, 7);
  const Bytes other(kSealKeyBytes, 8);
  const std::string sealed = seal("device code 42", "device", key, Bytes(kSealNonceBytes, 1));
  EXPECT_EQ(open_sealed(sealed, "device", key), "device code 42");
  EXPECT_FALSE(open_sealed(sealed, "attempt", key));
  EXPECT_FALSE(open_sealed(sealed, "device", other));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_sealed(changed, "device", key)) << i;
    EXPECT_FALSE(open_sealed(sealed.substr(0, i), "device", key)) << i;
  }
  EXPECT_EQ(open_sealed(seal("", "p", key, Bytes(kSealNonceBytes, 2)), "p", key), "");
}

TEST(Scopes, ThatOnlyReadCountForNothingElse) {
  const std::vector<Scope> scopes = {*scope_from_word("submitter"), *scope_from_word("auditor:read")};
  EXPECT_TRUE(roles_of(scopes, true).has(Role::kAuditor));
  EXPECT_FALSE(roles_of(scopes, false).has(Role::kAuditor));
  EXPECT_TRUE(roles_of(scopes, false).has(Role::kSubmitter));
  EXPECT_EQ(to_word(scopes[1]), "auditor:read");
  for (const char* bad : {"", ":read", "submitter:write", "submitter:read:read", "root", "Submitter"})
    EXPECT_FALSE(scope_from_word(bad)) << bad;
}

}  // namespace
}  // namespace hetao::identity
