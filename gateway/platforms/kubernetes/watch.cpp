#include "gateway/platforms/kubernetes/watch.h"

#include "gateway/base/text.h"
#include "gateway/platforms/json_value.h"
#include "gateway/platforms/kubernetes/api.h"

namespace hetao::platforms::kubernetes {

namespace {

constexpr size_t kLineBytesMax = size_t{8} << 20U;  // etcd keeps no object over 1.5 MiB
constexpr int kGone = 410;

}  // namespace

bool WatchReader::read(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    if (rest_.size() + std::min(end, bytes.size()) > kLineBytesMax) {
      trouble_ = "a change is larger than an object can be";
      return false;
    }
    if (end == std::string_view::npos) {
      rest_.append(bytes);
      return true;
    }
    bool go_on = true;
    if (rest_.empty()) {
      go_on = read_line(bytes.substr(0, end));
    } else {
      rest_.append(bytes.substr(0, end));
      const std::string line = std::move(rest_);
      rest_.clear();
      go_on = read_line(line);
    }
    if (!go_on) return false;
    bytes.remove_prefix(end + 1);
  }
  return true;
}

bool WatchReader::read_line(std::string_view line) {
  if (line.empty()) return true;
  const auto value = parse_json(line, "watch", kLineBytesMax);
  const json::object* object =
      value && value->is_object() ? object_in(value->get_object(), "object") : nullptr;
  if (object == nullptr) {
    trouble_ = "a change can't be read: " + readable(line.substr(0, 80), 80);
    return false;
  }
  const json::object& what = *object;
  const std::string type = text(value->get_object(), "type");
  if (type == "ERROR") {
    expired_ = number(what, "code") == kGone;
    trouble_ = readable(text(what, "message"), 200);
    return false;
  }
  const json::object* meta = object_in(what, "metadata");
  const std::string version = meta == nullptr ? std::string() : text(*meta, "resourceVersion");
  if (version.empty()) {
    trouble_ = "a change has no version";
    return false;
  }
  if (type == "ADDED" || type == "MODIFIED" || type == "DELETED") take_(pod_of(what), type == "DELETED");
  version_ = version;  // of a BOOKMARK, and of what newer servers may say, too
  return true;
}

bool is_expired(const HttpReply& reply) {
  return reply.status == kGone;
}

}  // namespace hetao::platforms::kubernetes
