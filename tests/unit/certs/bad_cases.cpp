// The certificate half of the negative matrix: one line a case.
#include "tests/unit/certs/forge.h"

namespace hetao::certs::forge {

namespace {

using Spoil = std::function<void(Spec&)>;

// A leaf of Shenzhen's own CA, spoilt in its fields.
BadCase leaf(std::string name, Reason reason, Spoil spoil) {
  return {std::move(name), reason, [spoil = std::move(spoil)](const World& world) {
            Presented presented;
            presented.key = ec_key("P-256");
            Spec spec = gateway_spec("shenzhen");
            spoil(spec);
            presented.chain.push_back(make(spec, presented.key.get(), world.shenzhen.issuer()));
            return presented;
          }};
}

BadCase key(std::string name, Reason reason, std::function<PkeyPtr()> make_key, bool can_sign = true) {
  return {std::move(name), reason,
          [make_key = std::move(make_key)](const World& world) {
            Presented presented;
            presented.key = make_key();
            presented.chain.push_back(
                make(gateway_spec("shenzhen"), presented.key.get(), world.shenzhen.issuer()));
            return presented;
          },
          can_sign};
}

BadCase uri(std::string name, Reason reason, std::string text) {
  return leaf(std::move(name), reason, [text = std::move(text)](Spec& spec) { spec.uris = {text}; });
}

// A leaf below an intermediate that `spoil` made, below Shenzhen's CA.
BadCase intermediate(std::string name, Reason reason, Spoil spoil, bool send = true) {
  return {std::move(name), reason, [spoil = std::move(spoil), send](const World& world) {
            Presented presented;
            presented.key = ec_key("P-256");
            const PkeyPtr middle_key = ec_key("P-256");
            Spec spec = ca_spec("shenzhen");
            spec.common_name = "intermediate";
            spec.serial_decimal = "77";
            spoil(spec);
            X509Ptr middle = make(spec, middle_key.get(), world.shenzhen.issuer());
            presented.chain.push_back(
                make(gateway_spec("shenzhen"), presented.key.get(), {middle.get(), middle_key.get()}));
            if (send) presented.chain.push_back(std::move(middle));
            return presented;
          }};
}

Presented signed_by(const World& /*world*/, std::string_view region, const Issuer& issuer) {
  Presented presented;
  presented.key = ec_key("P-256");
  presented.chain.push_back(make(gateway_spec(region), presented.key.get(), issuer));
  return presented;
}

void add_trust(std::vector<BadCase>& all) {
  all.push_back({"UnknownCa", Reason::kUnknownCa, [](const World& world) {
                   const Region other = region("shenzhen");  // the same name, another key
                   return signed_by(world, "shenzhen", other.issuer());
                 }});
  all.push_back({"UnknownCaSentAlong", Reason::kUnknownCa, [](const World& world) {
                   Spec spec = ca_spec("elsewhere");
                   const PkeyPtr key = ec_key("P-256");
                   X509Ptr ca = make(spec, key.get(), {});
                   Presented presented = signed_by(world, "shenzhen", {ca.get(), key.get()});
                   presented.chain.push_back(std::move(ca));
                   return presented;
                 }});
  all.push_back({"SelfSigned", Reason::kSelfSigned,
                 [](const World& world) { return signed_by(world, "shenzhen", {}); }});
  all.push_back({"CaOfTheOtherCity", Reason::kWrongRegionCa,
                 [](const World& world) { return signed_by(world, "shenzhen", world.hongkong.issuer()); }});
  all.push_back({"OwnCaForTheOtherCity", Reason::kWrongRegionCa,
                 [](const World& world) { return signed_by(world, "hongkong", world.shenzhen.issuer()); }});
  all.push_back({"RegionThatIsNotPinned", Reason::kUnknownRegion,
                 [](const World& world) { return signed_by(world, "macau", world.shenzhen.issuer()); }});
  all.push_back({"BrokenSignature", Reason::kBadSignature, [](const World& world) {
                   Presented presented = good_gateway(world);
                   presented.chain[0] = with_broken_signature(presented.chain[0].get());
                   return presented;
                 }});
  // The other city cross-signs our CA's key: a path to it exists, but not one to our pin only it could take.
  all.push_back({"CrossSignedByTheOtherCity", Reason::kUnknownCa, [](const World& world) {
                   const PkeyPtr middle_key = ec_key("P-256");
                   Spec spec = ca_spec("shenzhen", "");
                   X509Ptr crossed = make(spec, middle_key.get(), world.hongkong.issuer());
                   Presented presented = signed_by(world, "shenzhen", {crossed.get(), middle_key.get()});
                   presented.chain.push_back(std::move(crossed));
                   return presented;
                 }});
  all.push_back({"LeafUsedAsCa", Reason::kNotACa, [](const World& world) {
                   Presented middle = good_gateway(world);
                   Presented presented =
                       signed_by(world, "shenzhen", {middle.chain[0].get(), middle.key.get()});
                   presented.chain.push_back(std::move(middle.chain[0]));
                   return presented;
                 }});
  all.push_back({"TheCaItself", Reason::kLeafIsCa, [](const World& world) {
                   Presented presented;
                   presented.key = PkeyPtr(EVP_PKEY_dup(world.shenzhen.key.get()));
                   Spec spec = ca_spec("shenzhen");
                   spec.uris = gateway_spec("shenzhen").uris;
                   presented.chain.push_back(make(spec, presented.key.get(), world.shenzhen.issuer()));
                   return presented;
                 }});
  all.push_back({"KeyOfTheCa", Reason::kKeyOfCa, [](const World& world) {
                   Presented presented;
                   presented.key = PkeyPtr(EVP_PKEY_dup(world.shenzhen.key.get()));
                   presented.chain.push_back(
                       make(gateway_spec("shenzhen"), presented.key.get(), world.shenzhen.issuer()));
                   return presented;
                 }});
  all.push_back({"ChainOfFive", Reason::kChainTooLong, [](const World& world) {
                   Presented presented = good_gateway(world);
                   for (int i = 0; i < 4; ++i) {
                     presented.chain.emplace_back(X509_dup(world.hongkong.certificate.get()));
                   }
                   return presented;
                 }});
}

void add_paths(std::vector<BadCase>& all) {
  all.push_back(intermediate("PathLengthOfTheCaBroken", Reason::kPathLength, [](Spec&) {}));
  all.push_back(intermediate("IntermediateNotSent", Reason::kUnknownCa, [](Spec&) {}, false));
  all.push_back(intermediate("IntermediateWithoutCaFlag", Reason::kNotACa, [](Spec& spec) {
    replace_extension(spec, NID_basic_constraints, "critical,CA:FALSE");
    replace_extension(spec, NID_key_usage, "critical,digitalSignature");
    remove_extension(spec, NID_name_constraints);
  }));
  all.push_back(leaf("CaFlagOnLeaf", Reason::kLeafIsCa, [](Spec& spec) {
    replace_extension(spec, NID_basic_constraints, "critical,CA:TRUE");
    replace_extension(spec, NID_key_usage, "critical,digitalSignature,keyCertSign");
  }));
  all.push_back(leaf("DuplicateExtension", Reason::kDuplicateExtension, [](Spec& spec) {
    spec.extensions.push_back({NID_basic_constraints, "critical,CA:FALSE"});
  }));
  all.push_back(leaf("DuplicateSanExtension", Reason::kDuplicateExtension, [](Spec& spec) {
    spec.extensions.push_back({NID_subject_alt_name, "URI:spiffe://hetao/hongkong/gateway/gw-1"});
  }));
  all.push_back(leaf("UnknownCriticalExtension", Reason::kUnknownCritical, [](Spec& spec) {
    spec.extensions.push_back({0, "", "1.3.6.1.4.1.99999.1", true, {0x05, 0x00}});
  }));
  all.push_back(leaf("SanThatDoesNotDecode", Reason::kBadExtension, [](Spec& spec) {
    spec.uris.clear();
    spec.extensions.push_back({0, "", "2.5.29.17", false, {0x30, 0x05, 0x86, 0x7f}});
  }));
  all.push_back(leaf("VersionOne", Reason::kMalformed, [](Spec& spec) { spec.version = 0; }));
}

void add_names(std::vector<BadCase>& all) {
  const std::string good = "spiffe://hetao/shenzhen/gateway/gw-1";
  all.push_back(leaf("NoSan", Reason::kNoSan, [](Spec& spec) { spec.uris.clear(); }));
  all.push_back(leaf("CommonNameOnly", Reason::kNoSan, [good](Spec& spec) {
    spec.uris.clear();
    spec.common_name = good;
  }));
  all.push_back(leaf("DnsNameOnly", Reason::kNoSan, [](Spec& spec) {
    spec.uris.clear();
    spec.extensions.push_back({NID_subject_alt_name, "DNS:gw-1.shenzhen.example"});
  }));
  all.push_back(leaf("TwoUris", Reason::kTwoSans,
                     [good](Spec& spec) { spec.uris = {good, "spiffe://hetao/hongkong/gateway/gw-1"}; }));
  all.push_back(leaf("TheSameUriTwice", Reason::kTwoSans, [good](Spec& spec) { spec.uris = {good, good}; }));
  all.push_back(uri("Wildcard", Reason::kBadIdentity, "spiffe://hetao/shenzhen/gateway/*"));
  all.push_back(uri("WildcardRegion", Reason::kBadIdentity, "spiffe://hetao/*/gateway/gw-1"));
  all.push_back(uri("UpperCaseRegion", Reason::kBadIdentity, "spiffe://hetao/Shenzhen/gateway/gw-1"));
  all.push_back(uri("UpperCaseScheme", Reason::kBadIdentity, "SPIFFE://hetao/shenzhen/gateway/gw-1"));
  all.push_back(uri("UpperCaseTrustDomain", Reason::kBadIdentity, "spiffe://HETAO/shenzhen/gateway/gw-1"));
  all.push_back(
      uri("OtherTrustDomain", Reason::kBadIdentity, "spiffe://hetao.example/shenzhen/gateway/gw-1"));
  all.push_back(uri("TrailingDot", Reason::kBadIdentity, good + "."));
  all.push_back(uri("TrailingSlash", Reason::kBadIdentity, good + "/"));
  all.push_back(uri("TrailingNul", Reason::kBadIdentity, good + std::string(1, '\0')));
  all.push_back(uri("NulInside", Reason::kBadIdentity,
                    "spiffe://hetao/shenzhen" + std::string(1, '\0') + "/gateway/gw-1"));
  all.push_back(uri("NulBeforeAnotherRegion", Reason::kBadIdentity,
                    good + std::string(1, '\0') + "spiffe://hetao/hongkong/gateway/gw-1"));
  all.push_back(uri("PercentEncoded", Reason::kBadIdentity, "spiffe://hetao/shenzhe%6e/gateway/gw-1"));
  all.push_back(
      uri("PercentEncodedSlash", Reason::kBadIdentity, "spiffe://hetao/shenzhen%2fgateway/gateway/gw-1"));
  all.push_back(uri("DotSegments", Reason::kBadIdentity, "spiffe://hetao/hongkong/../shenzhen/gateway/gw-1"));
  all.push_back(uri("UserInfo", Reason::kBadIdentity, "spiffe://x@hetao/shenzhen/gateway/gw-1"));
  all.push_back(uri("Port", Reason::kBadIdentity, "spiffe://hetao:443/shenzhen/gateway/gw-1"));
  all.push_back(uri("Query", Reason::kBadIdentity, good + "?region=hongkong"));
  all.push_back(uri("Fragment", Reason::kBadIdentity, good + "#x"));
  all.push_back(
      uri("CyrillicLookAlike", Reason::kBadIdentity, "spiffe://hetao/shenzh\xd0\xb5n/gateway/gw-1"));
  all.push_back(uri("EmptyName", Reason::kBadIdentity, "spiffe://hetao/shenzhen/gateway/"));
  all.push_back(uri("LeadingBlank", Reason::kBadIdentity, " " + good));
  all.push_back(uri("VeryLong", Reason::kBadIdentity, good + std::string(5000, 'a')));
  all.push_back(uri("RoleOfAClient", Reason::kWrongRole, "spiffe://hetao/shenzhen/client/alice"));
  all.push_back(uri("RoleOfAServer", Reason::kWrongRole, "spiffe://hetao/shenzhen/server/console"));
  all.push_back(uri("OtherRole", Reason::kBadIdentity, "spiffe://hetao/shenzhen/root/gw-1"));
}

void add_times_and_uses(std::vector<BadCase>& all) {
  const Duration second = Duration::seconds(1);
  all.push_back(
      leaf("ExpiredOneSecondAgo", Reason::kExpired, [=](Spec& spec) { spec.until = kNow - second; }));
  all.push_back(
      leaf("NotYetValidByOneSecond", Reason::kNotYetValid, [=](Spec& spec) { spec.from = kNow + second; }));
  all.push_back(leaf("ValidForTooLong", Reason::kValidityTooLong,
                     [](Spec& spec) { spec.until = Instant{spec.from.micros + 399 * kDay.micros}; }));
  const auto extended = [&](const char* name, const char* value) {
    all.push_back(leaf(name, Reason::kExtendedKeyUsage,
                       [value](Spec& spec) { replace_extension(spec, NID_ext_key_usage, value); }));
  };
  extended("OtherExtendedUse", "codeSigning");
  extended("AnyExtendedUse", "anyExtendedKeyUsage");
  extended("AnyBesideTheRight", "anyExtendedKeyUsage,serverAuth,clientAuth");
  all.push_back(leaf("NoExtendedUse", Reason::kExtendedKeyUsage,
                     [](Spec& spec) { remove_extension(spec, NID_ext_key_usage); }));
  all.push_back(
      leaf("NoKeyUsage", Reason::kKeyUsage, [](Spec& spec) { remove_extension(spec, NID_key_usage); }));
  all.push_back(leaf("OtherKeyUsage", Reason::kKeyUsage,
                     [](Spec& spec) { replace_extension(spec, NID_key_usage, "critical,keyEncipherment"); }));
  all.push_back(leaf("KeyUsageThatSignsLists", Reason::kKeyUsage, [](Spec& spec) {
    replace_extension(spec, NID_key_usage, "critical,digitalSignature,cRLSign");
  }));
}

void add_keys(std::vector<BadCase>& all) {
  all.push_back(key("Rsa1024", Reason::kWeakKey, [] { return rsa_key(1024); }));
  all.push_back(key("Rsa1536", Reason::kWeakKey, [] { return rsa_key(1536); }));
  all.push_back(key("RsaExponentThree", Reason::kWeakKey, [] { return rsa_key(2048, 3); }));
  all.push_back(key("RsaExponentOne", Reason::kWeakKey, [] { return rsa_key_of_exponent_one(); }, false));
  all.push_back(key("P192", Reason::kWeakKey, [] { return ec_key("P-192"); }, false));
  all.push_back(key("Secp256k1", Reason::kKeyKind, [] { return ec_key("secp256k1"); }, false));
  all.push_back(key("ExplicitCurve", Reason::kKeyKind, [] { return explicit_curve_key(); }, false));
  all.push_back(key("Dsa", Reason::kKeyKind, [] { return dsa_key(); }, false));
  all.push_back(key(
      "Ed448", Reason::kKeyKind, [] { return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")); },
      false));
  all.push_back(leaf("NegativeSerial", Reason::kBadSerial, [](Spec& spec) { spec.serial_decimal = "-5"; }));
  all.push_back(leaf("ZeroSerial", Reason::kBadSerial, [](Spec& spec) { spec.serial_decimal = "0"; }));
  all.push_back(leaf("HugeSerial", Reason::kBadSerial,
                     [](Spec& spec) { spec.serial_decimal = "1" + std::string(60, '0'); }));
}

}  // namespace

std::vector<BadCase> bad_cases() {
  std::vector<BadCase> all;
  add_trust(all);
  add_paths(all);
  add_names(all);
  add_times_and_uses(all);
  add_keys(all);
  return all;
}

}  // namespace hetao::certs::forge
