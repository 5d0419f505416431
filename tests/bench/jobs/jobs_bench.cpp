// A client that costs little: N keep-alive connections over HTTPS, each with one request under way, posting
// the same task again and again. Prints one JSON object: what was answered 200, the rest by status, and
// percentiles of the time from when a request was due to its whole answer (so that a stalled gateway is not
// flattered).
//
// usage: bench_jobs HOST PORT CA-FILE TOKEN PATH BODY-FILE CONNECTIONS SECONDS [RATE [COUNT]]
//   RATE   requests a second, over all connections; 0: as fast as they are answered
//   COUNT  ends after so many; 0: after SECONDS
// CA-FILE "" speaks plain HTTP; TOKEN is sent as bearer, or as X-SLURM-USER-TOKEN when PATH begins with
// /slurm.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Wanted {
  std::string host, port, ca, request;
  int connections = 64;
  double seconds = 5;
  double rate = 0;
  long count = 0;
};

struct Results {
  std::mutex mutex;
  std::vector<double> millis;  // of those answered 200
  std::map<int, long> statuses;
  std::atomic<long> taken{0};
};

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "bench_jobs: %s\n", what);
  std::exit(1);
}

// A connection, with or without TLS.
class Wire {
 public:
  Wire(const Wanted& wanted, SSL_CTX* context) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(wanted.port)));
    inet_pton(AF_INET, wanted.host.c_str(), &to.sin_addr);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("can't connect");
    if (context == nullptr) return;
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) die("TLS handshake failed");
  }
  ~Wire() {
    SSL_free(ssl_);
    close(fd_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool write(const std::string& text) {
    size_t done = 0;
    while (done < text.size()) {
      const auto left = text.size() - done;
      const auto n = ssl_ != nullptr ? SSL_write(ssl_, text.data() + done, static_cast<int>(left))
                                     : static_cast<int>(send(fd_, text.data() + done, left, MSG_NOSIGNAL));
      if (n <= 0) return false;
      done += static_cast<size_t>(n);
    }
    return true;
  }
  // The status of the next answer, once all of it is here; 0: the connection ended.
  int read_answer() {
    while (true) {
      const size_t head = buffer_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const size_t body = body_bytes(head);
        if (buffer_.size() >= head + 4 + body) {
          const int status = std::atoi(buffer_.c_str() + 9);
          buffer_.erase(0, head + 4 + body);
          return status;
        }
      }
      char piece[16384];
      const auto n = ssl_ != nullptr ? SSL_read(ssl_, piece, sizeof piece)
                                     : static_cast<int>(recv(fd_, piece, sizeof piece, 0));
      if (n <= 0) return 0;
      buffer_.append(piece, static_cast<size_t>(n));
    }
  }

 private:
  size_t body_bytes(size_t head) const {
    for (const char* name : {"Content-Length:", "content-length:"}) {
      const size_t at = buffer_.find(name);
      if (at < head) return std::strtoul(buffer_.c_str() + at + std::strlen(name), nullptr, 10);
    }
    return 0;
  }

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

void work(const Wanted& wanted, SSL_CTX* context, int index, Clock::time_point begin, Results& results) {
  std::vector<double> millis;
  std::map<int, long> statuses;
  auto wire = std::make_unique<Wire>(wanted, context);
  const auto end = begin + std::chrono::duration<double>(wanted.seconds);
  for (long i = 0;; ++i) {
    if (i == 0) std::this_thread::sleep_until(begin);
    auto due = Clock::now();
    if (wanted.rate > 0) {
      due = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                        static_cast<double>(i * wanted.connections + index) / wanted.rate));
      std::this_thread::sleep_until(due);
    }
    if (wanted.count > 0 ? results.taken++ >= wanted.count : due >= end) break;
    const int status = wire->write(wanted.request) ? wire->read_answer() : 0;
    ++statuses[status];
    if (status == 200)
      millis.push_back(std::chrono::duration<double, std::milli>(Clock::now() - due).count());
    if (status == 0) wire = std::make_unique<Wire>(wanted, context);
    if (status == 429 || status == 503) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const std::lock_guard lock(results.mutex);
  results.millis.insert(results.millis.end(), millis.begin(), millis.end());
  for (const auto& [status, count] : statuses) results.statuses[status] += count;
}

double percentile(std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(part * static_cast<double>(sorted.size())))];
}

Wanted read_words(int argc, char** argv) {
  if (argc < 9) die("usage: HOST PORT CA-FILE TOKEN PATH BODY-FILE CONNECTIONS SECONDS [RATE [COUNT]]");
  Wanted wanted;
  wanted.host = argv[1];
  wanted.port = argv[2];
  wanted.ca = argv[3];
  std::ifstream file(argv[6], std::ios::binary);
  const std::string body((std::istreambuf_iterator<char>(file)), {});
  const std::string path = argv[5];
  const std::string token = path.starts_with("/slurm") ? "X-SLURM-USER-NAME: nobody\r\nX-SLURM-USER-TOKEN: "
                                                       : "Authorization: Bearer ";
  wanted.request = "POST " + path + " HTTP/1.1\r\nHost: " + wanted.host + "\r\n" + token + argv[4] +
                   "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n\r\n" + body;
  wanted.connections = std::atoi(argv[7]);
  wanted.seconds = std::atof(argv[8]);
  if (argc > 9) wanted.rate = std::atof(argv[9]);
  if (argc > 10) wanted.count = std::atol(argv[10]);
  return wanted;
}

}  // namespace

int main(int argc, char** argv) {
  const Wanted wanted = read_words(argc, argv);
  SSL_CTX* context = nullptr;
  if (!wanted.ca.empty()) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_locations(context, wanted.ca.c_str(), nullptr) != 1) die("can't read the CA");
  }
  Results results;
  const auto begin = Clock::now() + std::chrono::milliseconds(300);  // when all are connected
  std::vector<std::thread> threads;
  for (int i = 0; i < wanted.connections; ++i) {
    threads.emplace_back([&, i] { work(wanted, context, i, begin, results); });
  }
  for (std::thread& thread : threads) thread.join();
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(results.millis.begin(), results.millis.end());
  std::printf(
      "{\"accepted\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
      "\"other\":{",
      results.millis.size(), took, static_cast<double>(results.millis.size()) / took,
      percentile(results.millis, 0.5), percentile(results.millis, 0.99), percentile(results.millis, 1));
  const char* comma = "";
  for (const auto& [status, count] : results.statuses) {
    if (status == 200) continue;
    std::printf("%s\"%d\":%ld", comma, status, count);
    comma = ",";
  }
  std::puts("}}");
  SSL_CTX_free(context);
  return 0;
}
