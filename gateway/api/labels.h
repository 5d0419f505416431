// Labels of data as people send them: a JSON object from attribute name to value, checked against the schema
// of the active policy. Pure.
#pragma once

#include "gateway/base/json.h"
#include "policy/schema.h"
#include "proto/task.pb.h"
#include "proto/tes_json.h"

namespace hetao::api {

// True for attributes that describe data itself; others (where it goes, who asks) are not the owner's to say.
bool is_label(const policy::Attribute& attribute);

// Facts sorted by name. Every mistake is added to `mistakes`, with its pointer below /labels.
google::protobuf::RepeatedPtrField<pb::Fact> read_labels(const json::object& labels,
                                                         const policy::Schema& schema,
                                                         tes::Mistakes& mistakes);

}  // namespace hetao::api
