// The files that a configuration names: certificates, keys, revocation lists, policy, key sets.
#include <filesystem>

#include "certs/jwt.h"
#include "certs/trust.h"
#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"
#include "gateway/files/file.h"
#include "gateway/files/pack_folder.h"
#include "gateway/io/tls/tls_context.h"

namespace hetao::daemon {

namespace {

// Collects the mistakes of all files, so that a start tells them all at once.
class Opener {
 public:
  explicit Opener(const Config& config) : config_(config) {}
  Diagnostics mistakes;

  void mistake(const std::string& file, const Error& error) {
    mistakes.push_back({file,
                        0,
                        0,
                        error.what == file || error.what.empty() ? error.why : error.what + ": " + error.why,
                        {},
                        error.hint});
  }

  std::string read(const std::string& file) {
    auto text = files::read_file(file);
    if (text) return std::move(*text);
    mistake(file, text.error());
    return {};
  }

  std::shared_ptr<const certs::TrustStore> trust(api::ApiConfig& api) {
    auto store = std::make_shared<certs::TrustStore>();
    for (const TrustedRegion& trusted : config_.trust) {
      const std::string ca = read(trusted.ca);
      const std::string crl = read(trusted.crl);
      if (ca.empty() || crl.empty()) continue;
      if (auto pinned = store->pin_ca(trusted.region, ca); !pinned) mistake(trusted.ca, pinned.error());
      if (auto added = store->add_crl(trusted.region, crl); !added) mistake(trusted.crl, added.error());
      api.certificates.push_back({"trust " + trusted.region, ca, false});
      api.certificates.push_back({"trust " + trusted.region, crl, true});
    }
    return store;
  }

  io::TlsFiles own(const std::string& certificate, const std::string& key, const char* used_for,
                   api::ApiConfig& api) {
    io::TlsFiles files{read(certificate), read(key)};
    if (!files.certificate_pem.empty()) api.certificates.push_back({used_for, files.certificate_pem, false});
    return files;
  }

  void open_tls(Opened& out) {
    const auto trusted = trust(out.api);
    const io::TlsFiles https = own(config_.https_certificate, config_.https_key, "https", out.api);
    const io::TlsFiles tunnel = own(config_.tunnel_certificate, config_.tunnel_key, "tunnel", out.api);
    if (!mistakes.empty()) return;
    auto https_tls = io::TlsContext::https_server(https, trusted);
    if (https_tls) {
      out.shell.https_tls = *https_tls;
    } else {
      mistake(config_.https_certificate, https_tls.error());
    }
    io::TlsOptions options;
    options.groups = config_.tunnel_groups;
    auto tunnel_tls = io::TlsContext::tunnel(tunnel, trusted, options);
    if (tunnel_tls) {
      out.shell.tunnel_tls = *tunnel_tls;
    } else {
      mistake(config_.tunnel_certificate, tunnel_tls.error());
    }
  }

  void open_policy(Opened& out) {
    auto files = files::read_pack_folder(config_.policy_pack);
    if (!files) {
      mistakes.insert(mistakes.end(), files.error().begin(), files.error().end());
      return;
    }
    auto pack = files::load_pack_folder(config_.policy_pack);
    if (!pack) {
      mistakes.insert(mistakes.end(), pack.error().begin(), pack.error().end());
      return;
    }
    const std::string name = pack->name + " " + pack->version;
    auto compiled = policy::Policy::compile(std::move(*pack));
    if (!compiled) {
      mistakes.insert(mistakes.end(), compiled.error().begin(), compiled.error().end());
      return;
    }
    out.shell.policy = {std::make_shared<const policy::Policy>(std::move(*compiled)), name,
                        std::move(*files)};
    out.api.policy_signers = config_.policy_signers;
  }

