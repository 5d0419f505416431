#include "gateway/cli/follow.h"

#include <chrono>
#include <cstdio>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

class Printer {
 public:
  explicit Printer(const Context& context) : context_(context) {}

  void show(const json::value& answer) {
    if (context_.json) return context_.print_json(answer);
    const json::object& news = answer.get_object();
    const std::string note = text_at(news, "note");
    if (!note.empty() && note != noted_) context_.remark("hetao: " + printable(note));
    noted_ = note;
    for (const json::value& piece : list_at(news, "pieces")) {
      if (piece.is_object()) show_piece(piece.get_object());
    }
    for (const json::value& each : list_at(news, "notes")) {
      if (each.is_string()) context_.remark("note: " + printable(std::string(each.get_string())));
    }
  }

 private:
  // As the program wrote it: no line is added to one that is not whole yet.
  void show_piece(const json::object& piece) {
    const int64_t executor = number_at(piece, "executor");
    if (executor != executor_ && (executor > 0 || executor_ > 0))
      context_.remark("executor " + std::to_string(executor));
    executor_ = executor;
    if (const int64_t left_out = number_at(piece, "left_out"); left_out > 0)
      context_.remark("hetao: " + std::to_string(left_out) + " bytes are not kept any more");
    const std::string text = text_at(piece, "text");
    std::FILE* out = text_at(piece, "stream") == "stderr" ? stderr : stdout;
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
  }

  const Context& context_;
  std::string noted_;
  int64_t executor_ = -1;
};

}  // namespace

int follow_logs(const Context& context, const std::string& id, int patience_seconds) {
  using Clock = std::chrono::steady_clock;
  const Client client(context);
  Printer printer(context);
  std::string next;
  auto heard = Clock::now();
  while (true) {
    // The first answer comes at once: it may say why nothing is to be seen yet.
    const std::string target = "/api/v1/jobs/" + percent_encode(id) + "/logs/new" +
                               query_of({{"wait", next.empty() ? "0" : "20"}, {"after", next}});
    const auto reply = client.send({"GET", target, {}, {}, 40, {}});
    if (!reply || reply->status >= 500 || reply->status == 429) {
      // The job goes on without us, and the gateway knows where we were. One that was never there is none.
      const bool is_broken = reply || reply.error().code == ErrorCode::kUnreachable;
      if (!is_broken || next.empty() || Clock::now() - heard > std::chrono::seconds(patience_seconds))
        return report(context, reply ? error_of(*reply, "job " + id) : reply.error());
      std::this_thread::sleep_for(std::chrono::seconds(1));
      continue;
    }
    heard = Clock::now();
    if (reply->status != 200) return report(context, error_of(*reply, "job " + id));
    const auto answer = parse_json(reply->body, "answer of the gateway", size_t{64} << 20U);
    if (!answer || !answer->is_object())
      return report(context, Error{ErrorCode::kFailed, "job " + id, "the answer is no log", {}});
    const json::object& news = answer->get_object();
    const bool quiet = list_at(news, "pieces").empty() && text_at(news, "next") == next;
    next = text_at(news, "next");
    if (!context.json || !quiet || flag_at(news, "complete")) printer.show(*answer);
    if (flag_at(news, "complete")) return 0;
  }
}

}  // namespace hetao::cli
