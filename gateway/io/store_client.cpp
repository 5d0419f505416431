#include "gateway/io/store_client.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "gateway/base/percent.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/store_request.h"

namespace hetao::io {

namespace {

bool is_s3(std::string_view url) {
  return url.starts_with("s3://");
}

// URLs may carry secrets in their query: words for people have none.
std::string shown(std::string_view url) {
  return printable(url.substr(0, std::min<size_t>(url.find('?'), 200)));
}

tl::unexpected<Error> broken(const StoreAccess& store, std::string_view url, const std::string& why) {
  return fail(ErrorCode::kFailed, shown(url), "store " + store.name + ": " + why);
}

void wait_before_try(int number) {
  std::this_thread::sleep_for(std::chrono::milliseconds(250) * (1 << number));
}

// Reads the URL into the file, going on where a break left off.
Result<void> read_into(const StoreAccess& store, std::string_view url, const std::string& address, int file) {
  StoreRequest request{address, is_s3(url)};
  uint64_t written = 0;
  std::string why;
  const TakeBody take = [&](std::string_view part) {
    if (written + part.size() > limits::kBlobBytesMax) return false;
    if (!write_all_at(file, as_bytes(part), written, store.name)) return false;
    written += part.size();
    return true;
  };
  for (int number = 0; number < limits::kStoreTriesMax; ++number) {
    if (number != 0) wait_before_try(number);
    const StoreAnswer answer = perform(store, request, take);
    if (answer.why.empty()) return {};
    if (!answer.broken && answer.status != 412 && answer.status != 416) return broken(store, url, answer.why);
    why = answer.why;
    const bool same = !answer.etag.empty() && (request.same_etag.empty() || request.same_etag == answer.etag);
    if (!same || answer.status == 412 || answer.status == 416) written = 0;
    if (written == 0 && ::ftruncate(file, 0) != 0) return fail_errno(store.name, "can't be started anew");
    request.from = written;
    request.same_etag = written == 0 ? "" : answer.etag;
  }
  return broken(store, url, why + ", " + std::to_string(limits::kStoreTriesMax) + " times");
}

Result<pb::ItemFile> fetch_file(const StoreAccess& store, const std::string& url, const std::string& path,
                                BlobStore& blobs) {
  const auto address = address_of(store, url);
  if (!address) return fail(address.error());
  const std::string temporary = blobs.another_partial_path();
  auto file = open_file(temporary, O_RDWR | O_CREAT | O_EXCL);
  if (!file) return fail(file.error());
  ::unlink(temporary.c_str());  // lives as long as it is open
  if (auto read = read_into(store, url, *address, file->get()); !read) return fail(read.error());
  if (::lseek(file->get(), 0, SEEK_SET) != 0) return fail_errno(shown(url), "can't be read again");
  const auto stored = blobs.ingest_file(file->get(), shown(url));
  if (!stored) return fail(stored.error());
  pb::ItemFile out;
  out.set_path(path);
  out.set_digest(stored->digest);
  out.set_bytes(static_cast<int64_t>(stored->bytes));
  return out;
}

struct Folder {
  std::string bucket;
  std::string prefix;  // "" or ends with '/'
};

Folder folder_of(std::string_view url) {
  const std::string_view rest = url.substr(std::string_view("s3://").size());
  const size_t slash = rest.find('/');
  Folder out{std::string(rest.substr(0, slash)), {}};
  if (slash != std::string_view::npos) out.prefix = std::string(rest.substr(slash + 1));
  if (!out.prefix.empty() && out.prefix.back() != '/') out.prefix += '/';
  return out;
}

// The names below the folder. The query is sorted, as the signature wants it.
Result<std::vector<std::string>> list_folder(const StoreAccess& store, const std::string& url,
                                             const Folder& folder) {
  std::vector<std::string> keys;
  std::string next;
  do {
    std::string xml;
    const TakeBody take = [&](std::string_view part) {
      xml += part;
      return xml.size() <= limits::kStoreAnswerBytesMax;
    };
    std::string query = next.empty() ? "?" : "?continuation-token=" + percent_encode(next) + "&";
    query += "list-type=2&prefix=" + percent_encode(folder.prefix);
    const StoreAnswer answer =
        perform(store, {store.endpoint + "/" + percent_encode(folder.bucket) + query, true}, take);
    if (!answer.why.empty()) return broken(store, url, answer.why);
    auto listing = parse_listing(xml);
    if (!listing) return fail(listing.error());
    for (std::string& key : listing->keys) keys.push_back(std::move(key));
    if (keys.size() > limits::kItemFilesMax) return broken(store, url, "has too many objects below it");
    next = listing->next;
  } while (!next.empty());
  return keys;
}

Result<std::vector<pb::ItemFile>> fetch_folder(const StoreAccess& store, const std::string& url,
                                               BlobStore& blobs) {
  if (!is_s3(url)) return broken(store, url, "only s3:// has folders (name the files one by one)");
  if (auto address = address_of(store, url); !address) return fail(address.error());
  const Folder folder = folder_of(url);
  auto keys = list_folder(store, url, folder);
  if (!keys) return fail(keys.error());
  std::vector<pb::ItemFile> files;
  for (const std::string& key : *keys) {
    const std::string path = key.substr(std::min(key.size(), folder.prefix.size()));
    if (path.empty() || path.back() == '/') continue;  // stands for the folder itself
    auto file = fetch_file(store, "s3://" + folder.bucket + "/" + key, path, blobs);
    if (!file) return fail(file.error());
    files.push_back(std::move(*file));
  }
  if (files.empty()) return broken(store, url, "nothing is below it");
  return files;
}

Result<void> put_file(const StoreAccess& store, const std::string& url, const pb::ItemFile& file,
                      const BlobStore& blobs) {
  const auto address = address_of(store, url);
  if (!address) return fail(address.error());
  const auto path = blobs.path_of(file.digest());
  if (!path) return fail(path.error());
  auto source = open_file(*path, O_RDONLY);
  if (!source) return fail(source.error());
  if (static_cast<uint64_t>(file.bytes()) > limits::kStoreUploadBytesMax)
    return broken(store, url,
                  "is over " + human_bytes(limits::kStoreUploadBytesMax) + ", which one PUT can't take");
  StoreRequest request{*address, is_s3(url), source->get(), static_cast<uint64_t>(file.bytes())};
  std::string why;
  for (int number = 0; number < limits::kStoreTriesMax; ++number) {
    if (number != 0) wait_before_try(number);
    const StoreAnswer answer = perform(store, request, [](std::string_view) { return true; });
    if (answer.why.empty()) return {};
    if (!answer.broken) return broken(store, url, answer.why);
    why = answer.why;
  }
  return broken(store, url, why + ", " + std::to_string(limits::kStoreTriesMax) + " times");
}

}  // namespace

Result<const StoreAccess*> StoreClient::store(std::string_view name) const {
  const auto at =
      std::find_if(stores_.begin(), stores_.end(), [&](const StoreAccess& s) { return s.name == name; });
  if (at == stores_.end())
    return fail(ErrorCode::kFailed, "store " + std::string(name), "is configured no more",
                "its administrator lists stores under `stores`");
  return &*at;
}

Result<std::vector<pb::ItemFile>> StoreClient::fetch(const pb::Fetch& fetch, BlobStore& blobs) const {
  const auto access = store(fetch.store());
  if (!access) return fail(access.error());
  if (fetch.folder()) return fetch_folder(**access, fetch.url(), blobs);
  auto file = fetch_file(**access, fetch.url(), "", blobs);
  if (!file) return fail(file.error());
  return std::vector<pb::ItemFile>{std::move(*file)};
}

Result<void> StoreClient::deliver(const pb::Delivery& delivery, const BlobStore& blobs) const {
  const auto access = store(delivery.store());
  if (!access) return fail(access.error());
  for (const pb::ItemFile& file : delivery.files()) {
    std::string url = delivery.url();
    if (!file.path().empty()) url += (url.ends_with('/') ? "" : "/") + file.path();
    if (auto put = put_file(**access, url, file, blobs); !put) return put;
  }
  return {};
}

}  // namespace hetao::io
