// hetao status, peers, capacity: health at a glance.
#include <array>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct NoOptions {};

int status(const Context& context) {
  const auto answer = Client(context).get("/api/v1/status");
  if (!answer) return report(context, answer.error());
  const json::object& status = answer->get_object();
  const bool ready = flag_at(status, "ready");
  if (context.json) return context.print_json(*answer), ready ? 0 : 1;
  context.print(context.strong(text_at(status, "region")) + " (" + text_at(status, "jurisdiction") + ")  " +
                text_at(status, "gateway") + "  version " + text_at(status, "version") + "  " +
                (ready ? context.good("ready") : context.bad("not ready: " + text_at(status, "not_ready"))));
  context.print("policy " + text_at(object_at(status, "policy"), "name") + "  " +
                context.dim(text_at(object_at(status, "policy"), "digest")));
  context.print("ledger " + text_at(object_at(status, "ledger"), "entries") + " entries, " +
                text_at(object_at(status, "ledger"), "published") + " published");
  std::string jobs;
  for (const auto& count : object_at(status, "jobs")) {
    jobs += (jobs.empty() ? "" : ", ") + text_at(object_at(status, "jobs"), count.key()) + " " +
            context.state(std::string(count.key()));
  }
  context.print("jobs " + (jobs.empty() ? "none" : jobs) + "; open reviews " +
                text_at(status, "reviews_open"));
  context.print("peers " + text_at(status, "peers_up") + " of " + text_at(status, "peers") + " up");
  if (const std::string why = text_at(status, "reload_failed"); !why.empty())
    context.print(context.bad("the last reload failed, the old stays in force: " + why));
  for (const json::value& value : list_at(status, "policy_warnings")) {
    const json::object& one = value.get_object();
    const std::string line = printable(text_at(one, "what") + " " + text_at(one, "text"));
    context.print(text_at(one, "urgency") == "due" ? context.warn(line) : context.bad(line));
  }
  if (status.contains("counters_agree") && !flag_at(status, "counters_agree"))
    context.print(
        context.bad("the ledger tells other counters than are kept: hetao policy counters --verify"));
  for (const json::value& value : list_at(status, "certificate_warnings")) {
    const json::object& one = value.get_object();
    const std::string line = "certificate " + text_at(one, "what") + ": " + text_at(one, "days_left") +
                             " days left: " + text_at(one, "advice");
    context.print(text_at(one, "urgency") == "due" ? context.warn(line) : context.bad(line));
  }
  return ready ? 0 : 1;
}

// "1.25 ms"
std::string round_trip_text(const json::object& link) {
  const json::value* micros = link.if_contains("round_trip_micros");
  if (micros == nullptr || !micros->is_int64()) return "";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f ms", static_cast<double>(micros->as_int64()) / 1'000);
  return text.data();
}

std::string rate_text(const json::object& link, std::string_view key) {
  const json::value* rate = link.if_contains(key);
  return rate == nullptr || !rate->is_int64() ? ""
                                              : human_bytes(static_cast<uint64_t>(rate->as_int64())) + "/s";
}

int peers(const Context& context) {
  const auto answer = Client(context).get("/api/v1/peers");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table(
      {"REGION", "STATE", "TIME", "lanes", "RTT", "in", "out", "CERTIFICATE", "waiting", "POLICY", "REASON"});
  for (const json::value& value : list_at(answer->get_object(), "peers")) {
    const json::object& peer = value.get_object();
    const bool up = flag_at(peer, "up");
    const json::object link = object_at(peer, "link");
    table.add({text_at(peer, "region") + " (" + text_at(peer, "jurisdiction") + ")",
               up ? context.good(context.word("up")) : context.bad(context.word("down")),
               local_time(text_at(peer, "since")), text_at(link, "lanes"), round_trip_text(link),
               rate_text(link, "bytes_per_second_in"), rate_text(link, "bytes_per_second_out"),
               up ? text_at(peer, "certificate_days_left") + " days" : std::string(), text_at(peer, "outbox"),
               text_at(peer, "policy_digest").substr(0, 12), printable(text_at(peer, "why_down"))});
  }
  table.print(context);
  return 0;
}

// "12 of 64"; the whole alone where nobody says what is free.
std::string free_of(const json::object& one, std::string_view free, std::string_view total) {
  const std::string whole = text_at(one, total);
  return one.contains(free) ? text_at(one, free) + " / " + whole : whole;
}

std::string bytes_text(const json::object& one, std::string_view key) {
  return human_bytes(static_cast<unsigned long long>(std::max<int64_t>(0, number_at(one, key))));
}

