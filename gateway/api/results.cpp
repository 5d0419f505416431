// Results: what a job gave back, and ranged downloads of it (RFC 9110, section 14).
#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/past.h"
#include "gateway/api/problem.h"
#include "gateway/api/range.h"
#include "gateway/api/views.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

// Contents are for the tenant that asked for them; auditors and reviewers see facts, not data.
io::Awaitable<FoundJob> own_job(const Context& c, std::string id) {
  FoundJob found = co_await find_job(c, std::move(id));
  if (found.job != nullptr && found.job->submitter().tenant() != c.caller.tenant) found.job = nullptr;
  co_return found;
}

struct Found {
  const pb::Delivery* output = nullptr;
  const pb::ItemFile* file = nullptr;
};

// "NAME" or "NAME/PATH"; names hold no slash.
Found find_file(const pb::Job& job, const std::string& name) {
  Found found;
  const size_t slash = name.find('/');
  const std::string path = slash == std::string::npos ? std::string() : name.substr(slash + 1);
  for (const pb::Delivery& output : job.deliveries()) {
    if (output.name() != name.substr(0, slash)) continue;
    found.output = &output;
    for (const pb::ItemFile& file : output.files()) {
      if (file.path() == path) found.file = &file;
    }
  }
  return found;
}

io::HttpResponse file_answer(const Context& c, const pb::ItemFile& file, const std::string& name) {
  const std::string etag = "\"" + file.digest() + "\"";
  const auto path = c.backend.blobs().path_of(file.digest());
  if (!path || !c.backend.blobs().has(file.digest())) {
    return problem({ErrorCode::kNotFound, "result " + name, "is not kept here any more", ""});
  }
  io::HttpResponse response;
  response.headers.set("Content-Type", "application/octet-stream");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Disposition", "attachment");
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("ETag", etag);
  response.headers.set("Cache-Control", "private, no-cache");
  if (c.request.headers.get("if-none-match") == etag) {
    response.status = 304;
    return response;
  }
  const auto size = static_cast<uint64_t>(file.bytes());
  const std::string_view condition = c.request.headers.get("if-range");
  const bool ranged = condition.empty() || condition == etag;
  const ByteRange range = ranged ? read_range(c.request.headers.get("range"), size) : ByteRange{};
  switch (range.kind) {
    case ByteRange::Kind::kWhole:
      response.file = io::FileRange{*path, 0, size};
      return response;
    case ByteRange::Kind::kPart:
      response.status = 206;
      response.headers.set("Content-Range", content_range(range, size));
      response.file = io::FileRange{*path, range.first, range.last - range.first + 1};
      return response;
    case ByteRange::Kind::kNone:
      break;
  }
  io::HttpResponse refused = problem(416, {ErrorCode::kUsage, "Range", "lies behind the end", ""});
  refused.headers.set("Content-Range", "bytes */" + std::to_string(size));
  return refused;
}

}  // namespace

io::Awaitable<io::HttpResponse> list_results(const Context& c) {
  const FoundJob asked = co_await own_job(c, c.at("job"));
  const pb::Job* job = asked.job;
  if (job == nullptr) co_return no_such("job", c.at("job"), "`hetao jobs` lists yours");
  json::object out;
  out["job"] = job->id();
  out["state"] = federation::to_word(job->state());
  json::array results;
  for (const pb::Delivery& output : job->deliveries()) results.push_back(to_json(output));
  out["results"] = std::move(results);
  co_await c.backend.settled();
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_result(const Context& c) {
  const FoundJob asked = co_await own_job(c, c.at("job"));
  const pb::Job* job = asked.job;
  if (job == nullptr) co_return no_such("job", c.at("job"), "`hetao jobs` lists yours");
  const std::string& name = c.at("name");
  const Found found = find_file(*job, name);
  if (found.output == nullptr) co_return no_such("result", name, "`hetao job show` lists them");
  const std::string& state = found.output->state();
  const std::string note = found.output->note().empty() ? std::string() : " (" + found.output->note() + ")";
  if (state == "withheld") {
    co_return problem({ErrorCode::kForbidden, "result " + name, "may not leave " + job->region() + note, ""});
  }
  if (state != "available" && state != "delivering" && state != "delivered") {
    co_return problem({ErrorCode::kFailed, "result " + name, "is " + state + note,
                       state == "waiting" ? "`hetao job wait` waits for it" : ""});
  }
  if (found.file == nullptr) co_return no_such("result", name, "name one of its files: NAME/PATH");
  const pb::ItemFile file = *found.file;
  co_await c.backend.settled();
  co_return file_answer(c, file, name);
}

}  // namespace hetao::api
