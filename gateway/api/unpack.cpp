#include "gateway/api/unpack.h"

#include "gateway/api/problem.h"
#include "gateway/base/limits.h"
#include "gateway/io/asio.h"
#include "gateway/io/gzip.h"

namespace hetao::api {

namespace {

constexpr size_t kInlineBytesMax = size_t{64} << 10U;  // unpacked on the spot

bool is_gzip(std::string_view coding) {
  return coding == "gzip" || coding == "x-gzip";
}

io::HttpResponse unknown_coding() {
  io::HttpResponse response =
      problem(415, {ErrorCode::kUsage, "Content-Encoding", "is not known here", "gzip, or none"});
  response.headers.set("Accept-Encoding", "gzip");
  return response;
}

}  // namespace

io::Awaitable<std::optional<io::HttpResponse>> unpack_body(Backend& backend, io::HttpRequest& request) {
  const std::string_view coding = request.headers.get("Content-Encoding");
  if (coding.empty() || coding == "identity") co_return std::nullopt;
  if (!is_gzip(coding) || request.headers.count("Content-Encoding") != 1 || request.incoming)
    co_return unknown_coding();
  Result<std::string> body = std::string();
  const auto work = [&] { body = io::gunzip(request.body, limits::kHttpBodyBytesMax); };
  if (request.body.size() <= kInlineBytesMax)
    work();
  else
    co_await backend.on_disk(work);
  if (!body) {
    const bool too_long = body.error().code == ErrorCode::kNotAllowed;
    co_return problem(too_long ? 413 : 400, body.error());
  }
  request.body = std::move(*body);
  co_return std::nullopt;
}

}  // namespace hetao::api
