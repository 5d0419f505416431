// What an identity provider says of itself (OpenID Connect Discovery 1.0, RFC 8414): where it is asked what.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace hetao::identity {

struct Metadata {
  std::string issuer;
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string jwks_uri;
  std::string userinfo_endpoint;  // this and what follows may be empty
  std::string device_authorization_endpoint;
  std::string end_session_endpoint;
  std::string revocation_endpoint;
  bool names_itself = false;     // its callbacks carry `iss` (RFC 9207)
  bool takes_basic_auth = true;  // client id and secret as HTTP Basic; else in the form
};

// Where the document is.
std::string metadata_url(std::string_view issuer);

// Refuses (kVerification) a document of another issuer, one without what every flow needs, one that does not
// know PKCE with S256, and addresses that are not https (http is for issuers on this machine alone).
Result<Metadata> read_metadata(std::string_view text, std::string_view issuer);

// "https://HOST…", or "http://" on loopback; no user name, no fragment.
bool is_provider_url(std::string_view url);

}  // namespace hetao::identity
