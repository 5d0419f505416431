#include "gateway/runner/request.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/runner/files.h"

namespace hetao::runner {

namespace {

// A start waits for the disk, five times.
constexpr timeval kAnswerPatience{60, 0};
constexpr timeval kRequestPatience{10, 0};
// Two paths and some words.
constexpr size_t kRequestBytesMax = 4 * limits::kContainerPathBytesMax;

Result<Fd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::kUsage, path, "is longer than a socket's name may be", "108 bytes at most");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(os_error("hetao-runner", "no socket", errno));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerPatience, sizeof kAnswerPatience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kAnswerPatience, sizeof kAnswerPatience);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(os_error(path, "nobody starts hetao-runner there: is hetao-runner.socket active?", errno));
  }
  return socket;
}

Result<void> send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error("hetao-runner", "can't be told what to start", errno));
    text.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// Until the other side closes its end.
Result<std::string> receive_all(int socket) {
  std::string text;
  std::array<char, 4'096> part{};
  for (;;) {
    const ssize_t n = ::read(socket, part.data(), part.size());
    if (n == 0) return text;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error("hetao-runner", "the connection of its start broke", errno));
    text.append(part.data(), static_cast<size_t>(n));
    if (text.size() > kRequestBytesMax) {
      return fail(ErrorCode::kFailed, "hetao-runner", "the connection of its start carries too much");
    }
  }
}

}  // namespace

Result<Said> ask_runner(const std::string& socket, const std::vector<std::string>& options) {
  const auto connection = connect_to(socket);
  if (!connection) return fail(connection.error());
  std::string request;
  for (const std::string& option : options) {
    request += option;
    request += '\0';
  }
  if (const auto sent = send_all(connection->get(), request); !sent) return fail(sent.error());
  ::shutdown(connection->get(), SHUT_WR);
  auto text = receive_all(connection->get());
  if (!text) return fail(text.error());
  if (text->empty()) return fail(ErrorCode::kFailed, socket, "hetao-runner ended without a word");
  Said said;
  said.exit_code = static_cast<unsigned char>(text->back());
  text->pop_back();
  while (text->ends_with('\n')) text->pop_back();
  said.text = std::move(*text);
  return said;
}

Result<std::vector<std::string>> read_request(int socket) {
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kRequestPatience, sizeof kRequestPatience);
  const auto text = receive_all(socket);
  if (!text) return fail(text.error());
  std::vector<std::string> options;
  size_t begin = 0;
  for (size_t end = text->find('\0'); end != std::string::npos; end = text->find('\0', begin)) {
    options.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  if (begin != text->size()) {
    return fail(ErrorCode::kUsage, "hetao-runner", "what it is to start was sent in part",
                "each option ends with a zero");
  }
  return options;
}

void answer_request(int to, int exit_code) {
  const auto byte = static_cast<unsigned char>(exit_code);
  (void)!::write(to, &byte, 1);
  // Whoever started us may hold the same connection open; of a pipe it is no use, and no harm.
  ::shutdown(to, SHUT_RDWR);
  ::close(to);
}

}  // namespace hetao::runner
