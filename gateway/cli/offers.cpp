// hetao offers list/publish/withdraw: what owners offer of their platforms, to whom and at what price.
#include <boost/json/serialize.hpp>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct NoOptions {};

struct PublishOptions {
  std::string platform, accelerator, from, until, price, currency = "CNY", note;
  int64_t count = 0;
  std::vector<std::string> tenants, regions;
};

struct WithdrawOptions {
  std::string id;
};

std::string joined(const json::object& offer, const char* name) {
  std::string out;
  for (const json::value& one : list_at(offer, name))
    out += (out.empty() ? "" : " ") + std::string(one.get_string());
  return out;
}

int list(const Context& context) {
  const auto answer = Client(context).get("/api/v1/offers");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"ID", "REGION", "PLATFORM", "WHAT", "taken", "from", "until", "an hour", "for", "note"});
  for (const json::value& value : list_at(answer->get_object(), "offers")) {
    const json::object& one = value.get_object();
    const std::string kind = text_at(one, "accelerator");
    const std::string until = text_at(one, "until");
    table.add({text_at(one, "id"), text_at(one, "region"), text_at(one, "platform"),
               text_at(one, "count") + " " + (kind.empty() ? "cores" : kind), text_at(one, "taken"),
               local_time(text_at(one, "from")), until.empty() ? "" : local_time(until),
               text_at(one, "price_hour") + " " + text_at(one, "currency"), joined(one, "tenants"),
               printable(text_at(one, "note"))});
  }
  table.print(context);
  return 0;
}

int publish(const Context& context, const PublishOptions& o) {
  json::object body = {{"platform", o.platform}, {"count", o.count}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) body[name] = value;
  };
  add("accelerator", o.accelerator);
  add("from", o.from);
  add("until", o.until);
  add("note", o.note);
  if (!o.price.empty()) {
    body["price_hour"] = o.price;
    body["currency"] = o.currency;
  }
  if (!o.tenants.empty()) body["tenants"] = json::array(o.tenants.begin(), o.tenants.end());
  if (!o.regions.empty()) body["regions"] = json::array(o.regions.begin(), o.regions.end());
  const auto answer = Client(context).post("/api/v1/offers", body);
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  context.print("offer " + text_at(answer->get_object(), "id") + " is open");
  return 0;
}

int withdraw(const Context& context, const WithdrawOptions& o) {
  const auto answer =
      Client(context).post("/api/v1/offers/" + percent_encode(o.id) + "/withdraw", json::object());
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  context.print("offer " + o.id + " is withdrawn; what has begun goes on");
  return 0;
}

}  // namespace

void add_offers(Program& program) {
  const Context& context = program.context;
  CLI::App* group =
      add_group(program.app, "offers", "what owners offer of their platforms: list, publish, withdraw");
  add_command<NoOptions>(
      *group, program.chosen, "list", "what is open, here and in the regions of peers",
      [](CLI::App&, NoOptions&) {}, [&context](const NoOptions&) { return list(context); });
  add_command<PublishOptions>(
      *group, program.chosen, "publish", "offer so much of a platform of this region (operator)",
      [](CLI::App& command, PublishOptions& o) {
        command.add_option("PLATFORM", o.platform, "as hetao capacity names it")->required();
        command.add_option("--count", o.count, "how many may be in use at once")->required();
        command.add_option("--accelerator", o.accelerator, "kind, such as ascend910b; without it: cores");
        command.add_option("--from", o.from, "when it begins (RFC 3339); by default now");
        command.add_option("--until", o.until, "when it ends; by default when it is withdrawn");
        command.add_option("--price", o.price, "of one for an hour; by default the platform's own price");
        command.add_option("--currency", o.currency, "CNY or HKD")->capture_default_str();
        command.add_option("--for", o.tenants,
                           "tenant that may use it, a glob may stand for several; by default all");
        command.add_option("--region", o.regions, "region whose jobs may use it; by default all");
        command.add_option("--note", o.note, "one line for people");
      },
      [&context](const PublishOptions& o) { return publish(context, o); });
  add_command<WithdrawOptions>(
      *group, program.chosen, "withdraw", "take an offer back; what has begun goes on (operator)",
      [](CLI::App& command, WithdrawOptions& o) { command.add_option("ID", o.id, "the offer")->required(); },
      [&context](const WithdrawOptions& o) { return withdraw(context, o); });
}

}  // namespace hetao::cli
