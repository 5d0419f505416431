#include <algorithm>
#include <array>

#include "gateway/api/handlers.h"
#include "gateway/api/labels.h"
#include "gateway/api/lineage.h"
#include "gateway/api/problem.h"
#include "gateway/api/uploads.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/item.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr size_t kIdBytesMax = 128;

bool is_id(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kIdBytesMax && plain(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

struct Registration {
  pb::Dataset dataset;
  std::string url;
  std::optional<io::HttpResponse> refused;
};

// Texts of the body into `out`; the first mistake, if there is one.
std::optional<Error> read_texts(const json::object& body, Registration& out, std::string& owner,
                                std::string& access) {
  struct Member {
    const char* name;
    bool needed;
    std::string* into;
  };
  const std::array<Member, 7> members = {{{"id", true, out.dataset.mutable_id()},
                                          {"url", true, &out.url},
                                          {"title", false, out.dataset.mutable_title()},
                                          {"description", false, out.dataset.mutable_description()},
                                          {"licence", false, out.dataset.mutable_licence()},
                                          {"owner", false, &owner},
                                          {"access", false, &access}}};
  for (const Member& member : members) {
    auto text = text_member(body, member.name, member.needed, limits::kTextFieldBytesMax);
    if (!text) return text.error();
    *member.into = std::move(*text);
  }
  return std::nullopt;
}

Registration read_registration(const Context& c) {
  Registration out;
  const auto body =
      object_body(c.request, {"id", "title", "description", "licence", "url", "owner", "labels", "access"});
  if (!body) {
    out.refused = problem(body.error());
    return out;
  }
  std::string owner;
  std::string access;
  if (const auto error = read_texts(*body, out, owner, access)) {
    out.refused = problem(*error);
    return out;
  }
  tes::Mistakes mistakes;
  if (!access.empty() && access != "open" && access != "request")
    mistakes.push_back({"/access", false, "is no kind of access", "one of open, request", {}});
  out.dataset.set_on_request(access == "request");
  if (!is_id(out.dataset.id())) {
    mistakes.push_back(
        {"/id", false, "is no id of a dataset", "lower-case letters, digits, '.', '_', '-'", {}});
  }
  const json::value* labels = body->if_contains("labels");
  const std::string result = result_of(out.url);
  if (!result.empty()) {
    // It brings its labels along: they stick, and are nobody's to change here.
    if (labels != nullptr && (!labels->is_object() || !labels->get_object().empty()))
      mistakes.push_back({"/labels", false, "are those that the result inherited", "leave them out", {}});
  } else if (labels == nullptr || !labels->is_object()) {
    mistakes.push_back({"/labels",
                        false,
                        labels == nullptr ? "is missing" : "is no object",
                        "an object from label to value; {} says that nothing is known",
                        {}});
  } else {
    *out.dataset.mutable_labels() =
        read_labels(labels->get_object(), c.backend.policy()->pack().schema, mistakes);
  }
  const std::string upload = upload_of(out.url);
  const auto allowed = !result.empty()  ? Result<void>()
                       : upload.empty() ? c.backend.staging().check(out.url)
                                        : check_upload(c.backend, c.caller.tenant, upload);
  if (!allowed) {
    mistakes.push_back({"/url", false, allowed.error().why, {}, allowed.error().hint});
  }
  if (!mistakes.empty()) {
    out.refused = problem(mistakes);
  } else if (!owner.empty() && owner != c.caller.tenant) {
    out.refused = problem({ErrorCode::kNotAllowed, "dataset " + out.dataset.id(),
                           "you may register for your own tenant only", "leave `owner` out"});
  }
  out.dataset.set_owner_tenant(c.caller.tenant);
  out.dataset.set_registered_by(c.caller.name_in_ledger());
  return out;
}

// Copies the files into the blob store, on another thread. `error` when that failed.
void take_files(Backend& backend, Registration& registration, std::optional<Error>& error) {
  if (!registration.dataset.files().empty()) return;  // a result's, which is here
  const std::string upload = upload_of(registration.url);
  const auto files = upload.empty() ? backend.staging().ingest(registration.url, backend.blobs())
                                    : ingest_upload(backend, registration.dataset.owner_tenant(), upload);
  if (!files) {
    error = files.error();
    return;
  }
  pb::Item item;
  for (const pb::ItemFile& file : *files) *item.add_files() = file;
  federation::seal_item(item);
  registration.dataset.set_digest(item.digest());
  registration.dataset.set_bytes(item.bytes());
  *registration.dataset.mutable_files() = item.files();
}

std::optional<Error> read_mechanism(const json::object& body, pb::Mechanism& out) {
  static const std::vector<std::string> kKinds = {"gba-sc", "cac-sc", "security-assessment", "certification",
                                                  "hk-rmc"};
  std::string from;
  std::string until;
  const std::array<std::pair<const char*, std::string*>, 7> members = {
      {{"id", out.mutable_id()},
       {"kind", out.mutable_kind()},
       {"exporter", out.mutable_exporter()},
       {"recipient", out.mutable_recipient()},
       {"status", out.mutable_status()},
       {"from", &from},
       {"until", &until}}};
  for (const auto& [name, into] : members) {
    const bool needed = into != &from && into != &until;
    auto text = text_member(body, name, needed, kIdBytesMax);
    if (!text) return text.error();
    *into = std::move(*text);
  }
  const auto wrong = [](const char* pointer, std::string why, std::string hint) {
    return Error{ErrorCode::kUsage, pointer, std::move(why), std::move(hint)};
  };
  if (printable(out.id()) != out.id() || out.id().find('/') != std::string::npos) {
    return wrong("/id", "is no reference number", "visible characters without '/'");
  }
  if (std::find(kKinds.begin(), kKinds.end(), out.kind()) == kKinds.end()) {
    return wrong("/kind", "is no kind of mechanism", "one of " + join(kKinds, ", "));
  }
  const auto status =
      policy::check_attribute("mechanism.status", policy::Value(out.status()), policy::Schema::built_in());
  if (!status) return wrong("/status", status.error().why, status.error().hint);
  const auto day = [&](const std::string& text, int32_t& days) {
    const auto date = parse_date(text);
    if (date) days = date->days;
    return text.empty() || date.has_value();
  };
  int32_t from_days = 0;
  int32_t until_days = 0;
  if (!day(from, from_days)) return wrong("/from", "is no date", "YYYY-MM-DD");
  if (!day(until, until_days)) return wrong("/until", "is no date", "YYYY-MM-DD");
  if (until_days != 0 && until_days <= from_days) return wrong("/until", "is not after \"from\"", "");
  out.set_from_days(from_days);
  out.set_until_days(until_days);
  if (const json::value* list = body.if_contains("datasets")) {
    if (!list->is_array()) return wrong("/datasets", "is no list", "a list of dataset ids");
    for (const json::value& id : list->get_array()) {
      if (!id.is_string() || !is_id(id.get_string()))
        return wrong("/datasets", "holds something that is no id", "");
      out.add_datasets(std::string(id.get_string()));
    }
  }
  return std::nullopt;
}

io::Awaitable<io::HttpResponse> file_mechanism(const Context& c, pb::Mechanism mechanism) {
  const std::string id = mechanism.id();
  federation::RegisterMechanism event;
  event.mechanism = std::move(mechanism);
  event.mechanism.set_registered_by(c.caller.name_in_ledger());
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const auto& all = c.backend.core().mechanisms();
  const auto at = all.find(id);
  co_return json_answer(at == all.end() ? json::object() : to_json(at->second));
}

// An owner of data need not be one who submits: whose job it is take_result() looks at.
io::Awaitable<FoundJob> job_of_result(const Context& c, std::string id) {
  const federation::Core& core = c.backend.core();
  FoundJob found{core.job(id), &core, nullptr};
  if (found.job != nullptr) co_return found;
  found.kept = co_await past_family(c.backend, id);
  found.core = found.kept.get();
  found.job = found.core->job(id);
  co_return found;
}

}  // namespace

io::Awaitable<io::HttpResponse> register_dataset(const Context& c) {
  Registration registration = read_registration(c);
  if (registration.refused) co_return std::move(*registration.refused);
  std::optional<Error> error;
  if (const std::string result = result_of(registration.url); !result.empty()) {
    const FoundJob found = co_await job_of_result(c, result.substr(0, result.find('/')));
    const auto taken = take_result(c, found, result, registration.dataset);
    if (!taken) co_return problem(tes::Mistakes{{"/url", false, taken.error().why, {}, taken.error().hint}});
  }
  auto work = [&] { take_files(c.backend, registration, error); };
  co_await c.backend.offload(work);
  if (error) co_return problem(*error);
  const std::string id = registration.dataset.id();
  federation::RegisterDataset event;
  event.dataset = std::move(registration.dataset);
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const pb::Dataset* made = c.backend.core().dataset(id);
  co_return json_answer(made == nullptr ? json::object() : to_json(*made, true));
}

io::Awaitable<io::HttpResponse> retire_dataset(const Context& c) {
  const std::string& id = c.at("id");
  const pb::Dataset* known = c.backend.core().dataset(id);
  if (known == nullptr) co_return no_such("dataset", id, "`hetao data list` shows what is");
  if (known->owner_tenant() != c.caller.tenant) {
    co_return problem(
        {ErrorCode::kNotAllowed, "dataset " + id, "belongs to another tenant", "ask its owner"});
  }
  federation::RetireDataset event;
  event.dataset = id;
  event.who = c.caller.principal();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const pb::Dataset* after = c.backend.core().dataset(id);
  co_return json_answer(after == nullptr ? json::object() : to_json(*after, true));
}

io::Awaitable<io::HttpResponse> register_mechanism(const Context& c) {
  const auto body =
      object_body(c.request, {"id", "kind", "exporter", "recipient", "status", "from", "until", "datasets"});
  if (!body) co_return problem(body.error());
  pb::Mechanism mechanism;
  if (const auto error = read_mechanism(*body, mechanism)) co_return problem(*error);
  io::HttpResponse response = co_await file_mechanism(c, std::move(mechanism));
  co_return response;
}

io::Awaitable<io::HttpResponse> withdraw_mechanism(const Context& c) {
  const auto& all = c.backend.core().mechanisms();
  const auto known = all.find(c.at("id"));
  if (known == all.end()) co_return no_such("mechanism", c.at("id"), "");
  pb::Mechanism mechanism = known->second;
  mechanism.set_withdrawn(true);
  io::HttpResponse response = co_await file_mechanism(c, std::move(mechanism));
  co_return response;
}

}  // namespace hetao::api
