// hetao certs init/issue/sign/rotate/revoke/status: all that the PKI of a region needs, in one folder:
// ca.crt and ca.key, crl.pem, and the certificates that it issues.
#include <chrono>
#include <filesystem>

#include "certs/authority.h"
#include "certs/identity.h"
#include "certs/status.h"
#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

struct InitOptions {
  std::string region;
  std::string folder;
  std::string key_kind = "p256";
  int days = 3650;
  std::vector<std::string> dns_subtrees;
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
};

Instant now() {
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

std::string in(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

Result<certs::CertificateAndKey> read_ca(const std::string& folder) {
  auto certificate = read_file(in(folder, "ca.crt"));
  if (!certificate)
    return fail(ErrorCode::kUsage, folder, "holds no ca.crt", "make a CA with `hetao certs init`");
  auto key = read_file(in(folder, "ca.key"));
  if (!key) return fail(ErrorCode::kUsage, folder, "holds no ca.key", "sign where the region's key is");
  return certs::CertificateAndKey{std::move(*certificate), std::move(*key)};
}

Result<std::string> region_of(const certs::CertificateAndKey& ca) {
  const auto status = certs::certificate_status(ca.certificate_pem, now());
  if (!status) return fail(status.error());
  return certs::parse_region_uri(status->front().subject);
}

Result<void> write_pair(const certs::CertificateAndKey& pair, const std::string& prefix) {
  if (auto key = write_file(prefix + ".key", pair.key_pem, true, false); !key) return key;
  return write_file(prefix + ".crt", pair.certificate_pem, false, false);
}

Result<void> write_crl(const std::string& folder, const certs::CertificateAndKey& ca,
                       const certs::CrlContents& contents) {
  const auto list = certs::create_crl(ca, contents.revoked, contents.number + 1, now());
  if (!list) return fail(list.error());
  return write_file(in(folder, "crl.pem"), *list);
}

int done(const Context& context, const json::object& facts, const std::string& line) {
  if (context.json) {
    context.print_json(facts);
  } else {
    context.print(line);
  }
  return 0;
}

int init(const Context& context, const InitOptions& o) {
  certs::CaRequest request;
  request.region = o.region;
  request.key_kind = kind_of(o.key_kind);
  request.lifetime = days(o.days);
  request.dns_subtrees = o.dns_subtrees;
  const auto ca = certs::create_region_ca(request, now());
  if (!ca) return report(context, ca.error());
  std::error_code error;
  fs::create_directories(o.folder, error);
  fs::permissions(o.folder, fs::perms::owner_all, error);
  if (auto written = write_pair(*ca, in(o.folder, "ca")); !written) return report(context, written.error());
  if (auto written = write_crl(o.folder, *ca, {}); !written) return report(context, written.error());
  return done(
      context, {{"region", o.region}, {"folder", o.folder}},
      "CA of " + o.region + " in " + o.folder + ": give ca.crt and crl.pem to the peers, keep ca.key");
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
  const auto leaf = certs::issue_leaf(*ca, request, kind_of(o.key_kind), now());
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
  const auto certificate = certs::sign_request(*ca, *request, days(o.days), now());
  if (!certificate) return report(context, certificate.error());
  const std::string target = o.output.empty() ? o.files.front() + ".crt" : o.output;
  if (auto written = write_file(target, *certificate, false, false); !written)
    return report(context, written.error());
  const std::string uri = certs::to_uri(asked->identity);
  return done(context, {{"identity", uri}, {"certificate", target}}, uri + "  " + target);
}

// A new key and certificate of the same identity and names, in the place of the old; the gateway takes it on
// SIGHUP.
int rotate(const Context& context, const FileOptions& o) {
  const auto ca = read_ca(o.folder);
  if (!ca) return report(context, ca.error());
  const std::string& file = o.files.front();
  const auto old = read_file(file);
  if (!old) return report(context, old.error());
  auto request = certs::renewal_of(*old);
  if (!request) return report(context, request.error());
  request->lifetime = days(o.days);
  const auto leaf = certs::issue_leaf(*ca, *request, certs::KeyKind::kEcdsaP256, now());
  if (!leaf) return report(context, leaf.error());
  const fs::path key = fs::path(file).replace_extension(".key");
  if (auto written = write_file(key.string(), leaf->key_pem, true); !written)
    return report(context, written.error());
  if (auto written = write_file(file, leaf->certificate_pem); !written)
    return report(context, written.error());
  const std::string uri = certs::to_uri(request->identity);
  return done(context, {{"identity", uri}, {"certificate", file}, {"key", key.string()}},
              uri + "  " + file + " is new; `kill -HUP` the gateway to use it");
}

// A serial number, or the certificate that has it.
Result<std::string> serial_of(const std::string& text) {
  std::error_code error;
  if (!fs::exists(text, error)) return text;
  const auto pem = read_file(text);
  if (!pem) return fail(pem.error());
  const auto status = certs::certificate_status(*pem, now());
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
    const auto serial = serial_of(file);
    if (!serial) return report(context, serial.error());
    const bool known = std::any_of(contents->revoked.begin(), contents->revoked.end(),
                                   [&](const certs::Revocation& one) { return one.serial == *serial; });
    if (!known) contents->revoked.push_back({*serial, now(), *reason});
  }
  if (auto written = write_crl(o.folder, *ca, *contents); !written) return report(context, written.error());
  return done(context, {{"revoked", contents->revoked.size()}, {"number", contents->number + 1}},
              in(o.folder, "crl.pem") + " is number " + std::to_string(contents->number + 1) + " with " +
                  std::to_string(contents->revoked.size()) + " certificates; give it to the peers");
}

struct Row {
  std::string where, subject, urgency, advice;
  int64_t days_left = 0;
};

int show_rows(const Context& context, const std::vector<Row>& rows) {
  bool bad = false;
  json::array all;
  Table table({"CERTIFICATE", "NAME", "DAYS LEFT", "STATE", "REASON"});
  for (const Row& row : rows) {
    bad = bad || row.urgency == "expired" || row.urgency == "not-yet-valid";
    all.push_back(json::object{{"where", row.where},
                               {"subject", row.subject},
                               {"days_left", row.days_left},
                               {"urgency", row.urgency},
                               {"advice", row.advice}});
    const std::string shown = row.urgency == "ok"    ? context.good(row.urgency)
                              : row.urgency == "due" ? context.warn(row.urgency)
                                                     : context.bad(row.urgency);
    table.add({row.where, row.subject, std::to_string(row.days_left), shown, row.advice});
  }
  if (context.json) {
    context.print_json(json::object{{"certificates", all}});
  } else {
    table.print(context);
  }
  return bad ? 1 : 0;
}

int status_of_files(const Context& context, const FileOptions& o) {
  std::vector<Row> rows;
  for (const std::string& file : o.files) {
    const auto pem = read_file(file);
    if (!pem) return report(context, pem.error());
    if (pem->find("X509 CRL") != std::string::npos) {
      const auto lists = certs::crl_status(*pem, now());
      if (!lists) return report(context, lists.error());
      for (const auto& one : *lists)
        rows.push_back({file, "revocation list of " + one.issuer, certs::to_word(one.urgency), one.advice,
                        one.days_left});
    } else {
      const auto all = certs::certificate_status(*pem, now());
      if (!all) return report(context, Error{all.error().code, file, all.error().why, all.error().hint});
      for (const auto& one : *all)
        rows.push_back({file, one.subject, certs::to_word(one.urgency), one.advice, one.days_left});
    }
  }
  return show_rows(context, rows);
}

int status_of_gateway(const Context& context) {
  const auto answer = Client(context).get("/api/v1/certs");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  std::vector<Row> rows;
  for (const json::value& value : list_at(answer->get_object(), "certificates")) {
    const json::object& one = value.get_object();
    rows.push_back({text_at(one, "used_for"), text_at(one, "subject"), text_at(one, "urgency"),
                    text_at(one, "advice"), number_at(one, "days_left")});
  }
  for (const json::value& value : list_at(answer->get_object(), "revocation_lists")) {
    const json::object& one = value.get_object();
    rows.push_back({"revocation list", text_at(one, "issuer"), text_at(one, "urgency"),
                    text_at(one, "advice"), number_at(one, "days_left")});
  }
  return show_rows(context, rows);
}

}  // namespace