  void open_witness_policy(Opened& out) {
    if (config_.witness_policy.empty()) return;
    const std::string text = read(config_.witness_policy);
    if (!mistakes.empty()) return;
    auto policy = ledger::parse_tlog_policy(text, config_.witness_policy);
    if (!policy) return mistake(policy.error().what, policy.error());
    out.shell.witness.policy = std::move(*policy);
  }

  void open_issuers(Opened& out) {
    out.api.auth = config_.auth;
    for (const IssuerKeys& issuer : config_.issuers) {
      api::IssuerConfig config = issuer.config;
      if (!issuer.jwks_file.empty()) {
        const std::string text = read(issuer.jwks_file);
        if (text.empty()) continue;
        auto keys = certs::Jwks::parse(text);
        if (!keys) {
          mistake(issuer.jwks_file, keys.error());
          continue;
        }
        config.keys = std::make_shared<const certs::Jwks>(std::move(*keys));
      }
      if (!config.ca.empty())
        (void)read(config.ca);  // libcurl reads it; that it is there is known from now on
      if (!issuer.client_secret_file.empty())
        config.sign_in->client.secret = read_secret(issuer.client_secret_file);
      out.api.auth.issuers.push_back(std::move(config));
    }
    out.api.auth.clients = config_.clients;
  }

  // One line, in a file that is its owner's alone.
  std::string read_secret(const std::string& file) {
    std::string text = read(file);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (!text.empty() && others_may_read(file))
      mistake(file, {ErrorCode::kUsage, file, "others may read it", "chmod 600 " + file});
    return text;
  }

 private:
  const Config& config_;
};

std::string beside_us(const char* program) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? program : (self.parent_path() / program).string();
}

}  // namespace

tl::expected<Opened, Diagnostics> open_certificates(const Config& config) {
  Opened out;
  Opener opener(config);
  opener.open_tls(out);
  if (!opener.mistakes.empty()) return tl::unexpected(std::move(opener.mistakes));
  return out;
}

std::vector<std::string> certificate_files(const Config& config) {
  std::vector<std::string> files = {config.https_certificate, config.https_key, config.tunnel_certificate,
                                    config.tunnel_key};
  for (const TrustedRegion& trusted : config.trust) {
    files.push_back(trusted.ca);
    files.push_back(trusted.crl);
  }
  return files;
}

tl::expected<Opened, Diagnostics> open_config(const Config& config) {
  Opened out;
  out.shell = config.shell;
  for (io::LocalPlatformConfig& platform : out.shell.platforms) {
    if (platform.runner.empty()) platform.runner = beside_us("hetao-runner");
  }
  for (io::SlurmPlatformConfig& platform : out.shell.slurm_platforms) {
    if (platform.runner.empty()) platform.runner = beside_us("hetao-runner");
  }
  for (io::KubernetesPlatformConfig& platform : out.shell.kubernetes_platforms) {
    if (platform.step.empty()) platform.step = beside_us("hetao-step");
  }
  out.api.version = HETAO_VERSION;
  out.api.limits = {config.shell.tenant_bytes_per_second_max, config.shell.uploads.quota_bytes};
  const auto share = [&](const io::JobBounds& platform) {
    const auto& more = platform.shared_folders;
    out.api.shared_folders.insert(out.api.shared_folders.end(), more.begin(), more.end());
  };
  for (const io::LocalPlatformConfig& platform : out.shell.platforms) share(platform);
  for (const io::SlurmPlatformConfig& platform : out.shell.slurm_platforms) share(platform);
  out.api.organisation = config.organisation.empty() ? config.shell.core.region : config.organisation;
  out.api.organisation_url =
      config.organisation_url.empty() ? "https://hetao.invalid" : config.organisation_url;
  Opener opener(config);
  opener.open_tls(out);
  opener.open_policy(out);
  opener.open_witness_policy(out);
  opener.open_issuers(out);
  open_stores(config, out.shell, opener.mistakes);
  if (!opener.mistakes.empty()) return tl::unexpected(std::move(opener.mistakes));
  return out;
}

}  // namespace hetao::daemon
