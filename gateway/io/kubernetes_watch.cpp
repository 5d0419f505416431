#include "gateway/io/kubernetes_watch.h"

#include <algorithm>
#include <boost/json/array.hpp>

#include "gateway/platforms/kubernetes/api.h"
#include "gateway/platforms/kubernetes/watch.h"

namespace hetao::io {

namespace {

namespace kubernetes = platforms::kubernetes;
using std::chrono::milliseconds;

constexpr int64_t kWatchSeconds = 240;  // then the server ends it, and we go on from where it was
constexpr Duration kWatchPatience = Duration::seconds(kWatchSeconds + 30);
constexpr auto kSoon = milliseconds(1'000);  // an end that comes so soon is none of ours
constexpr auto kFirstPause = milliseconds(200);
constexpr auto kLongestPause = milliseconds(15'000);

}  // namespace

KubernetesWatch::KubernetesWatch(KubernetesLink& link, std::string name_space, std::string mark)
    : link_(link), name_space_(std::move(name_space)), mark_(std::move(mark)), thread_([this] { run(); }) {}

KubernetesWatch::~KubernetesWatch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

std::vector<KubernetesWatch::Change> KubernetesWatch::take() {
  const std::lock_guard lock(mutex_);
  std::vector<Change> out;
  for (auto& [uid, change] : changes_) out.push_back(std::move(change));
  changes_.clear();
  return out;
}

std::string KubernetesWatch::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void KubernetesWatch::run() {
  while (!stop_) {
    auto version = list();
    if (!version) {
      {
        const std::lock_guard lock(mutex_);
        trouble_ = to_line(version.error());
      }
      pause();
      continue;
    }
    while (!stop_ && follow(*version)) {
    }
  }
}

Result<std::string> KubernetesWatch::list() {
  ++lists_;
  std::map<std::string, std::string> found;
  std::string version;
  std::string go_on;
  do {
    const auto page = kubernetes::read_list(link_.ask(kubernetes::pods_call(name_space_, mark_, go_on)));
    if (!page) return fail(page.error());
    for (const json::value& item : page->items) {
      if (!item.is_object()) continue;
      kubernetes::PodRecord pod = kubernetes::pod_of(item.get_object());
      found[pod.name] = pod.uid;
      note(std::move(pod), false);
    }
    version = page->version;
    go_on = page->go_on;
  } while (!go_on.empty() && !stop_);
  // What went while nobody looked.
  const auto before = std::exchange(known_, found);
  for (const auto& [name, uid] : before) {
    const auto still = found.find(name);
    if (still != found.end() && still->second == uid) continue;
    const std::lock_guard lock(mutex_);
    Change& change = changes_[uid];
    change.pod.name = name;
    change.pod.uid = uid;
    change.deleted = true;
  }
  return version;
}

bool KubernetesWatch::follow(std::string& version) {
  kubernetes::WatchReader reader(version, [this](kubernetes::PodRecord pod, bool deleted) {
    if (deleted) {
      known_.erase(pod.name);
    } else {
      known_[pod.name] = pod.uid;
    }
    note(std::move(pod), deleted);
  });
  const auto began = std::chrono::steady_clock::now();
  bool any = false;
  const auto take = [&](std::string_view bytes) {
    any = true;
    return reader.read(bytes);
  };
  const auto reply = link_.stream(kubernetes::watch_call(name_space_, mark_, version, kWatchSeconds), take,
                                  stop_, kWatchPatience);
  version = reader.version();
  if (reader.expired() || kubernetes::is_expired(reply)) return false;
  if (reply.status == 200 || stop_) {  // its time was over
    {
      const std::lock_guard lock(mutex_);
      trouble_.clear();
      if (any) pause_ = {};
    }
    if (!any && std::chrono::steady_clock::now() - began < kSoon) pause();
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    trouble_ = reader.trouble().empty() ? kubernetes::failure_of(reply) : reader.trouble();
    if (any) pause_ = {};
  }
  pause();
  // Nonsense in between may have hidden a change.
  return reader.trouble().empty();
}

void KubernetesWatch::note(kubernetes::PodRecord pod, bool deleted) {
  const std::lock_guard lock(mutex_);
  Change& change = changes_[pod.uid];
  change.pod = std::move(pod);
  change.deleted = deleted;
}

void KubernetesWatch::pause() {
  std::unique_lock lock(mutex_);
  pause_ = std::clamp(pause_ * 2, milliseconds(kFirstPause), milliseconds(kLongestPause));
  stopped_.wait_for(lock, pause_, [this] { return stop_.load(); });
}

}  // namespace hetao::io
