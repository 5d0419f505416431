// The catalogue for other catalogues: DCAT-AP 3 as JSON-LD (W3C Data Catalog Vocabulary). What stands in it
// is what the caller sees in the catalogue; no file is named, and no address where data could be fetched,
// because there is none: jobs come to the data.
#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/percent.h"
#include "gateway/federation/facts.h"

namespace hetao::api {

namespace {

// Every term that is used, so that a reader without a network understands the document.
json::object context() {
  const auto id = [](const char* iri) { return json::object{{"@id", iri}, {"@type", "@id"}}; };
  const auto typed = [](const char* iri, const char* type) {
    return json::object{{"@id", iri}, {"@type", type}};
  };
  return {{"dcat", "http://www.w3.org/ns/dcat#"},
          {"dct", "http://purl.org/dc/terms/"},
          {"foaf", "http://xmlns.com/foaf/0.1/"},
          {"prov", "http://www.w3.org/ns/prov#"},
          {"spdx", "http://spdx.org/rdf/terms#"},
          {"xsd", "http://www.w3.org/2001/XMLSchema#"},
          {"dcat:accessURL", id("dcat:accessURL")},
          {"dcat:byteSize", typed("dcat:byteSize", "xsd:nonNegativeInteger")},
          {"dct:issued", typed("dct:issued", "xsd:dateTime")},
          {"prov:wasDerivedFrom", id("prov:wasDerivedFrom")},
          {"spdx:checksumValue", typed("spdx:checksumValue", "xsd:hexBinary")}};
}

std::string urn(const char* kind, const std::string& id) {
  return std::string("urn:hetao:") + kind + ":" + percent_encode(id);
}

json::object agent_of(const federation::CoreConfig& config, const std::string& tenant) {
  const auto known = config.tenants.find(tenant);
  const std::string name =
      known == config.tenants.end() || known->second.name().empty() ? tenant : known->second.name();
  return {{"@id", urn("tenant", tenant)}, {"@type", "foaf:Agent"}, {"foaf:name", name}};
}

// A licence is a resource in DCAT: where it is only a name, a document that bears it.
json::value licence_of(const std::string& licence) {
  if (licence.starts_with("https://") || licence.starts_with("http://"))
    return json::object{{"@id", licence}};
  return json::object{{"@type", "dct:LicenseDocument"}, {"dct:title", licence}};
}

json::object distribution_of(const pb::Dataset& dataset) {
  // DCAT-AP wants an access URL: it names how jobs say that they read it.
  json::object out{
      {"@id", urn("distribution", dataset.id())},
      {"@type", "dcat:Distribution"},
      {"dcat:accessURL", urn("dataset", dataset.id())},
      {"dct:description", "Read by jobs as dataset:" + dataset.id() + "; it stays in " + dataset.region()}};
  out["dcat:byteSize"] = std::to_string(dataset.bytes());
  if (!dataset.digest().empty())
    out["spdx:checksum"] = json::object{{"@type", "spdx:Checksum"}, {"spdx:checksumValue", dataset.digest()}};
  if (!dataset.licence().empty()) out["dct:license"] = licence_of(dataset.licence());
  return out;
}

// EU's list of access rights: restricted is what nobody gets without asking.
const char* access_right(const pb::Dataset& dataset) {
  const bool is_public = federation::text_of(dataset.labels(), "data.grade") == "public" &&
                         federation::text_of(dataset.labels(), "data.personal") == "none";
  if (is_public && !dataset.on_request())
    return "http://publications.europa.eu/resource/authority/access-right/PUBLIC";
  return dataset.on_request() ? "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
                              : "http://publications.europa.eu/resource/authority/access-right/NON_PUBLIC";
}

json::object dataset_of(const federation::CoreConfig& config, const pb::Dataset& dataset) {
  json::object out{{"@id", urn("dataset", dataset.id())},
                   {"@type", "dcat:Dataset"},
                   {"dct:identifier", dataset.id()},
                   {"dct:title", dataset.title().empty() ? dataset.id() : dataset.title()},
                   {"dct:description",
                    dataset.description().empty() ? "No description was registered." : dataset.description()},
                   {"dct:publisher", agent_of(config, dataset.owner_tenant())},
                   {"dct:accessRights", json::object{{"@id", access_right(dataset)}}},
                   {"dcat:version", std::to_string(dataset.version())},
                   {"dct:spatial", json::object{{"@id", urn("region", dataset.region())}}}};
  put_time(out, "dct:issued", dataset.registered_micros());
  if (!dataset.licence().empty()) out["dct:license"] = licence_of(dataset.licence());
  json::array keywords;
  for (const std::string& tag : federation::set_of(dataset.labels(), "data.tags")) keywords.emplace_back(tag);
  for (const std::string& sector : federation::set_of(dataset.labels(), "data.sectors"))
    keywords.emplace_back(sector);
  if (!keywords.empty()) out["dcat:keyword"] = std::move(keywords);
  json::array sources;
  for (const std::string& source : dataset.derived_from()) sources.emplace_back("urn:hetao:" + source);
  if (!sources.empty()) out["prov:wasDerivedFrom"] = std::move(sources);
  out["dcat:distribution"] = json::array{distribution_of(dataset)};
  return out;
}

}  // namespace

io::HttpResponse catalogue_jsonld(const Context& c) {
  const federation::CoreConfig& config = c.backend.core().config();
  json::array datasets;
  for (const auto& [id, dataset] : c.backend.core().datasets()) {
    if (!dataset.retired()) datasets.push_back(dataset_of(config, dataset));
  }
  json::object out;
  out["@context"] = context();
  out["@id"] = urn("catalogue", config.region);
  out["@type"] = "dcat:Catalog";
  out["dct:title"] = "Data sets known in " + config.region;
  out["dct:description"] =
      "What jobs of this federation may name as inputs, where policy and owners let them.";
  out["dct:publisher"] = agent_of(config, config.operator_tenant);
  out["dcat:dataset"] = std::move(datasets);
  io::HttpResponse response = json_answer(out);
  response.headers.set("Content-Type", "application/ld+json");
  return response;
}

}  // namespace hetao::api
