// hetao data register/show/list/retire/export: the data catalogue.
#include <boost/json/serialize.hpp>
#include <charconv>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"
#include "policy/schema.h"
#include "policy/yaml_reader.h"

namespace hetao::cli {

namespace {

struct RegisterOptions {
  std::string id;
  std::string url;
  std::string title;
  std::string description;
  std::string licence;
  std::string owner;
  std::vector<std::string> labels;
  std::string label_file;
  bool on_request = false;
};

struct DataOptions {
  std::string id;
  bool retired = false;
};

struct ExportOptions {};

Error wrong_label(const std::string& label, std::string why, std::string hint) {
  return {ErrorCode::kUsage, "label " + label, std::move(why), std::move(hint)};
}

// "data.personal_kinds=health,genomic": typed as the policy language types the attribute.
Result<void> add_label(json::object& labels, const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return fail(wrong_label(text, "has no value", "write NAME=VALUE"));
  const std::string name = text.substr(0, equals);
  const std::string value = text.substr(equals + 1);
  const policy::Schema& schema = policy::Schema::built_in();
  const policy::Attribute* attribute = schema.find(name);
  if (attribute == nullptr) {
    // A pack may have attributes of its own; the gateway knows its pack and judges.
    labels[name] = value;
    return {};
  }
  switch (attribute->type) {
    case policy::Type::kBoolean:
      if (value != "true" && value != "false")
        return fail(wrong_label(name, "\"" + printable(value) + "\" is no boolean", "true or false"));
      labels[name] = value == "true";
      return {};
    case policy::Type::kInteger: {
      int64_t number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc{} || end != value.data() + value.size()) {
        return fail(wrong_label(name, "\"" + printable(value) + "\" is no whole number", "such as 569"));
      }
      labels[name] = number;
      return {};
    }
    case policy::Type::kSet: {
      json::array set;
      for (const std::string& part : split(value, ',')) {
        if (!part.empty()) set.emplace_back(part);
      }
      labels[name] = set;
      return {};
    }
    default:
      labels[name] = value;
      return {};
  }
}

int register_dataset(const Context& context, const RegisterOptions& o) {
  json::object body;
  body["id"] = o.id;
  body["url"] = o.url;
  if (!o.title.empty()) body["title"] = o.title;
  if (!o.description.empty()) body["description"] = o.description;
  if (!o.licence.empty()) body["licence"] = o.licence;
  if (!o.owner.empty()) body["owner"] = o.owner;
  if (o.on_request) body["access"] = "request";
  json::object labels;
  if (!o.label_file.empty()) {
    const auto text = read_file(o.label_file);
    if (!text) return report(context, text.error());
    const auto node = policy::parse_yaml(*text, o.label_file);
    if (!node) return report(context, node.error());
    const json::value read = policy::to_json(*node);
    if (!read.is_object())
      return report(context, wrong_label(o.label_file, "is no map of labels", "write NAME: VALUE lines"));
    labels = read.get_object();
  }
  for (const std::string& label : o.labels) {
    if (auto added = add_label(labels, label); !added) return report(context, added.error());
  }
  body["labels"] = labels;
  const auto answer = Client(context).post("/api/v1/datasets", body);
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& dataset = answer->get_object();
  context.print(
      text_at(dataset, "id") + " version " + text_at(dataset, "version") + "  " +
      human_bytes(static_cast<unsigned long long>(std::max<int64_t>(0, number_at(dataset, "bytes")))) + "  " +
      context.dim(text_at(dataset, "digest")));
  return 0;
}

void show_one(const Context& context, const json::object& dataset) {
  context.print(context.strong(text_at(dataset, "id")) + "  " + printable(text_at(dataset, "title")));
  context.print("in " + text_at(dataset, "region") + ", owned by " + text_at(dataset, "owner") +
                ", version " + text_at(dataset, "version") +
                (text_at(dataset, "access") == "request" ? ", given on request" : "") +
                (flag_at(dataset, "retired") ? ", " + context.warn("retired") : ""));
  for (const json::value& source : list_at(dataset, "derived_from"))
    if (source.is_string()) context.print("made from " + std::string(source.get_string()));
  if (!text_at(dataset, "description").empty()) context.print(printable(text_at(dataset, "description")));
  if (!text_at(dataset, "licence").empty())
    context.print("licence: " + printable(text_at(dataset, "licence")));
  context.print("registered " + local_time(text_at(dataset, "registered")) + "  " +
                text_at(dataset, "digest"));
  for (const auto& label : object_at(dataset, "labels")) {
    context.print("  " + std::string(label.key()) + ": " +
                  text_at(object_at(dataset, "labels"), label.key()));
  }
}

int show(const Context& context, const DataOptions& o) {
  const auto answer = Client(context).get("/api/v1/datasets/" + percent_encode(o.id));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  show_one(context, answer->get_object());
  return 0;
}

int retire(const Context& context, const DataOptions& o) {
  const auto answer =
      Client(context).post("/api/v1/datasets/" + percent_encode(o.id) + "/retire", json::object());
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  context.print(o.id + " is retired");
  return 0;
}

int list(const Context& context, const DataOptions& o) {
  const auto answer =
      Client(context).get("/api/v1/datasets" + query_of({{"retired", o.retired ? "true" : ""}}));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"ID", "REGION", "OWNER", "BYTES", "NAME"});
  for (const json::value& value : list_at(answer->get_object(), "datasets")) {
    const json::object& dataset = value.get_object();
    table.add({text_at(dataset, "id"), text_at(dataset, "region"), text_at(dataset, "owner"),
               text_at(dataset, "bytes"), printable(text_at(dataset, "title"))});
  }
  table.print(context);
  return 0;
}

}  // namespace

