// What a job writes, piece by piece while it runs: `after` is how far the caller has come, so that whoever
// lost the connection goes on where it broke. A job that runs in another region shows nothing meanwhile: what
// it prints is data, and crosses when it was read and decided, as the item `logs` after its end.
#include <fcntl.h>

#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/log_place.h"
#include "gateway/api/past.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/log_piece.h"

namespace hetao::api {

namespace {

constexpr size_t kPieceBytesMax = size_t{64} << 10U;
constexpr Duration kLookEvery = Duration::millis(250);
constexpr int kExecutorsMax = static_cast<int>(limits::kExecutorsMax);

struct Stream {
  int executor = 0;
  int which = 0;  // of the place's pair
  std::string name() const { return (which == 0 ? "stdout." : "stderr.") + std::to_string(executor); }
};

// Where the streams of a job can be read now: where it runs, or, after its end, what was kept of it.
struct Sources {
  io::LogReader live;
  std::map<std::string, std::string> kept;  // blob's file, by stream
  const char* why = "";                     // nothing can be read
};

Sources sources_of(const Context& c, const pb::Job& job) {
  Sources out;
  bool any_kept = false;
  for (const pb::Delivery& output : job.deliveries()) {
    if (output.kind() != "logs") continue;
    any_kept = output.state() == "available";
    for (const pb::ItemFile& file : output.files()) {
      const auto path = c.backend.blobs().path_of(file.digest());
      if (any_kept && path) out.kept[file.path()] = *path;
    }
  }
  if (any_kept || federation::is_final(job.state())) return out;
  const std::string key = job.id() + "." + std::to_string(job.attempt());
  const pb::Run* run = c.backend.core().run(key);
  if (job.region() != c.backend.core().config().region) {
    out.why = "runs in another region: what it writes comes when it has ended and both sides let it";
  } else if (run != nullptr) {
    out.live = c.backend.log_reader(key, *run);
  }
  return out;
}

std::optional<io::LogPiece> read_stream(const Sources& from, const std::string& stream, int64_t at) {
  if (from.live) return from.live(stream, at, kPieceBytesMax);
  const auto kept = from.kept.find(stream);
  if (kept == from.kept.end()) return std::nullopt;
  const auto file = io::open_file(kept->second, O_RDONLY | O_NOFOLLOW);
  if (!file) return std::nullopt;
  return io::read_log_piece(file->get(), at, kPieceBytesMax);
}

// Without a character that is not whole yet.
void cut_character(std::string& bytes) {
  for (size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const auto byte = static_cast<uint8_t>(bytes[bytes.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const size_t length = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
    if (length > back) bytes.resize(bytes.size() - back);
    return;
  }
}

// The next piece of every stream that has one.
json::array read_pieces(const Sources& from, bool is_over, LogPlace& place) {
  json::array out;
  for (int i = 0; i < static_cast<int>(place.streams.size()); ++i) {
    for (int which = 0; which < 2; ++which) {
      int64_t& at = place.streams[static_cast<size_t>(i)][static_cast<size_t>(which)];
      auto piece = read_stream(from, Stream{i, which}.name(), at);
      if (!piece) continue;
      // What was cut may be a character's beginning; at the end of a log nothing follows any more.
      if (!is_over || piece->bytes.size() == kPieceBytesMax) cut_character(piece->bytes);
      if (piece->bytes.empty()) continue;
      json::object one{{"executor", i}, {"stream", which == 0 ? "stdout" : "stderr"}};
      if (piece->from > at) one["left_out"] = piece->from - at;
      one["text"] = to_utf8(piece->bytes);
      at = piece->end();
      out.push_back(std::move(one));
    }
  }
  return out;
}

struct Look {
  io::HttpResponse answer;
  bool has_news = false;
};

io::Awaitable<Look> look(const Context& c, LogPlace place) {
  const FoundJob found = co_await find_job(c, c.at("id"));
  // Contents are for the tenant that asked for them.
  if (found.job == nullptr || found.job->submitter().tenant() != c.caller.tenant)
    co_return Look{no_such("job", c.at("id"), "`hetao jobs` lists yours"), true};
  const pb::Job job = *found.job;
  if (place.attempt != job.attempt()) place = {job.attempt(), {}};
  place.streams.resize(static_cast<size_t>(std::min(job.task().executors_size(), kExecutorsMax)));
  const Sources from = sources_of(c, job);
  const bool is_over = federation::is_final(job.state());
  json::array pieces;
  const auto read = [&] { pieces = read_pieces(from, is_over, place); };
  co_await c.backend.on_disk(read);
  co_await c.backend.settled();
  Look out;
  const bool complete = is_over && pieces.empty();
  out.has_news = complete || !pieces.empty();
  json::object body{{"state", federation::to_word(job.state())},
                    {"complete", complete},
                    {"pieces", std::move(pieces)},
                    {"next", place.print()}};
  put(body, "note", from.why);
  if (complete && !job.notes().empty()) {
    json::array& notes = body.emplace("notes", json::array()).first->value().get_array();
    for (const std::string& note : job.notes()) notes.emplace_back(note);
  }
  out.answer = json_answer(body);
  co_return out;
}

}  // namespace

io::Awaitable<io::HttpResponse> follow_logs(const Context& c) {
  const auto wait = number_query(c.query, "wait", 0, limits::kWaitSecondsMax, 0);
  if (!wait) co_return problem(wait.error());
  const std::string* after = c.query.find("after");
  const auto place = after == nullptr ? std::optional<LogPlace>(LogPlace{}) : LogPlace::parse(*after);
  if (!place)
    co_return problem({ErrorCode::kUsage, "parameter after", "is no place in a log", "what `next` said"});
  const Instant until = c.backend.now() + Duration::seconds(*wait);
  while (true) {
    const uint64_t seen = c.backend.change_number();
    Look now = co_await look(c, *place);
    const Instant time = c.backend.now();
    if (now.has_news || time >= until || c.backend.status().stopping) co_return std::move(now.answer);
    co_await c.backend.changed(seen, std::min(kLookEvery, until - time));
  }
}

}  // namespace hetao::api
