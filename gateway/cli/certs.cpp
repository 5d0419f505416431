// hetao certs init, issue, sign, revoke: the CA of a region, in one folder: ca.crt and ca.key, crl.pem, and
// the certificates that it issues. An issuing CA below an offline root has the root's certificate and list
// there too, as root.crt and root-crl.pem; peers pin the root.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "certs/authority.h"
#include "certs/identity.h"
#include "certs/status.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/cli/certs.h"
#include "gateway/cli/command.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

// Whole days: a certificate begins some minutes before it is made.
constexpr int64_t kLeafDaysMax = limits::kLeafLifetimeSecondsMax / 86'400 - 1;

struct InitOptions {
  std::string region;
  std::string folder;
  std::string key_kind = "p256";
  int days = 3650;
  std::vector<std::string> dns_subtrees;
  std::string key_file;
  std::string below;  // folder of the root
  bool root = false;
};

struct IssueOptions {
  std::string folder;
  std::string role = "gateway";
  std::string name;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  int days = 90;
  std::string key_kind = "p256";
  std::string output;
};

struct FileOptions {
  std::string folder;
  std::vector<std::string> files;
  std::string output;
  std::string reason = "unspecified";
  int days = 90;
  int list_days = 30;
};

std::string in(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

Result<std::string> region_of(const certs::CertificateAndKey& ca) {
  const auto status = certs::certificate_status(ca.certificate_pem, wall_clock_now());
  if (!status) return fail(status.error());
  return certs::parse_region_uri(status->front().subject);
}

// The CA's own list first; below a root the root's follows, so that peers fetch one file.
Result<void> write_crl(const std::string& folder, const certs::CertificateAndKey& ca,
                       const certs::CrlContents& contents, int list_days) {
  const auto list =
      certs::create_crl(ca, contents.revoked, contents.number + 1, wall_clock_now(), days(list_days));
  if (!list) return fail(list.error());
  const auto root_list = read_file(in(folder, "root-crl.pem"));
  return write_file(in(folder, "crl.pem"), *list + (root_list ? *root_list : std::string()));
}

// What an issuing CA keeps of its root, and what peers pin because of it.
Result<void> copy_root(const std::string& root, const std::string& folder) {
  for (const auto& [from, to] : {std::pair("ca.crt", "root.crt"), std::pair("crl.pem", "root-crl.pem")}) {
    const auto text = read_file(in(root, from));
    if (!text) return fail(text.error());
    if (auto written = write_file(in(folder, to), *text); !written) return written;
  }
  return {};
}

Result<certs::CertificateAndKey> make_ca(const InitOptions& o) {
  certs::CaRequest request;
  request.region = o.region;
  request.key_kind = kind_of(o.key_kind);
  request.lifetime = days(o.days);
  request.dns_subtrees = o.dns_subtrees;
  request.is_root = o.root;
  if (!o.key_file.empty()) {
    auto key = read_file(o.key_file);
    if (!key) return fail(key.error());
    request.key_pem = std::move(*key);
  }
  if (o.below.empty()) return certs::create_region_ca(request, wall_clock_now());
  const auto root = read_ca(o.below);
  if (!root) return fail(root.error());
  return certs::create_issuing_ca(*root, request, wall_clock_now());
}

int init(const Context& context, const InitOptions& o) {
  const auto ca = make_ca(o);
  if (!ca) return report(context, ca.error());
  std::error_code error;
  fs::create_directories(o.folder, error);
  fs::permissions(o.folder, fs::perms::owner_all, error);
  if (auto written = write_pair(*ca, in(o.folder, "ca")); !written) return report(context, written.error());
  if (!o.below.empty()) {
    if (auto copied = copy_root(o.below, o.folder); !copied) return report(context, copied.error());
  }
  // A root's list changes rarely, and somebody has to fetch the key from its safe for it.
  constexpr int kRootListDays = 180;
  constexpr int kListDays = 30;
  if (auto written = write_crl(o.folder, *ca, {}, o.root ? kRootListDays : kListDays); !written)
    return report(context, written.error());
  const std::string pinned = o.below.empty() ? "ca.crt" : "root.crt";
  const std::string advice = o.root ? ": make an issuing CA with `hetao certs init --below " + o.folder +
                                          "`, then take ca.key offline"
                                    : ": give " + pinned + " and crl.pem to the peers, keep ca.key";
  return done(context, {{"region", o.region}, {"folder", o.folder}, {"pin", in(o.folder, pinned.c_str())}},
              std::string(o.root            ? "root"
                          : o.below.empty() ? "CA"
                                            : "issuing CA") +
                  " of " + o.region + " in " + o.folder + advice);
}

int issue(const Context& context, const IssueOptions& o) {
  const auto ca = read_ca(o.folder);
  if (!ca) return report(context, ca.error());
  const auto region = region_of(*ca);
  if (!region) return report(context, region.error());
  certs::LeafRequest request;
  request.identity = {*region, o.role, o.name};
  request.dns_names = o.dns_names;
  request.ip_addresses = o.ip_addresses;
  request.lifetime = days(o.days);
  const auto leaf = certs::issue_leaf(*ca, request, kind_of(o.key_kind), wall_clock_now());
  if (!leaf) return report(context, leaf.error());
  const std::string prefix = o.output.empty() ? in(o.folder, o.name.c_str()) : o.output;
  if (auto written = write_pair(*leaf, prefix); !written) return report(context, written.error());
  const std::string uri = certs::to_uri(request.identity);
  return done(context, {{"identity", uri}, {"certificate", prefix + ".crt"}, {"key", prefix + ".key"}},
              uri + "  " + prefix + ".crt, " + prefix + ".key, for " + std::to_string(o.days) + " days");
}

int sign(const Context& context, const FileOptions& o) {
  const auto ca = read_ca(o.folder);
  if (!ca) return report(context, ca.error());
  const auto request = read_file(o.files.front());
  if (!request) return report(context, request.error());
  const auto asked = certs::read_signing_request(*request);
  if (!asked) return report(context, asked.error());
  const auto certificate = certs::sign_request(*ca, *request, days(o.days), wall_clock_now());
  if (!certificate) return report(context, certificate.error());
  const std::string target = o.output.empty() ? o.files.front() + ".crt" : o.output;
  if (auto written = write_file(target, *certificate, false, false); !written)
    return report(context, written.error());
  const std::string uri = certs::to_uri(asked->identity);
  return done(context, {{"identity", uri}, {"certificate", target}}, uri + "  " + target);
}

bool is_serial(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A serial number, or the certificate that has it: one of this CA's, since no other's is revoked by its list.
Result<std::string> serial_of(const std::string& text, const certs::CertificateAndKey& ca) {
  std::error_code error;
  if (!fs::exists(text, error) && is_serial(text)) return text;
  const auto pem = read_file(text);
  if (!pem)
    return fail(ErrorCode::kUsage, text,
                "is neither a certificate file nor a serial number in lower-case hex",
                "`hetao certs status --json` shows serial numbers");
  const auto own = certs::is_issued_by(*pem, ca.certificate_pem);
  if (!own) return fail(own.error());
  if (!*own)
    return fail(ErrorCode::kUsage, text, "this CA did not issue it", "the CA that did has to revoke it");
  const auto status = certs::certificate_status(*pem, wall_clock_now());
  if (!status) return fail(status.error());
  return status->front().serial;
}

int revoke(const Context& context, const FileOptions& o) {
  const auto ca = read_ca(o.folder);
  if (!ca) return report(context, ca.error());
  const auto list = read_file(in(o.folder, "crl.pem"));
  if (!list) return report(context, list.error());
  auto contents = certs::read_crl(*list);
  if (!contents) return report(context, contents.error());
  const auto reason = certs::revocation_reason(o.reason);
  if (!reason)
    return report(context, Error{ErrorCode::kUsage, "--reason " + o.reason, "is no reason",
                                 "unspecified, key-compromise, superseded or cessation-of-operation"});
  for (const std::string& file : o.files) {
    const auto serial = serial_of(file, *ca);
    if (!serial) return report(context, serial.error());
    const bool known = std::any_of(contents->revoked.begin(), contents->revoked.end(),
                                   [&](const certs::Revocation& one) { return one.serial == *serial; });
    if (!known) contents->revoked.push_back({*serial, wall_clock_now(), *reason});
  }
  if (auto written = write_crl(o.folder, *ca, *contents, o.list_days); !written)
    return report(context, written.error());
  return done(context, {{"revoked", contents->revoked.size()}, {"number", contents->number + 1}},
              in(o.folder, "crl.pem") + " is number " + std::to_string(contents->number + 1) + " with " +
                  std::to_string(contents->revoked.size()) + " certificates; give it to the peers");
}

}  // namespace

Instant wall_clock_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

Duration days(int count) {
  return Duration::seconds(int64_t{count} * 86'400);
}

certs::KeyKind kind_of(const std::string& word) {
  return word == "ed25519" ? certs::KeyKind::kEd25519 : certs::KeyKind::kEcdsaP256;
}

Result<certs::CertificateAndKey> read_ca(const std::string& folder) {
  auto certificate = read_file(in(folder, "ca.crt"));
  if (!certificate)
    return fail(ErrorCode::kUsage, folder, "holds no ca.crt", "make a CA with `hetao certs init`");
  auto key = read_file(in(folder, "ca.key"));
  if (!key) return fail(ErrorCode::kUsage, folder, "holds no ca.key", "sign where the region's key is");
  return certs::CertificateAndKey{std::move(*certificate), std::move(*key)};
}

Result<void> write_pair(const certs::CertificateAndKey& pair, const std::string& prefix) {
  if (auto key = write_file(prefix + ".key", pair.key_pem, true, false); !key) return key;
  return write_file(prefix + ".crt", pair.certificate_pem, false, false);
}

int done(const Context& context, const json::object& facts, const std::string& line) {
  if (context.json) {
    context.print_json(facts);
  } else {
    context.print(line);
  }
  return 0;
}

namespace {

CLI::IsMember key_kinds() {
  return CLI::IsMember({"p256", "ed25519"});
}

CLI::IsMember roles() {
  return CLI::IsMember({"gateway", "server", "client"});
}

void describe_init(CLI::App& command, InitOptions& o) {
  command.add_option("--region", o.region, "the region, such as shenzhen")->required();
  command.add_option("--dir", o.folder, "folder for the CA; keep it safe")->required();
  command.add_option("--days", o.days, "how long the CA lasts")
      ->capture_default_str()
      ->check(CLI::Range(1, 36500));
  command.add_option("--key-kind", o.key_kind, "p256 or ed25519")->capture_default_str()->check(key_kinds());
  command.add_option("--key", o.key_file, "use this key: PEM, or a file with a pkcs11: line");
  command.add_option("--dns-below", o.dns_subtrees, "names of HTTPS listeners must lie below this domain");
  command.add_flag("--root", o.root, "a root, which signs issuing CAs alone and can stay offline");
  command.add_option("--below", o.below, "an issuing CA below the root in this folder");
}

void describe_issue(CLI::App& command, IssueOptions& o) {
  command.add_option("--dir", o.folder, "folder of the CA")->required();
  command.add_option("--name", o.name, "name in the region, such as gw-1")->required();
  command.add_option("--role", o.role, "gateway (tunnels), server (HTTPS) or client (a person or program)")
      ->capture_default_str()
      ->check(roles());
  command.add_option("--dns", o.dns_names, "DNS name of the listener");
  command.add_option("--ip", o.ip_addresses, "IP address of the listener");
  command.add_option("--days", o.days, "how long it lasts")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, kLeafDaysMax));
  command.add_option("--key-kind", o.key_kind, "p256 or ed25519")->capture_default_str()->check(key_kinds());
  command.add_option("-o,--output", o.output, "write OUTPUT.crt and OUTPUT.key (default: DIR/NAME)");
}

void describe_request(CLI::App& command, CertsRequestOptions& o) {
  command.add_option("--region", o.region, "the region whose CA will sign")->required();
  command.add_option("--name", o.name, "name in the region, such as gw-1")->required();
  command.add_option("--role", o.role, "gateway (tunnels), server (HTTPS) or client (a person or program)")
      ->capture_default_str()
      ->check(roles());
  command.add_option("--dns", o.dns_names, "DNS name of the listener");
  command.add_option("--ip", o.ip_addresses, "IP address of the listener");
  command.add_option("--key-kind", o.key_kind, "p256 or ed25519")->capture_default_str()->check(key_kinds());
  command.add_option("--key", o.key_file, "use this key: PEM, or a file with a pkcs11: line");
  command.add_option("-o,--output", o.output, "write OUTPUT.csr and OUTPUT.key (default: NAME)");
}

void describe_sign(CLI::App& command, FileOptions& o) {
  command.add_option("--dir", o.folder, "folder of the CA")->required();
  command.add_option("FILE", o.files, "the request (PEM)")->required()->expected(1);
  command.add_option("--days", o.days, "how long it lasts")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, kLeafDaysMax));
  command.add_option("-o,--output", o.output, "file of the certificate (default: FILE.crt)");
}

