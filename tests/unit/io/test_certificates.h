// Certificates of a federation of two regions, made fresh for a test by the product's own authority.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "certs/authority.h"
#include "certs/status.h"
#include "certs/trust.h"
#include "gateway/io/tls/tls_context.h"

namespace hetao::testing_support {

inline Instant wall_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

struct TestRegion {
  std::string name;
  certs::CertificateAndKey ca;
  std::string crl;

  explicit TestRegion(std::string region) : name(std::move(region)) {
    ca = certs::create_region_ca({.region = name}, wall_clock()).value();
    crl = certs::create_crl(ca, {}, 1, wall_clock()).value();
  }
  certs::CertificateAndKey issue(const std::string& role, const std::string& leaf_name) const {
    certs::LeafRequest request;
    request.identity = {name, role, leaf_name};
    if (role != certs::kRoleClient) request.ip_addresses = {"127.0.0.1"};
    if (role != certs::kRoleClient) request.dns_names = {"localhost"};
    return certs::issue_leaf(ca, request, certs::KeyKind::kEcdsaP256, wall_clock()).value();
  }
};

inline std::shared_ptr<const certs::TrustStore> trust_in(const std::vector<const TestRegion*>& regions) {
  auto trust = std::make_shared<certs::TrustStore>();
  for (const TestRegion* region : regions) {
    EXPECT_TRUE(trust->pin_ca(region->name, region->ca.certificate_pem));
    EXPECT_TRUE(trust->add_crl(region->name, region->crl));
  }
  return trust;
}

inline std::shared_ptr<const io::TlsContext> tunnel_context(const TestRegion& own,
                                                            const std::vector<const TestRegion*>& trusted,
                                                            const std::string& gateway = "gw-1",
                                                            std::string* serial = nullptr) {
  const auto leaf = own.issue("gateway", gateway);
  if (serial != nullptr)
    *serial = certs::certificate_status(leaf.certificate_pem, wall_clock())->front().serial;
  auto context = io::TlsContext::tunnel({leaf.certificate_pem, leaf.key_pem}, trust_in(trusted));
  EXPECT_TRUE(context) << to_line(context.error());
  return *context;
}

inline std::shared_ptr<const io::TlsContext> https_context(const TestRegion& own) {
  const auto leaf = own.issue("server", "api");
  auto context = io::TlsContext::https_server({leaf.certificate_pem, leaf.key_pem}, trust_in({&own}));
  EXPECT_TRUE(context) << to_line(context.error());
  return *context;
}

}  // namespace hetao::testing_support
