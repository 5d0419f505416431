// What owners offer of their platforms: this region's, and those that peers told of.
#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/market.h"
#include "gateway/federation/money.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr size_t kNameBytesMax = 128;
constexpr size_t kNoteBytesMax = 256;
constexpr size_t kGlobsMax = 64;
constexpr int64_t kCountMax = 1'000'000;

json::array texts(const google::protobuf::RepeatedPtrField<std::string>& list) {
  json::array out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

// The price of one accelerator or core for an hour; empty: the platform's own.
std::string hour_price(const pb::ComputeOffer& offer) {
  const pb::Price& price = offer.price();
  if (price.currency().empty()) return {};
  if (offer.accelerator().empty()) return amount_view(price.core_hour_micros());
  return amount_view(price.accelerators().empty() ? 0 : price.accelerators(0).hour_micros());
}

json::object offer_view(const pb::ComputeOffer& offer, const std::string& region, bool whole) {
  json::object out{{"id", offer.id()}, {"region", region}, {"platform", offer.platform()}};
  if (!offer.accelerator().empty()) out["accelerator"] = offer.accelerator();
  out["count"] = offer.count();
  out["taken"] = offer.taken();
  out["from"] = to_rfc3339(Instant{offer.from_micros()});
  if (offer.until_micros() != 0) out["until"] = to_rfc3339(Instant{offer.until_micros()});
  if (const std::string price = hour_price(offer); !price.empty()) {
    out["price_hour"] = price;
    out["currency"] = offer.price().currency();
  }
  // For whom else it is concerns those who run the platforms.
  if (whole) out["tenants"] = texts(offer.tenants());
  if (whole) out["regions"] = texts(offer.regions());
  if (!offer.note().empty()) out["note"] = offer.note();
  if (whole && !offer.published_by().empty()) out["published_by"] = offer.published_by();
  if (offer.published_micros() != 0) out["published"] = to_rfc3339(Instant{offer.published_micros()});
  return out;
}

Error wrong(const char* pointer, std::string why, std::string hint) {
  return {ErrorCode::kUsage, pointer, std::move(why), std::move(hint)};
}

std::optional<Error> read_globs(const json::object& body, const char* name,
                                google::protobuf::RepeatedPtrField<std::string>& out) {
  const json::value* list = body.if_contains(name);
  if (list == nullptr) return std::nullopt;
  const std::string pointer = std::string("/") + name;
  if (!list->is_array() || list->get_array().size() > kGlobsMax)
    return wrong(pointer.c_str(), "is no list of at most " + std::to_string(kGlobsMax),
                 "[\"szu\", \"hku*\"]");
  for (const json::value& one : list->get_array()) {
    if (!one.is_string() || one.get_string().empty() || one.get_string().size() > kNameBytesMax)
      return wrong(pointer.c_str(), "holds something that is no name", "[\"szu\", \"hku*\"]");
    *out.Add() = std::string(one.get_string());
  }
  return std::nullopt;
}

std::optional<Error> read_time(const json::object& body, const char* name, int64_t& micros) {
  const auto text = text_member(body, name, false, kNameBytesMax);
  if (!text) return text.error();
  if (text->empty()) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time || time->micros <= 0)
    return wrong((std::string("/") + name).c_str(), "is no time", "such as 2026-12-01T00:00:00+08:00");
  micros = time->micros;
  return std::nullopt;
}

std::optional<Error> read_price(const json::object& body, pb::ComputeOffer& offer) {
  const auto price = text_member(body, "price_hour", false, kNameBytesMax);
  const auto currency = text_member(body, "currency", false, kNameBytesMax);
  if (!price) return price.error();
  if (!currency) return currency.error();
  if (price->empty() && currency->empty()) return std::nullopt;
  const auto amount = federation::parse_amount(*price);
  if (!amount) return wrong("/price_hour", "is no amount of money", "a text such as \"6.50\"");
  if (*currency != "CNY" && *currency != "HKD")
    return wrong("/currency", "is no currency here", "CNY or HKD");
  offer.mutable_price()->set_currency(*currency);
  if (offer.accelerator().empty()) {
    offer.mutable_price()->set_core_hour_micros(*amount);
    return std::nullopt;
  }
  pb::AcceleratorPrice& each = *offer.mutable_price()->add_accelerators();
  each.set_kind(offer.accelerator());
  each.set_hour_micros(*amount);
  return std::nullopt;
}

std::optional<Error> read_offer(const json::object& body, pb::ComputeOffer& offer) {
  auto platform = text_member(body, "platform", true, kNameBytesMax);
  if (!platform) return platform.error();
  auto accelerator = text_member(body, "accelerator", false, kNameBytesMax);
  if (!accelerator) return accelerator.error();
  auto note = text_member(body, "note", false, kNoteBytesMax);
  if (!note) return note.error();
  offer.set_platform(std::move(*platform));
  offer.set_accelerator(std::move(*accelerator));
  offer.set_note(printable(*note));
  const json::value* count = body.if_contains("count");
  if (count == nullptr || !count->is_int64() || count->get_int64() < 1 || count->get_int64() > kCountMax)
    return wrong("/count", "is no whole number from 1 to 1000000", "how many may be in use at once");
  offer.set_count(count->get_int64());
  int64_t from = 0;
  int64_t until = 0;
  if (auto error = read_time(body, "from", from)) return error;
  if (auto error = read_time(body, "until", until)) return error;
  offer.set_from_micros(from);
  offer.set_until_micros(until);
  if (auto error = read_globs(body, "tenants", *offer.mutable_tenants())) return error;
  if (auto error = read_globs(body, "regions", *offer.mutable_regions())) return error;
  return read_price(body, offer);
}

// Who runs platforms or watches over them sees all; others what is made to their tenant.
bool may_see_all(const Caller& caller) {
  return caller.has(Role::kOperator) || caller.has(Role::kAuditor);
}

}  // namespace

io::HttpResponse list_offers(const Context& c) {
  const federation::Core& core = c.backend.core();
  const bool all = may_see_all(c.caller);
  const std::string& own = core.config().region;
  json::array out;
  const auto add = [&](const std::vector<pb::ComputeOffer>& offers, const std::string& region) {
    for (const pb::ComputeOffer& offer : offers) {
      if (all || federation::is_made_to(offer, c.caller.tenant, own))
        out.push_back(offer_view(offer, region, all));
    }
  };
  add(core.offers(), own);
  for (const federation::PeerState& peer : core.peers()) add(peer.offers, peer.region);
  return json_answer(json::object{{"offers", std::move(out)}});
}

io::Awaitable<io::HttpResponse> publish_offer(const Context& c) {
  const auto body = object_body(c.request, {"platform", "accelerator", "count", "from", "until", "price_hour",
                                            "currency", "tenants", "regions", "note"});
  if (!body) co_return problem(body.error());
  federation::PublishOffer event;
  if (const auto error = read_offer(*body, event.offer)) co_return problem(*error);
  event.offer.set_id(c.backend.fresh_id());
  event.who = c.caller.principal();
  const std::string id = event.offer.id();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  for (const pb::ComputeOffer& offer : c.backend.core().offers()) {
    if (offer.id() == id) co_return json_answer(offer_view(offer, c.backend.core().config().region, true));
  }
  co_return json_answer(json::object{{"id", id}});  // withdrawn again meanwhile
}

io::Awaitable<io::HttpResponse> withdraw_offer(const Context& c) {
  federation::WithdrawOffer event;
  event.offer = c.at("id");
  event.who = c.caller.principal();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  co_return json_answer(json::object{{"id", answer.id}, {"withdrawn", true}});
}

}  // namespace hetao::api
