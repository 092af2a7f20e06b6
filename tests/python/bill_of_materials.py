"""Judges a CycloneDX bill of materials by the specification's own schema, strictly, and says what it is of.

usage: bill_of_materials.py FILE
"""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main(path: str) -> int:
    text = open(path, encoding="utf-8").read()
    bill = json.loads(text)
    version = SchemaVersion.from_version(bill["specVersion"])
    error = JsonStrictValidator(version).validate_str(text)
    if error is not None:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    component = bill["metadata"]["component"]
    known = {component["bom-ref"]} | {one["bom-ref"] for one in bill["components"]}
    dangling = {one["ref"] for one in bill["dependencies"]} - known
    if dangling:
        print(f"{path}: dependencies that are no components: {sorted(dangling)}", file=sys.stderr)
        return 1
    print(f"{component['name']} {component['version']}: {len(bill['components'])} components")
    return 0


sys.exit(main(sys.argv[1]))