std::string accelerators_text(const json::object& platform) {
  std::string line;
  for (const json::value& value : list_at(platform, "accelerators")) {
    const json::object& one = value.get_object();
    line += (line.empty() ? "" : ", ") + free_of(one, "free", "total") + " " + text_at(one, "kind");
  }
  return line;
}

std::string price_text(const json::object& platform) {
  const json::object price = object_at(platform, "price");
  if (price.empty()) return "";
  std::string line = text_at(price, "core_hour") + " " + text_at(price, "currency") + "/core h";
  for (const auto& each : object_at(price, "accelerator_hour"))
    line += ", " + text_at(object_at(price, "accelerator_hour"), each.key()) + "/" + std::string(each.key()) +
            " h";
  return line;
}

// "shenzhen: 3 jobs wait for 24 ascend910b, the oldest since 12m".
void print_demand(const Context& context, const json::object& region) {
  for (const json::value& value : list_at(region, "demand")) {
    const json::object& one = value.get_object();
    const std::string kind = text_at(one, "accelerator");
    const std::string what = kind.empty() ? text_at(one, "cores") + " cores"
                                          : text_at(one, "accelerators") + " " + printable(kind);
    context.print(text_at(region, "region") + ": " + text_at(one, "jobs") + " jobs wait for " + what +
                  ", the oldest for " + to_string(Duration::seconds(number_at(one, "oldest_seconds"))));
  }
}

int capacity(const Context& context) {
  const auto answer = Client(context).get("/api/v1/capacity");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"REGION", "NAME", "KIND", "nodes", "cores", "memory", "ACCELERATORS", "running", "waiting",
               "wait", "PRICE", "REASON"});
  for (const json::value& value : list_at(answer->get_object(), "regions")) {
    const json::object& region = value.get_object();
    const std::string name = text_at(region, "region");
    const std::string away = flag_at(region, "reachable") ? "" : "not reachable now";
    if (list_at(region, "platforms").empty())
      table.add({name, "", "", "", "", "", "", "", "", "", "",
                 away.empty() ? "shows nothing of its supply" : away});
    for (const json::value& one : list_at(region, "platforms")) {
      const json::object& platform = one.get_object();
      const bool seen = platform.contains("nodes");
      const bool tells_free = platform.contains("ram_free_bytes");
      const std::string memory = tells_free ? bytes_text(platform, "ram_free_bytes") + " / " : "";
      table.add({name, text_at(platform, "name"), text_at(platform, "kind"),
                 seen ? text_at(platform, "nodes_up") + " / " + text_at(platform, "nodes") : "",
                 seen ? free_of(platform, "cores_free", "cores_total") : text_at(platform, "cpu_cores"),
                 seen ? memory + bytes_text(platform, "ram_total_bytes") : bytes_text(platform, "ram_bytes"),
                 accelerators_text(platform), text_at(platform, "running"), text_at(platform, "waiting"),
                 platform.contains("wait_seconds") ? text_at(platform, "wait_seconds") + " s" : "",
                 price_text(platform), away.empty() ? printable(text_at(platform, "trouble")) : away});
    }
  }
  table.print(context);
  for (const json::value& value : list_at(answer->get_object(), "regions"))
    print_demand(context, value.get_object());
  return 0;
}

int who_am_i(const Context& context) {
  const auto answer = Client(context).get("/api/v1/whoami");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& caller = answer->get_object();
  std::string roles;
  for (const json::value& role : list_at(caller, "roles"))
    roles += (roles.empty() ? "" : ", ") + printable(std::string(role.as_string()));
  context.print(context.strong(text_at(caller, "user")) + " of " + text_at(caller, "tenant") + ", by " +
                text_at(caller, "by") + "; roles: " + (roles.empty() ? "none" : roles));
  return 0;
}

}  // namespace

void add_status(Program& program) {
  const Context& context = program.context;
  const auto nothing = [](CLI::App&, NoOptions&) {};
  add_command<NoOptions>(program.app, program.chosen, "status",
                         "health of a gateway; exit 1 when it is not ready", nothing,
                         [&context](const NoOptions&) { return status(context); });
  add_command<NoOptions>(program.app, program.chosen, "peers", "the other regions: connected or not, and why",
                         nothing, [&context](const NoOptions&) { return peers(context); });
  add_command<NoOptions>(program.app, program.chosen, "capacity",
                         "what all regions' platforms have, and have free", nothing,
                         [&context](const NoOptions&) { return capacity(context); });
  add_command<NoOptions>(program.app, program.chosen, "whoami",
                         "whom the gateway takes you for, and what you may do", nothing,
                         [&context](const NoOptions&) { return who_am_i(context); });
}

}  // namespace hetao::cli
