#!/usr/bin/env python3
"""Makes the leaves of a store's segments again and compares the root of the tree
with each sidecar and its checkpoint: DuckDB reads the rows, the rest is the
standard library. As docs/ledger.md describes it; it shares no code with Weir.

    verify.py STORE
"""

import base64
import glob
import hashlib
import json
import os
import sys

import duckdb


def canonical(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def put(root, pointer, value):
    *way, last = pointer.split("/")[1:]
    for key in way:
        root = root.setdefault(key, {})
    root[last] = value


def leaf(row, layouts):
    entry = json.loads(row["rest"])
    entry["type"] = row["type"]
    layout = layouts.get(row["type"], {"at": {}, "sums": {}, "contexts": {}})
    for column, pointer in layout["at"].items():
        if row[column] is not None:
            put(entry, pointer, row[column])
    for column, where in layout["sums"].items():
        if row[column] is not None:
            put(entry, where["at"], row[column] + row[where["add"]])
    for column, pointer in layout["contexts"].items():
        if row[column] is not None:
            digest = hashlib.sha256(row[column].encode()).hexdigest()
            put(entry, pointer, {"sha256": digest})
    return canonical({"entry": entry, "seq": row["seq"], "time_ns": row["time_ns"]})


def push(stack, content):
    """RFC 6962, section 2.1: whole subtrees from the left, as (leaves, hash)."""
    node = (1, hashlib.sha256(b"\x00" + content).digest())
    while stack and stack[-1][0] == node[0]:
        leaves, left = stack.pop()
        node = (2 * leaves, hashlib.sha256(b"\x01" + left + node[1]).digest())
    stack.append(node)


def root(stack):
    value = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        value = hashlib.sha256(b"\x01" + left + value).digest()
    return value


def main(store):
    stack, entries = [], 0
    for path in sorted(glob.glob(os.path.join(store, "segment-*.parquet"))):
        with open(path.removesuffix("parquet") + "json") as file:
            sidecar = json.load(file)
        with open(path, "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == sidecar["sha256"], path
        facts = duckdb.execute(
            "select value from parquet_kv_metadata(?) where key::varchar = 'weir.layout'", [path]
        ).fetchone()
        layouts = json.loads(bytes(facts[0]))
        result = duckdb.execute("select *, epoch_ns(time) as time_ns from read_parquet(?) order by seq", [path])
        names = [column[0] for column in result.description]
        while rows := result.fetchmany(10_000):
            for row in rows:
                push(stack, leaf(dict(zip(names, row)), layouts))
                entries += 1
        assert entries == sidecar["last"], f"{path}: entry {entries}"
        assert root(stack).hex() == sidecar["root"], f"{path}: another root"
        origin, size, signed = sidecar["checkpoint"].split("\n")[:3]
        assert (origin, int(size)) == (sidecar["node"], entries), f"{path}: checkpoint"
        assert base64.b64decode(signed) == root(stack), f"{path}: checkpoint of another root"
    print(f"{entries} entries, root {root(stack).hex() if stack else '-'}")


if __name__ == "__main__":
    main(sys.argv[1])
