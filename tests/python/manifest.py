"""Judges a Kubernetes manifest by the schemas of one version, strictly, and prints the pod template of its DaemonSet.

usage: manifest.py FILE VERSION
"""

import json
import sys

import kubernetes_validate
import yaml


def main(path: str, version: str) -> int:
    with open(path, encoding="utf-8") as file:
        documents = list(yaml.safe_load_all(file))
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
    kinds = [document["kind"] for document in documents]
    template = documents[kinds.index("DaemonSet")]["spec"]["template"]["spec"]
    json.dump({"kinds": kinds, "pod": template}, sys.stdout)
    return 0


sys.exit(main(sys.argv[1], sys.argv[2]))
