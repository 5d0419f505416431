// What the files of `hetao certs` share: certs.cpp (the CA's side), certs_renew.cpp (the side of whoever
// holds a certificate), certs_status.cpp. Internal to the client.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "certs/authority.h"
#include "gateway/base/time.h"
#include "gateway/cli/context.h"

namespace hetao::cli {

struct CertsStatusOptions {
  std::vector<std::string> files;  // or folders; none: of the gateway
  std::optional<int> days_soon;    // exit code 1 below this; none: when a renewal is due
};
int certs_status(const Context& context, const CertsStatusOptions& options);

struct CertsRequestOptions {
  std::string region;
  std::string role = "gateway";
  std::string name;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::string key_kind = "p256";
  std::string key_file;  // use this key (PEM, or a file with a pkcs11: line); empty: make one
  std::string output;    // prefix
};
int certs_request(const Context& context, const CertsRequestOptions& options);

struct CertsRotateOptions {
  std::string folder;  // of the CA, when its key is at hand
  std::string file;    // the certificate; its key lies beside it
  bool request = false;
  std::string signed_file;
  int days = 90;
};
int certs_rotate(const Context& context, const CertsRotateOptions& options);

Instant wall_clock_now();
Duration days(int count);
certs::KeyKind kind_of(const std::string& word);
Result<certs::CertificateAndKey> read_ca(const std::string& folder);
// PREFIX.key (0600), then PREFIX.crt; never over what is there.
Result<void> write_pair(const certs::CertificateAndKey& pair, const std::string& prefix);
int done(const Context& context, const json::object& facts, const std::string& line);

}  // namespace hetao::cli
