// `hetao-gateway`: the daemon of a region.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <thread>

#include "gateway/api/api.h"
#include "gateway/base/limits.h"
#include "gateway/daemon/certificate_watch.h"
#include "gateway/daemon/config.h"
#include "gateway/daemon/log_format.h"
#include "gateway/daemon/stand_by.h"
#include "gateway/files/file.h"
#include "gateway/io/log_line.h"
#include "gateway/io/shell.h"

namespace hetao::daemon {

namespace {

constexpr int kWrongUsage = static_cast<int>(ErrorCode::kUsage);

int complain(const Diagnostics& mistakes) {
  for (const Diagnostic& mistake : mistakes) std::cerr << "hetao-gateway: " << to_line(mistake) << '\n';
  std::cerr << "hetao-gateway: nothing was started: " << mistakes.size()
            << (mistakes.size() == 1 ? " mistake" : " mistakes") << " in the configuration\n";
  return kWrongUsage;
}

int complain(const Error& error) {
  std::cerr << "hetao-gateway: " << to_line(error) << '\n';
  return static_cast<int>(error.code);
}

tl::expected<Config, Diagnostics> read(const std::string& file) {
  const auto text = files::read_file(file);
  if (!text) return tl::unexpected(Diagnostics{{file, 0, 0, text.error().why, {}, text.error().hint}});
  return read_config(*text, file);
}

void log_to_standard_error(bool as_json) {
  auto logger = spdlog::stderr_logger_mt(io::kLogName);
  spdlog::set_default_logger(logger);
  logger->set_formatter(log_format(as_json));
  spdlog::flush_on(spdlog::level::info);
}

// What is read again while the gateway runs: all of it on SIGHUP, certificates when their files change. A
// broken reload keeps what was there, says so, and goes on saying so in status and metrics.
class Reloader {
 public:
  Reloader(Config config, io::Shell& shell, api::Api& api)
      : config_(std::move(config)), shell_(shell), api_(api), watch_(certificate_files(config_)) {}

  void everything() {
    auto config = read(config_.file);
    if (!config) return keep_old(config.error());
    auto opened = open_config(*config);
    if (!opened) return keep_old(opened.error());
    config_ = std::move(*config);
    watch_.watch(certificate_files(config_));
    io::ReloadedConfig changed{opened->shell.policy, opened->shell.https_tls, opened->shell.tunnel_tls};
    shell_.reload(std::move(changed),
                  [&api = api_, config = std::move(opened->api)](const std::vector<std::string>& said) {
                    api.reload(config);
                    tell(said);
                  });
  }

  // A policy is activated by people, never by a file that changes: certificates alone.
  void changed_certificates() {
    if (!watch_.look()) return;
    auto opened = open_certificates(config_);
    if (!opened) return keep_old(opened.error());
    spdlog::info("reload: certificate files have changed");
    io::ReloadedConfig changed{{}, opened->shell.https_tls, opened->shell.tunnel_tls};
    shell_.reload(std::move(changed),
                  [&api = api_, files = opened->api.certificates](const std::vector<std::string>& said) {
                    api.reload_certificates(files);
                    tell(said);
                  });
  }

 private:
  static void tell(const std::vector<std::string>& said) {
    for (const std::string& line : said) spdlog::info("reload: {}", line);
  }
  void keep_old(const Diagnostics& mistakes) {
    for (const Diagnostic& mistake : mistakes) spdlog::error("reload: {}", to_line(mistake));
    spdlog::error("reload: nothing was changed: what was in force before stays");
    shell_.reload_failed(to_line(mistakes.front()));
  }