void describe_rotate(CLI::App& command, CertsRotateOptions& o) {
  command.add_option("FILE", o.file, "the certificate (PEM); its key lies beside it as .key")->required();
  command.add_option("--dir", o.folder, "folder of the CA, when it is at hand");
  command.add_flag("--request", o.request, "write a request for a CA that stands elsewhere");
  command.add_option("--with", o.signed_file, "put the certificate in force that such a CA signed");
  command.add_option("--days", o.days, "how long it lasts")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, kLeafDaysMax));
}

void describe_revoke(CLI::App& command, FileOptions& o) {
  command.add_option("--dir", o.folder, "folder of the CA")->required();
  command.add_option("FILE", o.files, "certificate files, or serial numbers in hex; none: only a fresh list");
  command.add_option("--reason", o.reason, "unspecified, key-compromise, superseded, cessation-of-operation")
      ->capture_default_str();
  command.add_option("--list-days", o.list_days, "how long the list holds; publish the next one before")
      ->capture_default_str()
      ->check(CLI::Range(1, 366));
}

void describe_status(CLI::App& command, CertsStatusOptions& o) {
  command.add_option("FILE", o.files, "certificates, revocation lists (PEM), or folders of them");
  command.add_option("--soon", o.days_soon,
                     "exit code 1 below so many days (default: when a renewal is due)");
}

}  // namespace

