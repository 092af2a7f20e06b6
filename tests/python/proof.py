#!/usr/bin/env python3
"""Verifies a proof that an entry is in a log (C2SP tlog-proof) with proofbundle, and prints the entry.

    proof.py PROOF KEY

KEY is a public key as signed notes have it: `name+id+key`. The extra data of the proof are the leaf.
"""

import sys

from proofbundle.tlogproof import parse_tlog_proof, verify_tlog_proof


def main(path, key):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    leaf = parse_tlog_proof(text)["extra"]
    said = verify_tlog_proof(text, leaf, key, expected_origin=key.split("+")[0])
    if not said["ok"]:
        failed = [check for check in ("log_ok", "inclusion_ok") if not said[check]]
        print(f"{path}: refused: {', '.join(failed)}")
        return 1
    print(leaf.decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
