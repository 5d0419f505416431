// What a request's head must be, beyond its syntax.
#include "gateway/io/http_head.h"

#include <gtest/gtest.h>

#include "gateway/base/access_limits.h"

namespace hetao::io {
namespace {

HttpRequest request(std::string method, std::string target, HttpHeaders headers = {{"Host", "gw.test"}}) {
  HttpRequest out;
  out.method = std::move(method);
  out.target = std::move(target);
  out.headers = std::move(headers);
  return out;
}

int judged(HttpRequest request, HttpHeadFacts facts = {}) {
  return judge_head(request, facts);
}

TEST(HttpHead, OneHostIsNeededAndNoMore) {
  EXPECT_EQ(judged(request("GET", "/")), 0);
  EXPECT_EQ(judged(request("GET", "/", {})), 400);
  EXPECT_EQ(judged(request("GET", "/", {}), {10, false, false}), 0);
  EXPECT_EQ(judged(request("GET", "/", {{"Host", "a"}, {"host", "a"}})), 400);
  EXPECT_EQ(judged(request("GET", "/", {{"Host", ""}})), 0);
  for (const char* host : {"a b", "a/b", "user@a", "a,b", "a\x01"})
    EXPECT_EQ(judged(request("GET", "/", {{"Host", host}})), 400) << host;
  EXPECT_EQ(judged(request("GET", "/", {{"Host", "[::1]:8443"}})), 0);
}

TEST(HttpHead, TargetsBecomeTheirOriginForm) {
  HttpRequest absolute = request("GET", "HTTPS://other.test:1/x?y=z");
  EXPECT_EQ(judge_head(absolute, {}), 0);
  EXPECT_EQ(absolute.target, "/x?y=z");
  EXPECT_EQ(absolute.headers.get("Host"), "other.test:1")
      << "the target's authority counts (RFC 9112, section 3.2.2)";
  HttpRequest bare = request("GET", "http://other.test?y");
  EXPECT_EQ(judge_head(bare, {}), 0);
  EXPECT_EQ(bare.target, "/?y");
  EXPECT_EQ(judged(request("OPTIONS", "*")), 0);
  EXPECT_EQ(judged(request("GET", "*")), 400);
  EXPECT_EQ(judged(request("CONNECT", "a:1")), 501);
  for (const char* target : {"x", "", "ftp://a/", "http://", "http://u@a/", "/x#y", "https://a b/"})
    EXPECT_EQ(judged(request("GET", target)), 400) << target;
  EXPECT_EQ(judged(request("GET", "/" + std::string(limits::kHttpTargetBytesMax, 'a'))), 414);
}

TEST(HttpHead, ABodysLengthIsToldInOneWay) {
  const auto with = [](std::initializer_list<std::pair<std::string, std::string>> more, HttpHeadFacts facts) {
    HttpRequest made = request("POST", "/");
    for (const auto& [name, value] : more) made.headers.add(name, value);
    return judge_head(made, facts);
  };
  EXPECT_EQ(with({}, {}), 0) << "no body (RFC 9112, section 6.3)";
  EXPECT_EQ(with({{"Content-Length", "3"}}, {11, false, true}), 0);
  EXPECT_EQ(with({{"Transfer-Encoding", "chunked"}}, {11, true, false}), 0);
  EXPECT_EQ(with({{"Transfer-Encoding", "Chunked"}}, {11, true, false}), 0);
  EXPECT_EQ(with({{"Transfer-Encoding", "chunked"}, {"Content-Length", "3"}}, {11, true, true}), 400)
      << "smuggling";
  EXPECT_EQ(with({{"Content-Length", "3"}, {"Content-Length", "3"}}, {11, false, true}), 400);
  EXPECT_EQ(with({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "x"}}, {11, true, false}), 400);
  EXPECT_EQ(with({{"Transfer-Encoding", "gzip, chunked"}}, {11, true, false}), 501);
  EXPECT_EQ(with({{"Transfer-Encoding", "xchunked"}}, {11, false, false}), 501);
  EXPECT_EQ(with({{"Transfer-Encoding", "chunked"}}, {10, true, false}), 400);
}

TEST(HttpHead, AnUploadSaysHowLongItIs) {
  HttpRequest upload = request("PATCH", "/api/v1/uploads/u");
  upload.headers.add("Content-Type", std::string(kStreamedType));
  EXPECT_EQ(judged(upload), 411);
  EXPECT_EQ(judge_head(upload, {11, false, true}), 0);
}

TEST(HttpHead, ExpectationsAndFieldsAreBounded) {
  HttpRequest expecting = request("POST", "/");
  expecting.headers.add("Content-Length", "1");
  expecting.headers.add("Expect", "100-Continue");
  EXPECT_EQ(judge_head(expecting, {11, false, true}), 0);
  expecting.headers.set("Expect", "tea");
  EXPECT_EQ(judge_head(expecting, {11, false, true}), 417);
  HttpRequest many = request("GET", "/");
  for (size_t i = 0; i < limits::kHttpFieldsMax; ++i) many.headers.add("X-" + std::to_string(i), "");
  EXPECT_EQ(judge_head(many, {}), 431);
  EXPECT_EQ(status_of_long_head("GET /" + std::string(20'000, 'a')), 414);
  EXPECT_EQ(status_of_long_head("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a')), 431);
}

TEST(HttpHead, RequestIdsAreWords) {
  EXPECT_TRUE(is_request_id("01k-x_Y.7"));
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string(65, 'a'), std::string("<x>")})
    EXPECT_FALSE(is_request_id(bad)) << bad;
}

}  // namespace
}  // namespace hetao::io