void add_data(Program& program) {
  const Context& context = program.context;
  CLI::App* group = add_group(program.app, "data",
                              "the data catalogue: register, show, list, retire, ask for and grant use");
  add_command<RegisterOptions>(
      *group, program.chosen, "register", "register a dataset, or a new version of one, with its labels",
      [](CLI::App& command, RegisterOptions& o) {
        command.add_option("ID", o.id, "name that jobs use as dataset:ID")->required();
        command
            .add_option("URL", o.url,
                        "file:// below a staging folder of the gateway, upload:ID, or result:JOB/NAME")
            ->required();
        command.add_option("--title", o.title, "one line for people");
        command.add_option("--description", o.description, "what it is");
        command.add_option("--licence", o.licence, "licence of the data");
        command.add_option("--owner", o.owner, "tenant that owns it (by default yours)");
        command.add_option("-l,--label", o.labels, "NAME=VALUE, such as data.grade=general; sets are A,B,C")
            ->take_all();
        command.add_option("--labels", o.label_file, "YAML file of labels");
        command.add_flag("--on-request", o.on_request, "used by those alone to whom you grant it");
      },
      [&context](const RegisterOptions& o) { return register_dataset(context, o); });
  const auto describe = [](CLI::App& command, DataOptions& o) {
    command.add_option("ID", o.id, "the dataset")->required();
  };
  add_command<DataOptions>(*group, program.chosen, "show", "one dataset with its labels", describe,
                           [&context](const DataOptions& o) { return show(context, o); });
  add_command<DataOptions>(*group, program.chosen, "retire", "take it out of use", describe,
                           [&context](const DataOptions& o) { return retire(context, o); });
  add_command<DataOptions>(
      *group, program.chosen, "list", "every dataset that is known here, also those of peers",
      [](CLI::App& command, DataOptions& o) {
        command.add_flag("--retired", o.retired, "also retired ones");
      },
      [&context](const DataOptions& o) { return list(context, o); });
  add_command<ExportOptions>(
      *group, program.chosen, "export", "the catalogue as DCAT-AP (JSON-LD), for other catalogues",
      [](CLI::App&, ExportOptions&) {},
      [&context](const ExportOptions&) {
        const auto answer = Client(context).get("/api/v1/catalogue.jsonld");
        if (!answer) return report(context, answer.error());
        return context.print_json(*answer), 0;
      });
  add_data_access(program, *group);
}

}  // namespace hetao::cli
