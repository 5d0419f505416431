// A PostgreSQL server of the test program's own (tests/postgresql/serve), shared by all its tests; each takes
// a database of its own. Ends with the process.
#pragma once

#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace hetao::store {

class PostgresServer {
 public:
  // Why there is none; empty: it runs.
  static const std::string& missing() { return instance().missing_; }
  // A new, empty database.
  static std::string fresh_url() {
    static int count = 0;
    const std::string name = "t" + std::to_string(++count);
    run("postgres", "CREATE DATABASE " + name);
    return url_of(name);
  }
  // Runs SQL in the database of this URL; the first field of the first row, if there is one.
  static std::string alter(const std::string& url, const std::string& sql) { return run_at(url, sql); }
  // The server dies at once and comes back, as after a power cut of its machine.
  static void crash_and_restart(std::vector<std::string> settings = {}) {
    instance().end(SIGQUIT);
    instance().start(std::move(settings));
  }
  static std::filesystem::path folder() { return instance().folder_; }
  static void stop() { instance().end(SIGINT); }
  static void start_again(std::vector<std::string> settings = {}) { instance().start(std::move(settings)); }

 private:
  PostgresServer() {
    // In memory: what dies here is the server, not the machine, and its recovery syncs a thousand files.
    std::string pattern = access("/dev/shm", W_OK) == 0 ? "/dev/shm/hetao-pg-XXXXXX" : "/tmp/hetao-pg-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    start({});
  }
  ~PostgresServer() {
    end(SIGINT);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  static PostgresServer& instance() {
    static PostgresServer server;
    return server;
  }
  static std::string url_of(const std::string& database) {
    return "postgresql:///" + database + "?user=hetao&host=" + instance().folder_.string();
  }
  static std::string run(const std::string& database, const std::string& sql) {
    return run_at(url_of(database), sql);
  }
  static std::string run_at(const std::string& url, const std::string& sql) {
    PGconn* connection = PQconnectdb(url.c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    std::string answer = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result);
    PQclear(result);
    PQfinish(connection);
    return answer;
  }

  void start(std::vector<std::string> settings) {
    child_ = fork();
    if (child_ == 0) {
      const std::string program = HETAO_SOURCE_DIR "/tests/postgresql/serve";
      const std::string folder = folder_.string();
      std::vector<char*> words = {const_cast<char*>(program.c_str()), const_cast<char*>(folder.c_str())};
      for (std::string& setting : settings) words.push_back(setting.data());
      words.push_back(nullptr);
      execv(program.c_str(), words.data());
      _exit(127);
    }
    const std::string url = "postgresql:///postgres?user=hetao&host=" + folder_.string();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (PQping(url.c_str()) != PQPING_OK) {
      int status = 0;
      if (waitpid(child_, &status, WNOHANG) == child_) {
        child_ = -1;
        missing_ = WIFEXITED(status) && WEXITSTATUS(status) == 77 ? "PostgreSQL is not installed"
                                                                  : "PostgreSQL does not start";
        return;
      }
      if (std::chrono::steady_clock::now() > deadline) {
        missing_ = "PostgreSQL is not ready after a minute";
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  void end(int with_signal) {
    if (child_ <= 0) return;
    kill(child_, with_signal);
    waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  std::filesystem::path folder_;
  pid_t child_ = -1;
  std::string missing_;
};

}  // namespace hetao::store