void add_certs(Program& program) {
  const Context& context = program.context;
  CLI::App* group = add_group(program.app, "certs",
                              "the PKI of a region: init, issue, request, sign, rotate, revoke, status");
  add_command<InitOptions>(*group, program.chosen, "init",
                           "make the CA of a region, and its first (empty) revocation list", describe_init,
                           [&context](const InitOptions& o) { return init(context, o); });
  add_command<IssueOptions>(*group, program.chosen, "issue", "issue a certificate with a new key",
                            describe_issue, [&context](const IssueOptions& o) { return issue(context, o); });
  add_command<CertsRequestOptions>(
      *group, program.chosen, "request", "ask a CA elsewhere for a certificate; the key stays here",
      describe_request, [&context](const CertsRequestOptions& o) { return certs_request(context, o); });
  add_command<FileOptions>(*group, program.chosen, "sign",
                           "sign a request (PKCS#10) whose key stays with the applicant", describe_sign,
                           [&context](const FileOptions& o) { return sign(context, o); });
  add_command<CertsRotateOptions>(
      *group, program.chosen, "rotate", "a new key and certificate in the place of an old one",
      describe_rotate, [&context](const CertsRotateOptions& o) { return certs_rotate(context, o); });
  add_command<FileOptions>(*group, program.chosen, "revoke",
                           "put certificates on the region's revocation list, or renew the list",
                           describe_revoke, [&context](const FileOptions& o) { return revoke(context, o); });
  add_command<CertsStatusOptions>(
      *group, program.chosen, "status",
      "how long certificates last: of files, or of a gateway when none is named; exit 1 when one needs a "
      "hand",
      describe_status, [&context](const CertsStatusOptions& o) { return certs_status(context, o); });
}

}  // namespace hetao::cli
