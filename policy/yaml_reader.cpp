#include "policy/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <string>
#include <tuple>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

// Ends the parse from inside yaml-cpp; never leaves this file.
struct Stop : std::exception {
  Diagnostic mistake;
};

[[noreturn]] void stop(const YAML::Mark& mark, std::string message, std::string hint) {
  Stop s;
  s.mistake = {{}, mark.line + 1, mark.column + 1, std::move(message), {}, std::move(hint)};
  throw s;
}

// Builds the tree from yaml-cpp's events, under the limits.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(Diagnostics& repeated) : repeated_(&repeated) {}

  Node take() { return std::move(root_); }
  bool has_document() const { return documents_ > 0; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      stop(mark, "a second document begins here", "a file holds one document: remove `---`");
  }
  void OnDocumentEnd() override { HETAO_CHECK(frames_.empty()); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(leaf(mark, anchor)); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    stop(mark, "aliases are not allowed", "write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (tag != "?" && tag != "!" && !tag.empty()) refuse_tag(mark, tag);
    Node node = leaf(mark, anchor);
    node.kind = Node::Kind::kScalar;
    node.text = value;
    node.quoted = tag == "!";
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override {
    report_repeats(frames_.back().node);
    close();
  }

 private:
  struct Frame {
    Node node;
    bool has_key = false;
    Node key;
  };

  [[noreturn]] static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    stop(mark, "the tag " + tag + " is not allowed", "remove it; quote a value that is meant as text");
  }

  Node leaf(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      stop(mark, "anchors are not allowed", "write the value out where it is used");
    if (++nodes_ > limits::kYamlNodesMax) stop(mark, "the file has too many values", "split it");
    Node node;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    if (tag != "?" && !tag.empty()) refuse_tag(mark, tag);
    if (frames_.size() >= limits::kYamlDepthMax)
      stop(mark, "nested deeper than " + std::to_string(limits::kYamlDepthMax) + " levels", "flatten it");
    if (!frames_.empty() && frames_.back().node.is_map() && !frames_.back().has_key)
      stop(mark, "a key must be a text", "write `key: value`");
    Frame frame;
    frame.node = leaf(mark, anchor);
    frame.node.kind = kind;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Node done = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(done));
  }

  void add(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      frame.has_key = true;
      frame.key = std::move(node);
    } else {
      frame.has_key = false;
      frame.node.entries.push_back(
          {std::move(frame.key.text), frame.key.line, frame.key.column, std::move(node)});
    }
  }

  void report_repeats(const Node& map) {
    std::vector<const Node::Entry*> sorted;
    sorted.reserve(map.entries.size());
    for (const Node::Entry& entry : map.entries) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(), [](const Node::Entry* a, const Node::Entry* b) {
      return std::tie(a->key, a->line, a->column) < std::tie(b->key, b->line, b->column);
    });
    for (size_t i = 1; i < sorted.size(); ++i) {
      if (sorted[i]->key != sorted[i - 1]->key) continue;
      repeated_->push_back({{},
                            sorted[i]->line,
                            sorted[i]->column,
                            "the key \"" + sorted[i]->key + "\" stands here a second time",
                            {},
                            "the first is in line " + std::to_string(sorted[i - 1]->line)});
    }
  }

  Diagnostics* repeated_;
  std::vector<Frame> frames_;
  Node root_;
  size_t nodes_ = 0;
  int documents_ = 0;
};

tl::unexpected<Diagnostics> refuse(std::string_view file, Diagnostic mistake) {
  mistake.file = file;
  return tl::unexpected<Diagnostics>(Diagnostics{std::move(mistake)});
}

// The place of the first byte that is no UTF-8, or that no text file holds.
std::optional<Diagnostic> find_bad_byte(std::string_view text) {
  int line = 1;
  size_t line_begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '\n') {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte >= 0x20 || byte == '\t' || byte == '\r') continue;
      return Diagnostic{{}, line,       static_cast<int>(i - line_begin) + 1, "a control character",
                        {}, "remove it"};
    }
    if (!is_utf8(text.substr(line_begin, i - line_begin)))
      return Diagnostic{{}, line, 1, "this line is not UTF-8", {}, "save the file as UTF-8"};
    ++line;
    line_begin = i + 1;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<Node, Diagnostics> parse_yaml(std::string_view text, std::string_view file) {
  if (text.size() > limits::kYamlBytesMax) {
    return refuse(
        file, {{}, 0, 0, "the file is larger than " + human_bytes(limits::kYamlBytesMax), {}, "split it"});
  }
  if (auto bad = find_bad_byte(text)) return refuse(file, std::move(*bad));
  Diagnostics repeated;
  Builder builder(repeated);
  try {
    // yaml-cpp takes the end of a text for the end of a quotation; a document's end it does not.
    std::istringstream stream(std::string(text) + "\n...\n");
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& s) {
    return refuse(file, s.mistake);
  } catch (const YAML::Exception& e) {
    return refuse(file, {{}, e.mark.line + 1, e.mark.column + 1, "not YAML: " + e.msg, {}, {}});
  } catch (const std::exception& e) {
    return refuse(file, {{}, 0, 0, std::string("not YAML: ") + e.what(), {}, {}});
  }
  if (!repeated.empty()) {
    for (Diagnostic& d : repeated) d.file = file;
    return tl::unexpected<Diagnostics>(std::move(repeated));
  }
  return builder.take();
}

}  // namespace hetao::policy
