#include "gateway/io/provider_client.h"

#include <algorithm>

#include "gateway/base/access_limits.h"

namespace hetao::io {

HttpClient* ProviderClient::client_of(const std::string& origin, std::string& trouble) {
  const std::lock_guard lock(mutex_);
  auto& client = by_origin_[origin];
  if (client) return client.get();
  HttpClientConfig config;
  config.endpoint = origin;
  config.ca = ca_;
  config.patience = Duration::seconds(limits::kProviderCallSecondsMax);
  config.bytes_max = limits::kProviderAnswerBytesMax;
  auto opened = HttpClient::open(std::move(config));
  if (!opened) {
    trouble = opened.error().why;
    return nullptr;
  }
  client = std::move(*opened);
  return client.get();
}

identity::ProviderReply ProviderClient::call(const identity::ProviderCall& call) {
  identity::ProviderReply out;
  // The address was checked (is_provider_url) when the provider's description was read.
  const size_t host = call.url.find("://");
  const size_t end = host == std::string::npos ? host : call.url.find_first_of("/?", host + 3);
  const std::string origin = call.url.substr(0, end);
  HttpClient* client = client_of(origin, out.trouble);
  if (client == nullptr) return out;
  platforms::HttpCall sent;
  sent.method = call.form.empty() ? "GET" : "POST";
  sent.target = end == std::string::npos ? "/" : call.url.substr(end);
  sent.body = call.form;
  sent.content_type = "application/x-www-form-urlencoded";
  HttpClient::Headers headers = {{"Accept", "application/json"}};
  if (!call.authorization.empty()) headers.emplace_back("Authorization", call.authorization);
  platforms::HttpReply reply = client->send(sent, headers);
  out.status = reply.status;
  out.body = std::move(reply.body);
  out.trouble = std::move(reply.trouble);
  return out;
}

}  // namespace hetao::io
