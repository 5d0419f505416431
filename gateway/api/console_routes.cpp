// The console's files: hashed ones for ever, index.html asked for again each time. Every page of the console
// is the same index.html, so that each has an address of its own.
#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/console/assets.h"

namespace hetao::api {

namespace {

// Nothing inline, nothing from elsewhere, in nobody's frame.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri "
    "'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'";

void guard(io::HttpHeaders& headers) {
  headers.set("Content-Security-Policy", kContentSecurityPolicy);
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
}

bool takes_gzip(const io::HttpRequest& request) {
  const std::string_view accepted = request.headers.get("accept-encoding");
  return accepted.find("gzip") != std::string_view::npos &&
         accepted.find("gzip;q=0") == std::string_view::npos;
}

io::HttpResponse not_built() {
  return text_answer(
      "The console was not built into this gateway: npm was missing when it was built. Install nodejs and "
      "npm, "
      "configure again and build.\n",
      503);
}

io::HttpResponse send(const io::HttpRequest& request, const console::Asset& asset) {
  io::HttpResponse response;
  guard(response.headers);
  const bool packed = !asset.gzip.empty() && takes_gzip(request);
  // The compressed form is another representation, and has another tag.
  std::string etag(asset.etag);
  if (packed) etag.insert(etag.size() - 1, "-gzip");
  response.headers.set("ETag", etag);
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.headers.get("if-none-match") == etag) {
    response.status = 304;
    return response;
  }
  response.headers.set("Content-Type", std::string(asset.type));
  if (packed) response.headers.set("Content-Encoding", "gzip");
  response.body = packed ? asset.gzip : asset.bytes;
  return response;
}

}  // namespace

io::HttpResponse console_page(const Context& c) {
  if (console::assets().empty()) return not_built();
  const auto named = c.path.find("path");
  const std::string path = named == c.path.end() ? std::string() : named->second;
  if (const console::Asset* asset = console::find_asset(path)) return send(c.request, *asset);
  // A file that a newer console no longer has is not there; everything else is a page.
  if (path.starts_with("assets/")) return plain_not_found();
  return send(c.request, *console::find_asset("index.html"));
}

}  // namespace hetao::api