  Config config_;
  io::Shell& shell_;
  api::Api& api_;
  CertificateWatch watch_;
};

// Signals are taken by one thread that waits for them, so that no handler runs in the middle of anything.
void serve_signals(const sigset_t& signals, Reloader& reloader, io::Shell& shell) {
  const timespec pause{limits::kCertificateWatchSeconds, 0};
  while (true) {
    const int signal = sigtimedwait(&signals, nullptr, &pause);
    if (signal < 0 && errno == EAGAIN) reloader.changed_certificates();
    if (signal == SIGHUP) reloader.everything();
    if (signal < 0 || signal == SIGHUP) continue;
    if (signal != SIGUSR1) spdlog::info("stopping on signal {}", signal);
    shell.stop();
    return;
  }
}

Result<void> open_traces(const Config& config) {
  if (config.traces.endpoint.empty()) return {};
  auto opened = io::SpanExporter::open(config.traces, {{"service.name", "hetao-gateway"},
                                                       {"service.namespace", config.shell.core.region},
                                                       {"service.instance.id", config.shell.gateway}});
  if (!opened) return fail(opened.error());
  io::set_span_exporter(std::move(*opened));
  return {};
}

int serve(const std::string& file) {
  auto config = read(file);
  if (!config) return complain(config.error());
  auto opened = open_config(*config);
  if (!opened) return complain(opened.error());
  if (auto collecting = open_traces(*config); !collecting) return complain(collecting.error());
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::unique_ptr<store::Store> shared;
  if (!config->store_url.empty()) {
    auto taken = take_store(*config, signals);
    if (!taken) return complain(taken.error());
    if (*taken == nullptr) return 0;
    shared = std::move(*taken);
  }
  auto shell = io::Shell::create(std::move(opened->shell), std::move(shared));
  if (!shell) return complain(shell.error());
  api::Api api(api::backend_of(**shell), std::move(opened->api));
  (*shell)->set_handler(api.handler());
  if (auto listening = (*shell)->listen(); !listening) return complain(listening.error());
  spdlog::info("gateway {} of {} listens on port {} (HTTPS) and {} (tunnel)", (*shell)->config().gateway,
               (*shell)->config().core.region, (*shell)->https_port(), (*shell)->tunnel_port());
  Reloader reloader(std::move(*config), **shell, api);
  std::thread waiting([&] { serve_signals(signals, reloader, **shell); });
  const auto ended = (*shell)->run();
  pthread_kill(waiting.native_handle(), SIGUSR1);  // ours: wakes the thread when the shell ended by itself
  waiting.join();
  io::set_span_exporter(nullptr);  // sends what is left
  return ended ? 0 : complain(ended.error());
}

int run(int argc, char** argv) {
  CLI::App app{
      "The gateway of a region: decides what may cross, carries jobs and results, writes the ledger.",
      "hetao-gateway"};
  std::string file;
  bool check = false;
  bool json_log = false;
  app.add_option("--config", file, "configuration file (YAML)")->required();
  app.add_flag("--check", check, "check the configuration and everything that it names, start nothing");
  app.add_flag("--log-json", json_log, "log lines as JSON");
  app.set_version_flag("--version", std::string("hetao-gateway ") + HETAO_VERSION);
  app.footer(
      "SIGHUP reads certificates, revocation lists, sign-in and the keys that may sign policies again "
      "(changed "
      "certificate files are noticed without it). The configuration's policy is the first one: later ones "
      "are "
      "activated by people (hetao policy propose). SIGTERM stops in order.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kWrongUsage;
  }
  log_to_standard_error(json_log);
  if (!check) return serve(file);
  const auto config = read(file);
  if (!config) return complain(config.error());
  const auto opened = open_config(*config);
  if (!opened) return complain(opened.error());
  std::cout << file << ": good; region " << opened->shell.core.region << ", policy "
            << opened->shell.policy.name << ", " << opened->shell.peers.size() << " peers, "
            << opened->shell.core.platforms.size() << " platforms\n";
  return 0;
}

}  // namespace

}  // namespace hetao::daemon

int main(int argc, char** argv) {
  try {
    return hetao::daemon::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "hetao-gateway: internal error: " << error.what() << " (please report it)\n";
    return 1;
  }
}
