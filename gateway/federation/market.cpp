#include "gateway/federation/market.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/spending.h"
#include "gateway/federation/supply.h"

namespace hetao::federation {

namespace {

constexpr size_t kOffersMax = 1'000;                 // of a region
constexpr size_t kToldBytesMax = size_t{32} << 10U;  // what a peer is told in one message

void answer(State& s, uint64_t request, std::string id) {
  if (request != 0) s.effect(Answer{request, std::nullopt, std::move(id), {}, false});
}

void refuse(State& s, uint64_t request, Error error) {
  if (request != 0) s.effect(Answer{request, std::move(error), {}, {}, false});
}

// A list of globs that is empty names everyone.
bool is_named(const google::protobuf::RepeatedPtrField<std::string>& globs, std::string_view name) {
  return globs.empty() || std::any_of(globs.begin(), globs.end(),
                                      [&](const std::string& glob) { return glob_match(glob, name); });
}

std::string amount_of(const pb::ComputeOffer& offer) {
  return std::to_string(offer.count()) + " " + (offer.accelerator().empty() ? "cores" : offer.accelerator()) +
         " of " + offer.platform();
}

// What is wrong with a new offer; nothing: it can be made.
std::optional<Error> misfit_of(const State& s, const pb::ComputeOffer& offer) {
  const auto wrong = [](std::string what, std::string why, std::string hint) {
    return Error{ErrorCode::kUsage, std::move(what), std::move(why), std::move(hint)};
  };
  if (s.offers.size() >= kOffersMax)
    return wrong("offer", "this region has " + std::to_string(s.offers.size()) + " already",
                 "withdraw those that nobody needs");
  if (s.offers.contains(offer.id()))
    return wrong("offer " + offer.id(), "is there already", "take another id");
  const auto platform =
      std::find_if(s.config.platforms.begin(), s.config.platforms.end(),
                   [&](const PlatformConfig& known) { return known.name == offer.platform(); });
  if (platform == s.config.platforms.end())
    return wrong("platform \"" + printable(offer.platform()) + "\"", "is none of " + s.config.region,
                 "`hetao capacity` shows them");
  if (!offer.accelerator().empty() && !platform->accelerators.contains(offer.accelerator()))
    return wrong("accelerator \"" + printable(offer.accelerator()) + "\"", "is not on " + offer.platform(),
                 "`hetao capacity` shows what is");
  if (!is_sound(offer))
    return wrong("offer", "its count, times or price are out of bounds",
                 "1 to 1000000 at once, at most 100000 an hour each");
  if (offer.until_micros() != 0 && offer.until_micros() <= std::max(offer.from_micros(), s.now.micros))
    return wrong("until", "is over before the offer begins", "a later time, or none: until it is withdrawn");
  return std::nullopt;
}

void set_timer(State& s, const pb::ComputeOffer& offer) {
  if (offer.from_micros() > s.now.micros) return s.offer_timers.set(offer.id(), Instant{offer.from_micros()});
  if (offer.until_micros() != 0) s.offer_timers.set(offer.id(), Instant{offer.until_micros()});
}

void tell_peers(State& s) {
  for (const PeerConfig& peer : s.config.peers) {
    if (s.peers[peer.region].up) s.effect(SendMessage{peer.region, region_news(s, peer.region)});
  }
}

void book_offer(State& s, const char* kind, const pb::ComputeOffer& offer, const std::string& who,
                std::string reason) {
  ledger::Entry& entry = s.book(kind);
  entry.who = who;
  entry.reason = std::move(reason);
  entry.extra["offer"] = offer.id();
  entry.extra["platform"] = offer.platform();
  if (!offer.accelerator().empty()) entry.extra["accelerator"] = offer.accelerator();
  entry.extra["count"] = std::to_string(offer.count());
}

void end_offer(State& s, const std::string& id) {
  s.offer_timers.erase(id);
  s.drop_offer(id);
  s.turns.due = true;
}

int64_t price_of(const pb::ComputeOffer& offer, const pb::Task& task, const Fit& fit) {
  return cost_of(offer.price(), std::max<int64_t>(1, task.resources().cpu_cores()),
                 task.resources().ram_bytes(), fit.accelerator, fit.accelerators, priced_seconds(task));
}

// Why an offer of the kind is none for the task; empty: it is one.
std::string why_not(const pb::ComputeOffer& offer, const Terms& terms, const Share& share, int64_t seconds) {
  if (!is_made_to(offer, terms.tenant, terms.home_region)) return "is made to others";
  if (offer.count() < share.count) return "is of " + std::to_string(offer.count()) + " at once";
  const int64_t begins = std::max(terms.now.micros, offer.from_micros());
  if (offer.until_micros() != 0 && offer.until_micros() - begins < seconds * 1'000'000)
    return "ends at " + to_rfc3339(Instant{offer.until_micros()}) + ", before it would";
  return {};
}

}  // namespace

void on_publish_offer(State& s, const PublishOffer& event) {
  if (auto error = misfit_of(s, event.offer)) return refuse(s, event.request, std::move(*error));
  pb::ComputeOffer& offer = s.edit_offer(event.offer.id());
  offer = event.offer;
  offer.clear_taken();
  if (offer.from_micros() == 0) offer.set_from_micros(s.now.micros);
  offer.set_published_by(ledger_name(event.who));
  offer.set_published_micros(s.now.micros);
  set_timer(s, offer);
  s.turns.due = true;
  const std::string until = offer.until_micros() == 0 ? "until it is withdrawn"
                                                      : "until " + to_rfc3339(Instant{offer.until_micros()});
  book_offer(s, "offer-published", offer, offer.published_by(), "offered " + amount_of(offer) + " " + until);
  tell_peers(s);
  answer(s, event.request, offer.id());
}

void on_withdraw_offer(State& s, const WithdrawOffer& event) {
  const auto known = s.offers.find(event.offer);
  if (known == s.offers.end())
    return refuse(s, event.request,
                  {ErrorCode::kNotFound, "offer " + printable(event.offer), "is not open here",
                   "`hetao offers list` shows what is"});
  book_offer(s, "offer-withdrawn", known->second, ledger_name(event.who),
             "withdrew " + amount_of(known->second) + "; what has begun goes on");
  end_offer(s, event.offer);
  tell_peers(s);
  answer(s, event.request, event.offer);
}

void tick_market(State& s) {
  const std::vector<std::string> due = s.offer_timers.take_due(s.now);
  for (const std::string& id : due) {
    const auto at = s.offers.find(id);
    if (at == s.offers.end()) continue;
    s.turns.due = true;  // it begins, or others are free of it
    if (at->second.until_micros() == 0 || at->second.until_micros() > s.now.micros) {
      set_timer(s, at->second);
      continue;
    }
    book_offer(s, "offer-ended", at->second, at->second.published_by(), "ended: its time was over");
    end_offer(s, id);
  }
  if (!due.empty()) tell_peers(s);
}

void resume_market(State& s) {
  // What has passed meanwhile is due at once.
  for (const auto& [id, offer] : s.offers) set_timer(s, offer);
}

Share share_of(const pb::Run& run) {
  if (run.accelerator().empty())
    return {run.platform(), {}, std::max<int64_t>(1, run.task().resources().cpu_cores())};
  return {run.platform(), run.accelerator(), run.accelerators()};
}

bool holds_place(const pb::Run& run) {
  switch (run.state()) {
    case pb::RUN_SUBMITTING:
    case pb::RUN_RELEASING:
    case pb::RUN_RUNNING:
    case pb::RUN_CANCELLING:
      return true;
    default:
      return false;
  }
}

bool is_of(const pb::ComputeOffer& offer, const Share& share, Instant now) {
  return offer.platform() == share.platform && offer.accelerator() == share.accelerator &&
         (offer.until_micros() == 0 || now.micros < offer.until_micros());
}

bool is_made_to(const pb::ComputeOffer& offer, std::string_view tenant, std::string_view home_region) {
  return is_named(offer.tenants(), tenant) && is_named(offer.regions(), home_region);
}

bool is_sound(const pb::ComputeOffer& offer) {
  constexpr int64_t kLatestMicros = 253'402'300'799'000'000;  // of the year 9999
  constexpr int64_t kHourPriceMax = 100'000'000'000;          // 100,000 of a currency
  const auto within = [](int64_t value, int64_t least, int64_t most) {
    return least <= value && value <= most;
  };
  const pb::Price& price = offer.price();
  return within(offer.count(), 1, kOfferCountMax) && within(offer.taken(), 0, kOfferCountMax * 1'000) &&
         within(offer.from_micros(), 0, kLatestMicros) && within(offer.until_micros(), 0, kLatestMicros) &&
         within(price.core_hour_micros(), 0, kHourPriceMax) && within(price.ram_gib_hour_micros(), 0, 0) &&
         price.accelerators_size() <= 1 &&
         (price.accelerators().empty() || within(price.accelerators(0).hour_micros(), 0, kHourPriceMax));
}

std::vector<pb::ComputeOffer> sound_offers(const google::protobuf::RepeatedPtrField<pb::ComputeOffer>& told) {
  std::vector<pb::ComputeOffer> sound;
  for (const pb::ComputeOffer& offer : told) {
    if (sound.size() < kOffersMax && is_sound(offer)) sound.push_back(offer);
  }
  return sound;
}

std::vector<pb::ComputeOffer> offers_now(const State& s) {
  std::vector<pb::ComputeOffer> all;
  for (const auto& [id, offer] : s.offers) {
    pb::ComputeOffer& one = all.emplace_back(offer);
    if (const auto at = s.turns.held_of_offer.find(id); at != s.turns.held_of_offer.end())
      one.set_taken(at->second);
  }
  return all;
}

std::vector<pb::ComputeOffer> offers_for(const State& s, const std::string& region) {
  const auto shown = s.config.shows_supply.find(region);
  const SupplyShown how = shown == s.config.shows_supply.end() ? SupplyShown::kAll : shown->second;
  std::vector<pb::ComputeOffer> all;
  if (how == SupplyShown::kNothing) return all;
  size_t bytes = 0;
  for (pb::ComputeOffer& offer : offers_now(s)) {
    if (!is_named(offer.regions(), region)) continue;
    offer.clear_published_by();
    if (how == SupplyShown::kSizes) offer.clear_taken();
    bytes += offer.ByteSizeLong();
    if (bytes > kToldBytesMax) break;
    all.push_back(std::move(offer));
  }
  return all;
}

void apply_terms(const Terms& terms, const pb::Task& task, Fit& fit) {
  const Share share = fit.accelerator.empty()
                          ? Share{fit.platform, {}, std::max<int64_t>(1, task.resources().cpu_cores())}
                          : Share{fit.platform, fit.accelerator, fit.accelerators};
  const pb::ComputeOffer* best = nullptr;
  std::pair<int64_t, int64_t> best_rank;  // wait, then price
  std::string why;
  bool any = false;
  for (const pb::ComputeOffer& offer : terms.offers) {
    if (!is_of(offer, share, terms.now)) continue;
    any = true;
    std::string not_this = why_not(offer, terms, share, wanted_seconds(task));
    if (!not_this.empty()) {
      why = "offer " + offer.id() + " of " + fit.platform + " " + not_this;
      continue;
    }
    const bool has_place = offer.count() - offer.taken() >= share.count;
    const int64_t until_it_begins = std::max<int64_t>(0, offer.from_micros() - terms.now.micros) / 1'000'000;
    const int64_t wait =
        std::max({until_it_begins, has_place ? 0 : std::max<int64_t>(1, fit.wait_seconds), fit.wait_seconds});
    const bool has_price = !offer.price().currency().empty();
    const int64_t rate = terms.hkd_in_cny_micros;
    const std::pair rank(wait, has_price ? in_cny(rate, price_of(offer, task, fit), offer.price().currency())
                                         : in_cny(rate, fit.cost_micros, fit.currency));
    if (best != nullptr && rank >= best_rank) continue;
    best = &offer;
    best_rank = rank;
  }
  if (!any) return;
  if (best == nullptr) {
    fit.why = std::move(why);
    return;
  }
  fit.offer = best->id();
  fit.wait_seconds = best_rank.first;
  if (best->price().currency().empty()) return;
  fit.currency = best->price().currency();
  fit.cost_micros = price_of(*best, task, fit);
}

}  // namespace hetao::federation
