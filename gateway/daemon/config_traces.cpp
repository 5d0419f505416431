// The section `traces`: where spans are sent.
#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"

namespace hetao::daemon {

using policy::MapReader;
using policy::Node;

void read_traces(Section& s, MapReader& top, Config& config) {
  const Node* node = top.get("traces");
  if (node == nullptr) return;
  MapReader map(s.reader, *node, "traces");
  io::SpanExport& traces = config.traces;
  traces.endpoint = map.text("endpoint", MapReader::kNeeded).value_or("");
  traces.ca = s.path(map.text("ca"));
  map.done();
  const bool is_url = traces.endpoint.starts_with("http://") || traces.endpoint.starts_with("https://");
  if (!traces.endpoint.empty() && !is_url)
    s.reader.report(
        *node, "traces.endpoint \"" + printable(traces.endpoint) + "\" is no address",
        "http://HOST:PORT of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318");
}

}  // namespace hetao::daemon
