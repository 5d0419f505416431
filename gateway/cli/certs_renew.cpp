// hetao certs request, rotate: certificates from the side of whoever holds the key. With the CA's folder at
// hand a rotation is one command; where the CA stands elsewhere it is three: `rotate --request` here, `sign`
// there, `rotate --with` here.
//
// Until a new certificate is put in force the old pair stays where the gateway reads it; afterwards it lies
// beside it as NAME.old.crt and NAME.old.key, good until it ends or is revoked. The gateway notices by
// itself.
#include <filesystem>

#include "certs/identity.h"
#include "certs/status.h"
#include "gateway/base/text.h"
#include "gateway/cli/certs.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

std::string beside(const std::string& file, const char* ending) {
  return fs::path(file).replace_extension(ending).string();
}

Result<void> move_file(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return fail(ErrorCode::kFailed, from, "can't become " + to + ": " + error.message());
  return {};
}

// The certificate that is in force, its request, and its status.
struct Current {
  std::string pem;
  certs::LeafRequest request;
  certs::CertificateStatus status;
};
Result<Current> read_current(const std::string& file) {
  Current current;
  auto pem = read_file(file);
  if (!pem) return fail(pem.error());
  current.pem = std::move(*pem);
  auto request = certs::renewal_of(current.pem);
  if (!request) return fail(request.error());
  current.request = std::move(*request);
  const auto status = certs::certificate_status(current.pem, wall_clock_now());
  if (!status) return fail(status.error());
  current.status = status->front();
  return current;
}

// The new pair takes the place of the old, which stays beside it. The key goes first: between the two renames
// the gateway sees a pair that does not fit, and keeps what it has.
Result<void> put_in_force(const std::string& file, const std::string& new_pem) {
  const std::string key = beside(file, ".key");
  const auto old_key = read_file(key);
  const auto old_pem = read_file(file);
  if (!old_pem) return fail(old_pem.error());
  if (old_key) {
    if (auto kept = write_file(beside(file, ".old.key"), *old_key, true); !kept) return kept;
  }
  if (auto kept = write_file(beside(file, ".old.crt"), *old_pem); !kept) return kept;
  if (auto moved = move_file(beside(file, ".next.key"), key); !moved) return moved;
  return write_file(file, new_pem);
}

int told(const Context& context, const std::string& file, const Current& old) {
  const std::string uri = certs::to_uri(old.request.identity);
  const std::string kept = beside(file, ".old.crt");
  return done(context,
              {{"identity", uri},
               {"certificate", file},
               {"key", beside(file, ".key")},
               {"old_certificate", kept},
               {"old_serial", old.status.serial},
               {"old_not_after", to_rfc3339(old.status.not_after)}},
              uri + "  " + file + " is new; a running gateway takes it within seconds\n" + kept +
                  " stays good until " + to_rfc3339(old.status.not_after) +
                  "; end it sooner with `hetao certs revoke --reason superseded`");
}

int rotate_here(const Context& context, const CertsRotateOptions& o, const Current& old) {
  const auto ca = read_ca(o.folder);
  if (!ca) return report(context, ca.error());
  certs::LeafRequest request = old.request;
  request.lifetime = days(o.days);
  const auto leaf = certs::issue_leaf(*ca, request, certs::KeyKind::kEcdsaP256, wall_clock_now());
  if (!leaf) return report(context, leaf.error());
  if (auto written = write_file(beside(o.file, ".next.key"), leaf->key_pem, true); !written)
    return report(context, written.error());
  if (auto placed = put_in_force(o.file, leaf->certificate_pem); !placed)
    return report(context, placed.error());
  return told(context, o.file, old);
}

int rotate_by_request(const Context& context, const CertsRotateOptions& o, const Current& old) {
  const auto key = certs::generate_key(certs::KeyKind::kEcdsaP256);
  if (!key) return report(context, key.error());
  const auto request = certs::create_signing_request(*key, old.request);
  if (!request) return report(context, request.error());
  const std::string target = beside(o.file, ".next.csr");
  if (auto written = write_file(beside(o.file, ".next.key"), *key, true); !written)
    return report(context, written.error());
  if (auto written = write_file(target, *request); !written) return report(context, written.error());
  const std::string uri = certs::to_uri(old.request.identity);
  return done(context, {{"identity", uri}, {"request", target}},
              uri + "  " + target + ": have the region's CA sign it, then `hetao certs rotate " + o.file +
                  " --with SIGNED.crt`");
}

int rotate_with(const Context& context, const CertsRotateOptions& o, const Current& old) {
  const auto fresh = read_current(o.signed_file);
  if (!fresh) return report(context, fresh.error());
  const auto refuse = [&](std::string why, std::string hint) {
    return report(context, Error{ErrorCode::kUsage, o.signed_file, std::move(why), std::move(hint)});
  };
  if (fresh->request.identity != old.request.identity) {
    return refuse("it is for " + certs::to_uri(fresh->request.identity),
                  "expected " + certs::to_uri(old.request.identity));
  }
  if (fresh->status.urgency == certs::Urgency::kExpired)
    return refuse("it has ended", "have it signed again");
  const auto key = read_file(beside(o.file, ".next.key"));
  if (!key) return report(context, key.error());
  const auto fits = certs::key_matches(fresh->pem, *key);
  if (!fits) return report(context, fits.error());
  if (!*fits)
    return refuse("its key is not the one of " + beside(o.file, ".next.csr"), "have that request signed");
  if (auto placed = put_in_force(o.file, fresh->pem); !placed) return report(context, placed.error());
  std::error_code ignored;
  fs::remove(beside(o.file, ".next.csr"), ignored);
  return told(context, o.file, old);
}

}  // namespace

int certs_request(const Context& context, const CertsRequestOptions& o) {
  certs::LeafRequest wanted;
  wanted.identity = {o.region, o.role, o.name};
  wanted.dns_names = o.dns_names;
  wanted.ip_addresses = o.ip_addresses;
  const std::string prefix = o.output.empty() ? o.name : o.output;
  auto key = o.key_file.empty() ? certs::generate_key(kind_of(o.key_kind)) : read_file(o.key_file);
  if (!key) return report(context, key.error());
  const auto request = certs::create_signing_request(*key, wanted);
  if (!request) return report(context, request.error());
  const std::string key_file = o.key_file.empty() ? prefix + ".key" : o.key_file;
  if (o.key_file.empty()) {
    if (auto written = write_file(key_file, *key, true, false); !written)
      return report(context, written.error());
  }
  if (auto written = write_file(prefix + ".csr", *request, false, false); !written)
    return report(context, written.error());
  const std::string uri = certs::to_uri(wanted.identity);
  return done(context, {{"identity", uri}, {"request", prefix + ".csr"}, {"key", key_file}},
              uri + "  " + prefix + ".csr: give it to the region's CA; " + key_file + " stays here");
}

int certs_rotate(const Context& context, const CertsRotateOptions& o) {
  const int ways = (o.folder.empty() ? 0 : 1) + (o.request ? 1 : 0) + (o.signed_file.empty() ? 0 : 1);
  if (ways != 1) {
    return report(context,
                  Error{ErrorCode::kUsage, "rotate", "needs one of --dir, --request and --with",
                        "--dir CA signs here; --request asks a CA elsewhere; --with takes its answer"});
  }
  const auto old = read_current(o.file);
  if (!old) return report(context, old.error());
  if (o.request) return rotate_by_request(context, o, *old);
  return o.signed_file.empty() ? rotate_here(context, o, *old) : rotate_with(context, o, *old);
}

}  // namespace hetao::cli
