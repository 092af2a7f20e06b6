"""What Grafana's own model of a dashboard loses of a file, as a JSON array of paths.

A key that the model does not know, or that is misspelt, is not there when the model writes
what it has read.
"""

import json
import sys

from grafana_foundation_sdk.cog import encoder, plugins
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(before, after, path=""):
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in sorted(before.items()):
            if key in after:
                yield from lost(value, after[key], f"{path}.{key}")
            elif value is not None:
                yield f"{path}.{key}"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{number}]")
    elif before != after:
        yield path


plugins.register_default_plugins()
with open(sys.argv[1], encoding="utf-8") as file:
    dashboard = json.load(file)
text = encoder.JSONEncoder(sort_keys=True).encode(Dashboard.from_json(dashboard))
print(json.dumps(list(lost(dashboard, json.loads(text)))))
