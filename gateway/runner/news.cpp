#include "gateway/runner/news.h"

#include <fcntl.h>
#include <unistd.h>

#include "gateway/runner/files.h"

namespace hetao::runner {

void leave_news(int folder, const std::string& key) {
  const std::string name = "../" + std::string(kNewsFolder) + "/" + key;
  const Fd file(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
}

}  // namespace hetao::runner