void add_certs(Program& program) {
  const Context& context = program.context;
  CLI::App* group =
      add_group(program.app, "certs", "the PKI of a region: init, issue, sign, rotate, revoke, status");
  const auto kinds = CLI::IsMember({"p256", "ed25519"});
  add_command<InitOptions>(
      *group, program.chosen, "init", "make the CA of a region, and its first (empty) revocation list",
      [&](CLI::App& command, InitOptions& o) {
        command.add_option("--region", o.region, "the region, such as shenzhen")->required();
        command.add_option("--dir", o.folder, "folder for the CA; keep it safe")->required();
        command.add_option("--days", o.days, "how long the CA lasts")
            ->capture_default_str()
            ->check(CLI::Range(1, 36500));
        command.add_option("--key-kind", o.key_kind, "p256 or ed25519")->capture_default_str()->check(kinds);
        command.add_option("--dns-below", o.dns_subtrees,
                           "names of HTTPS listeners must lie below this domain");
      },
      [&context](const InitOptions& o) { return init(context, o); });
  add_command<IssueOptions>(
      *group, program.chosen, "issue", "issue a certificate with a new key",
      [&](CLI::App& command, IssueOptions& o) {
        command.add_option("--dir", o.folder, "folder of the CA")->required();
        command.add_option("--name", o.name, "name in the region, such as gw-1")->required();
        command
            .add_option("--role", o.role, "gateway (tunnels), server (HTTPS) or client (a person or program)")
            ->capture_default_str()
            ->check(CLI::IsMember({"gateway", "server", "client"}));
        command.add_option("--dns", o.dns_names, "DNS name of the listener");
        command.add_option("--ip", o.ip_addresses, "IP address of the listener");
        command.add_option("--days", o.days, "how long it lasts")
            ->capture_default_str()
            ->check(CLI::Range(1, 3650));
        command.add_option("--key-kind", o.key_kind, "p256 or ed25519")->capture_default_str()->check(kinds);
        command.add_option("-o,--output", o.output, "write OUTPUT.crt and OUTPUT.key (default: DIR/NAME)");
      },
      [&context](const IssueOptions& o) { return issue(context, o); });
  const auto folder_and_files = [](CLI::App& command, FileOptions& o, const char* what) {
    command.add_option("--dir", o.folder, "folder of the CA")->required();
    command.add_option("FILE", o.files, what)->required();
  };
  add_command<FileOptions>(
      *group, program.chosen, "sign", "sign a request (PKCS#10) whose key stays with the applicant",
      [&](CLI::App& command, FileOptions& o) {
        folder_and_files(command, o, "the request (PEM)");
        command.add_option("--days", o.days, "how long it lasts")
            ->capture_default_str()
            ->check(CLI::Range(1, 3650));
        command.add_option("-o,--output", o.output, "file of the certificate (default: FILE.crt)");
      },
      [&context](const FileOptions& o) { return sign(context, o); });
  add_command<FileOptions>(
      *group, program.chosen, "rotate", "a new key and certificate in the place of an old one",
      [&](CLI::App& command, FileOptions& o) {
        folder_and_files(command, o, "the certificate (PEM); its key lies beside it as .key");
        command.add_option("--days", o.days, "how long it lasts")
            ->capture_default_str()
            ->check(CLI::Range(1, 3650));
      },
      [&context](const FileOptions& o) { return rotate(context, o); });
  add_command<FileOptions>(
      *group, program.chosen, "revoke", "put certificates on the region's revocation list",
      [&](CLI::App& command, FileOptions& o) {
        folder_and_files(command, o, "certificate files, or serial numbers in hex");
        command
            .add_option("--reason", o.reason,
                        "unspecified, key-compromise, superseded, cessation-of-operation")
            ->capture_default_str();
      },
      [&context](const FileOptions& o) { return revoke(context, o); });
  add_command<FileOptions>(
      *group, program.chosen, "status",
      "how long certificates last: of files, or of a gateway when none is named",
      [](CLI::App& command, FileOptions& o) {
        command.add_option("FILE", o.files, "certificates or revocation lists (PEM)");
      },
      [&context](const FileOptions& o) {
        return o.files.empty() ? status_of_gateway(context) : status_of_files(context, o);
      });
}

}  // namespace hetao::cli
