#!/usr/bin/env python3
"""Checks a bundle of evidence by itself: this file shares no code with Weir.

    python3 verify.py BUNDLE [--previous BUNDLE] [--trust KEY]... [--format text|json]

BUNDLE is the archive, or the directory it was unpacked into. KEY is the file of an
Ed25519 public key (PEM), or a key id: SHA-256 of its SubjectPublicKeyInfo, as
`openssl pkey -pubin -in KEY -outform DER | sha256sum` prints it. Ask the operator for
it by another way than the one by which the bundle came.

It needs Python 3.9 or later, `openssl` 1.1.1 or later for signatures, and the Python
module `duckdb` for the rows of the log. Nothing of the bundle is executed, no path in
it is followed, and nothing is fetched. What cannot be checked here is said: judging
the flows again takes `weir evidence verify`, so that the best word of this script is
`incomplete`.

A line for each check: its name, `ok`, `incomplete`, `FAILED` or `skipped`, and a
sentence. Then one word, which is the exit code, too:

    incomplete  12  nothing is wrong, and not everything was checked
    refused     13  something is wrong; the lines say what, where, and what to do
    (usage       2  the command line is wrong)
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

CHECKS = [
    "archive", "sums", "statement", "trust", "checkpoint", "log", "consistency", "heartbeats",
    "coverage", "inventory", "policy", "judgement", "findings", "claims", "derived",
]
EXIT = {"verified": 0, "incomplete": 12, "refused": 13}

STATEMENT = "statement.dsse.json"
SUMS = "SHA256SUMS"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://weir.example/evidence/v1"
SCHEMA = "weir-bundle/1"

# Files that are read whole may have this many bytes.
LARGEST = 256 << 20
# Rows that are in memory at the same time.
ROWS = 10_000
# A heartbeat is due each minute. The agent looks for it once a sweep, so that one may be
# late; two that are further apart than this have another missing between them.
HEARTBEAT_NS = 90 * 10**9
# As the agent: a clock that moves by more than this against the time since boot was set.
# It may be adjusted by 0.5 ms each second (adjtimex), which is no step.
STEP_NS = 500 * 10**6
SLEW = 2000

# Gaps that explain that nobody wrote a heartbeat.
SILENCE = {"not_recording", "replaced", "clock_step", "store_full"}

COUNTERS = ["egress_bytes", "egress_packets", "ingress_bytes", "ingress_packets"]


class Refused(Exception):
    """Something is wrong: what, where, and what to do."""


class Incomplete(Exception):
    """Nothing is wrong with what was looked at, and that was not all."""


class Skipped(Exception):
    """Not looked at."""


# --- The archive -----------------------------------------------------------------------

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


def good_name(name):
    """A path that leads nowhere but into the bundle, in characters that no tool reads otherwise."""
    directory, _, last = name.rpartition("/")
    fits = len(name) <= 100 or (len(directory) <= 155 and len(last) <= 100)
    return fits and NAME.fullmatch(name) is not None


def header(name, size, time):
    """The only header that such a member has (POSIX.1-1988 ustar)."""
    mode = 0o755 if name == "verify.py" else 0o644
    prefix = b""
    if len(name) > 100:
        directory, _, name = name.rpartition("/")
        prefix = directory.encode()
    fields = name.encode().ljust(100, b"\0") + b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, 0, 0, size, time)
    before, after = fields, b"0" + b"\0" * 100 + b"ustar\x0000" + b"\0" * 80 + prefix
    checksum = sum(before) + 8 * ord(" ") + sum(after)
    return (before + b"%07o\0" % checksum + after).ljust(512, b"\0")


def octal(field):
    if not re.fullmatch(rb"[0-7]+\0", field):
        raise ValueError(field)
    return int(field[:-1], 8)


class Bundle:
    """The files of a bundle, by name: where each begins in a file on disk, and its length."""

    def __init__(self, path):
        self.path = path
        self.files = {}
        if os.path.isdir(path):
            self._directory(path, "")
        else:
            self._archive()

    def _directory(self, directory, prefix):
        for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
            name, mode = prefix + entry.name, entry.stat(follow_symlinks=False).st_mode
            if not good_name(name):
                raise Refused(f"{name!r} cannot be the name of a file in a bundle: unpack the archive anew")
            if stat.S_ISDIR(mode):
                self._directory(entry.path, name + "/")
            elif stat.S_ISREG(mode):
                self.files[name] = (entry.path, 0, entry.stat().st_size)
            else:
                raise Refused(f"{name} is not a plain file: unpack the archive anew, as a user without rights")

    def _archive(self):
        last, time, end = "", None, False
        with open(self.path, "rb") as file:
            length = os.fstat(file.fileno()).st_size
            while True:
                at = file.tell()
                block = file.read(512)
                if len(block) < 512:
                    raise Refused(f"the archive ends at byte {at}, before its end: it was cut; get it anew")
                if block == bytes(512):
                    break
                name = self._member(block, at, last, time)
                time = octal(block[136:148])
                size = octal(block[124:136])
                start = file.tell()
                if start + size > length:
                    raise Refused(f"{name} is cut: {size} bytes are announced, and {length - start} are there; get the archive anew")
                file.seek(start + size)
                padding = -size % 512
                if file.read(padding) != bytes(padding):
                    raise Refused(f"what follows {name} is not empty: the archive was changed; get it anew")
                self.files[name] = (self.path, start, size)
                last = name
            if file.read() != bytes(512):
                raise Refused("the archive does not end where it should: it was cut or continued; get it anew")

    def _member(self, block, at, last, time):
        raw, prefix = block[:100].rstrip(b"\0"), block[345:500].rstrip(b"\0")
        raw = prefix + b"/" + raw if prefix else raw
        shown = raw.decode("ascii", "backslashreplace")
        kind = chr(block[156])
        if kind != "0":
            raise Refused(f"{shown} is not a plain file (type {kind!r}): no member of a bundle is a link or device")
        if not good_name(shown):
            raise Refused(f"`{shown}` cannot be the name of a file in a bundle")
        if shown <= last:
            raise Refused(f"{shown} stands after {last}: members are in the order of their names, each once")
        try:
            size, own_time = octal(block[124:136]), octal(block[136:148])
        except ValueError:
            raise Refused(f"the header of {shown}, at byte {at}, is malformed: the archive was changed; get it anew") from None
        if block != header(shown, size, own_time) or time not in (None, own_time):
            raise Refused(f"the header of {shown}, at byte {at}, is not that of a bundle: the archive was changed; get it anew")
        return shown

    def chunks(self, name):
        path, start, size = self.files[name]
        with open(path, "rb") as file:
            file.seek(start)
            while size > 0:
                chunk = file.read(min(size, 1 << 20))
                if not chunk:
                    raise Refused(f"{name} became shorter while it was read")
                size -= len(chunk)
                yield chunk

    def read(self, name):
        if name not in self.files:
            raise Refused(f"{name} is missing: the bundle is not whole; get it anew")
        if self.files[name][2] > LARGEST:
            raise Refused(f"{name} has {self.files[name][2]} bytes; at most {LARGEST} are taken")
        return b"".join(self.chunks(name))

    def text(self, name):
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            raise Refused(f"{name} is not UTF-8 ({error})") from None

    def json(self, name):
        return parse(name, self.read(name))

    def below(self, prefix):
        return [name for name in self.files if name.startswith(prefix)]


def parse(what, data):
    """JSON, with each key once and no number that JSON does not have."""

    def once(pairs):
        value = dict(pairs)
        if len(value) != len(pairs):
            raise ValueError("a key twice in one object")
        return value

    def none(text):
        raise ValueError(f"{text} is no number")

    try:
        return json.loads(data, object_pairs_hook=once, parse_constant=none)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{what} is not JSON ({error}): the bundle was changed, or made by something else") from None


def unbase64(what, text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Refused(f"{what} is not base64 ({error})") from None
    if base64.b64encode(data).decode() != text:
        raise Refused(f"{what} is not base64 in its one form")
    return data


# --- Keys and signatures -------------------------------------------------------------------

# What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410).
SPKI = bytes.fromhex("302a300506032b6570032100")


def pem_key(what, text):
    lines = text.split("\n")
    if lines[0] != "-----BEGIN PUBLIC KEY-----" or lines[-2:] != ["-----END PUBLIC KEY-----", ""]:
        raise Refused(f"{what} is not a public key in PEM")
    der = unbase64(what, "".join(lines[1:-2]))
    if len(der) != 44 or not der.startswith(SPKI):
        raise Refused(f"{what} is not an Ed25519 key")
    return der[12:]


def key_id(key):
    return hashlib.sha256(SPKI + key).hexdigest()


def signed_by(key, message, signature):
    """Whether the signature is this key's, by OpenSSL."""
    pem = "-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(SPKI + key).decode() + "\n-----END PUBLIC KEY-----\n"
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, name) for name in ("key", "message", "signature")]
        for path, content in zip(paths, (pem.encode(), message, signature)):
            with open(path, "wb") as file:
                file.write(content)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", paths[0], "-rawin", "-in", paths[1], "-sigfile", paths[2]]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError as error:
            raise Incomplete(f"openssl cannot be run ({error}): install it") from None
        if b"nrecognized" in done.stderr or b"nknown option" in done.stderr:
            raise Incomplete("this openssl has no `pkeyutl -rawin`: install version 1.1.1 or later")
        return done.returncode == 0


def note_key(what, text):
    """Name, hash and key of a public key as signed notes have it (C2SP signed-note)."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Refused(f"{what} is not a key of signed notes")
    name, number, encoded = parts
    data = unbase64(what, encoded)
    if len(data) != 33 or data[0] != 1:
        raise Refused(f"{what} is not an Ed25519 key")
    expected = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if number != expected.hex():
        raise Refused(f"{what} does not have the hash that it names")
    return name, expected, data[1:]


def note(what, text):
    """The text that is signed and the signatures of a note: (name, hash, signature)."""
    at = text.rfind("\n\n")
    if at < 0 or not text.endswith("\n"):
        raise Refused(f"{what} is not a signed note")
    signatures = []
    for line in text[at + 2 : -1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            raise Refused(f"{what} is not a signed note")
        data = unbase64(what, parts[2])
        signatures.append((parts[1], data[:4], data[4:]))
    return text[: at + 1], signatures


def signers(what, text, keys):
    """Which of these keys, as signed notes have them, have signed a note."""
    signed, signatures = note(what, text)
    found = []
    for line in keys:
        name, number, key = note_key(what, line)
        for signature in signatures:
            if signature[:2] == (name, number):
                if not signed_by(key, signed.encode(), signature[2]):
                    raise Refused(f"the signature of {what} by {key_id(key)} does not fit: it was changed; get the bundle anew")
                found.append(key)
    return signed, found


def checkpoint(what, text, node, keys):
    """Size, root and signer of a checkpoint of this node (C2SP tlog-checkpoint)."""
    signed, found = signers(what, text, keys)
    lines = signed.split("\n")
    if len(lines) != 4 or lines[3] != "" or not re.fullmatch("0|[1-9][0-9]*", lines[1]):
        raise Refused(f"{what} is not a checkpoint")
    if lines[0] != node:
        raise Refused(f"{what} is of {lines[0]}, and the bundle is of {node}: it was taken from elsewhere")
    if not found:
        raise Refused(f"{what} is signed by no key of the bundle: it was put together from several")
    root = unbase64(what, lines[2])
    return int(lines[1]), root, found[-1]


# --- The tree (RFC 6962, section 2.1) ------------------------------------------------------


def leaf_hash(content):
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Whole subtrees from the left, as (level, hash), and how many leaves they have."""

    def __init__(self):
        self.size = 0
        self.nodes = []

    def push(self, level, value):
        self.size += 1 << level
        while self.nodes and self.nodes[-1][0] == level:
            value = node_hash(self.nodes.pop()[1], value)
            level += 1
        self.nodes.append((level, value))

    def root(self):
        if not self.nodes:
            return hashlib.sha256(b"").digest()
        value = self.nodes[-1][1]
        for _, left in reversed(self.nodes[:-1]):
            value = node_hash(left, value)
        return value


def levels(begin, end):
    """Levels of the largest whole subtrees that have just the leaves from begin up to end."""
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        yield level
        begin += 1 << level


def continues(size, root, later, later_root, proof):
    """Whether the proof shows that a tree continues another (RFC 9162, section 2.1.4.2)."""
    if size == later:
        return root == later_root and not proof
    if not 0 < size < later:
        return False
    proof = ([root] if size & (size - 1) == 0 else []) + proof
    one, other = size - 1, later - 1
    while one & 1:
        one, other = one >> 1, other >> 1
    if not proof:
        return False
    old = new = proof[0]
    for value in proof[1:]:
        if other == 0:
            return False
        if one & 1 or one == other:
            old, new = node_hash(value, old), node_hash(value, new)
            while one and not one & 1:
                one, other = one >> 1, other >> 1
        else:
            new = node_hash(new, value)
        one, other = one >> 1, other >> 1
    return other == 0 and old == root and new == later_root


# --- Rows and leaves -------------------------------------------------------------------------

RECORD = "/judged/flow/flow/flow/record"

# Where the columns of a row belong in the entry, by type (docs/ledger.md, "Leaves").
LAYOUT = {
    "flow": {
        "at": {
            "product": "/judged/product",
            "verdict": "/judged/verdict",
            "rule": "/judged/rule",
            "address": RECORD + "/address",
            "port": RECORD + "/port",
            "protocol": RECORD + "/protocol",
            "direction": RECORD + "/direction",
            "scope": RECORD + "/scope",
            "egress_bytes": "/counters/egress_bytes",
            "egress_packets": "/counters/egress_packets",
            "ingress_bytes": "/counters/ingress_bytes",
            "ingress_packets": "/counters/ingress_packets",
            "attempts": RECORD + "/attempts",
            "flow": RECORD + "/id",
            "slot": "/slot",
            "recording": "/recording",
            "cgroup": RECORD + "/cgroup",
            "netns": RECORD + "/netns",
            "first_ns": RECORD + "/first_ns",
            "last_ns": RECORD + "/last_ns",
        },
        "sums": {"before_" + name: {"at": RECORD + "/counters/" + name, "add": name} for name in COUNTERS},
        "contexts": {
            "workload_facts": "/judged/flow/flow/flow/workload",
            "executable": "/judged/flow/flow/flow/executable",
            "process": RECORD + "/process",
            "names": "/judged/flow/flow/names",
            "place": "/judged/flow/place",
            "operator": "/judged/flow/operator_domicile",
            "reason": "/judged/reason",
        },
    },
    "uplink": {
        "at": {
            "address": "/record/address",
            "port": "/record/port",
            "protocol": "/record/protocol",
            "egress_bytes": "/counters/egress_bytes",
            "egress_packets": "/counters/egress_packets",
            "ingress_bytes": "/counters/ingress_bytes",
            "ingress_packets": "/counters/ingress_packets",
            "slot": "/slot",
            "recording": "/recording",
            "cgroup": "/record/cgroup",
            "first_ns": "/record/first_ns",
        },
        "sums": {"before_" + name: {"at": "/record/counters/" + name, "add": name} for name in COUNTERS},
        "contexts": {},
    },
}
NO_LAYOUT = {"at": {}, "sums": {}, "contexts": {}}
DERIVED = ["workload", "name", "provider", "organisation", "hosted_in", "domicile"]
ROW_INTEGERS = {
    "port", "protocol", *COUNTERS, *("before_" + name for name in COUNTERS), "attempts", "flow", "slot", "cgroup", "netns", "first_ns", "last_ns",
}
# Contexts that a pseudonymised bundle withholds: their digests stand in `rest`.
WITHHELD = ["workload_facts", "executable", "process"]


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def put(root, pointer, value):
    *way, last = pointer.split("/")[1:]
    for key in way:
        if not isinstance(root.get(key), dict):
            root[key] = {}
        root = root[key]
    root[last] = value


def get(root, pointer):
    for key in pointer.split("/")[1:]:
        root = root.get(key) if isinstance(root, dict) else None
    return root


def said(column, text):
    """What a context says that has columns of its own."""
    value = parse(column, text)
    if column == "workload_facts":
        return {"workload": get(value, "/name")}
    if column == "names":
        names = [name for name in get(value, "/names") or [] if isinstance(name, dict)]
        for grade in ("answered", "answered_untrusted", "presented"):
            for name in names:
                if name.get("grade") == grade:
                    return {"name": name.get("name")}
        return {}
    if column == "place":
        found = {"organisation": get(value, "/operator/value/organisation"), "hosted_in": get(value, "/hosted_in/value")}
        return {**found, "several": get(value, "/anycast/value")}
    if column == "operator":
        return {"provider": get(value, "/provider"), "domicile": get(value, "/country"), "several": get(value, "/anycast")}
    return {}


class Rows:
    """Makes leaves of rows, and compares what repeats a leaf with it."""

    def __init__(self, pseudonymised):
        self.pseudonymised = pseudonymised
        self.digests = {}
        self.saying = {}

    def entry(self, row):
        """The entry of a row, as its leaf has it: contexts are digests."""
        entry = parse("column rest", row["rest"])
        layout = LAYOUT.get(row["type"], NO_LAYOUT)
        self.form(row, entry, layout)
        entry["type"] = row["type"]
        for column, pointer in layout["at"].items():
            if row[column] is not None:
                put(entry, pointer, row[column])
        for column, where in layout["sums"].items():
            if row[column] is not None:
                put(entry, where["at"], row[column] + row[where["add"]])
        derived, several = {}, False
        for column, pointer in layout["contexts"].items():
            text = row[column]
            if text is None:
                continue
            if (column, text) not in self.digests:
                if len(self.digests) > 1_000_000:
                    self.digests.clear()
                    self.saying.clear()
                self.digests[column, text] = hashlib.sha256(text.encode()).hexdigest()
                self.saying[column, text] = said(column, text)
            put(entry, pointer, {"sha256": self.digests[column, text]})
            found = self.saying[column, text]
            several = several or found.get("several") is True
            derived.update({name: value for name, value in found.items() if isinstance(value, str)})
        if several:
            derived.pop("hosted_in", None)
        self.compare(row, layout, derived)
        return entry

    def form(self, row, rest, layout):
        """What has a column stands there, and nowhere else: a row has one form."""
        refused = Refused(f"entry {row['seq']} has in column rest what belongs into a column of its own: the row was changed")
        if "type" in rest or canonical(rest).decode() != row["rest"]:
            raise refused
        for column, pointer in layout["at"].items():
            value = get(rest, pointer)
            fits = type(value) is int and -(2**63) <= value < 2**63 if column in ROW_INTEGERS else isinstance(value, str)
            if fits or (row[column] is not None and value is not None):
                raise refused
        for column, where in layout["sums"].items():
            value = get(rest, where["at"])
            if value is not None and (row[column] is not None or type(value) is int and row[where["add"]] is not None and abs(value) < 2**62):
                raise refused
        for column, pointer in layout["contexts"].items():
            value = get(rest, pointer)
            withheld = self.pseudonymised and column in WITHHELD and isinstance(value, dict) and list(value) == ["sha256"]
            if value is not None and not withheld:
                raise refused

    def compare(self, row, layout, derived):
        """Columns that are no part of the leaf say what it says, or nothing."""
        seq = row["seq"]
        for column in DERIVED:
            value = row[column]
            if column == "workload" and self.pseudonymised and row["type"] == "flow":
                if value is None or not re.fullmatch("pseudonym:[0-9a-f]{16}", value):
                    raise Refused(f"entry {seq} names a workload in a bundle that is said to be pseudonymised")
            elif value != derived.get(column):
                raise Refused(f"entry {seq} has {value!r} in column {column}, and its contexts say {derived.get(column)!r}: the row was changed")
        used = {"seq", "time_ns", "time", "type", "rest", *DERIVED, *layout["at"], *layout["sums"], *layout["contexts"]}
        for column in row.keys() - used:
            if row[column] is not None:
                raise Refused(f"entry {seq}, of type {row['type']}, has a value in column {column}, which is no part of its leaf: the row was changed")


def segments(bundle, names, duckdb):
    """Rows of these files, one after the other, in the order in which they stand."""
    columns = None
    for name in names:
        with tempfile.TemporaryDirectory() as directory:
            # Never under a name that stands in the bundle.
            path = os.path.join(directory, "entries.parquet")
            with open(path, "wb") as file:
                for chunk in bundle.chunks(name):
                    file.write(chunk)
            connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
            try:
                facts = connection.execute("select value from parquet_kv_metadata(?) where key::varchar = 'weir.layout'", [path]).fetchall()
                if [parse(name, bytes(fact[0])) for fact in facts] != [LAYOUT]:
                    raise Refused(f"{name} says of its columns other than this script knows: it is of another version, or was changed")
                result = connection.execute("select * exclude (time), epoch_ns(time) as time_ns from read_parquet(?)", [path])
                found = [column[0] for column in result.description]
                if columns not in (None, found):
                    raise Refused(f"{name} has other columns than the file before it")
                columns = found
                while rows := result.fetchmany(ROWS):
                    for row in rows:
                        yield name, dict(zip(found, row))
            except duckdb.Error as error:
                first = str(error).split("\n", 1)[0]
                raise Refused(f"{name} cannot be read as Parquet ({first}): it was changed; get the bundle anew") from None
            finally:
                connection.close()


# --- What the log says ----------------------------------------------------------------------


class Run:
    """The run of one agent: heartbeats against the flows that are recorded.

    A heartbeat has the counts of all flows since the agent began. What was written of
    flows before it is at most that; what is written up to the next `balance`, before
    which every open flow is written, is at least that. What was written before the first
    entry that is shown is not known, and the same throughout. A heartbeat of the same sweep
    as a `balance`, which is one of the same time, counts exactly what is written.
    """

    def __init__(self, whole):
        self.written = [0] * 4
        self.least = [0] * 4
        self.most = [0 if whole else None] * 4
        self.counted = [0] * 4
        self.beats = 0
        self.lossy = False
        self.settled = None

    def flow(self, counters):
        self.settled = None
        self.written = [have + counters.get(name, 0) for have, name in zip(self.written, COUNTERS)]

    def beat(self, seq, time, counters):
        now = [counters.get(name, 0) for name in COUNTERS]
        if any(new < old for new, old in zip(now, self.counted)):
            raise Refused(f"heartbeat {seq} counts less than the one before it, and no agent began between them: entries were left out or changed")
        self.counted = now
        self.beats += 1
        rest = [count - have for count, have in zip(now, self.written)]
        self.most = [new if old is None else min(old, new) for old, new in zip(self.most, rest)]
        if self.settled == time:
            self.settle(seq, time)
        self.compare(seq)

    def settle(self, seq, time):
        """Every flow that is open was written before this entry."""
        self.settled = time
        if not self.lossy:
            rest = [count - have for count, have in zip(self.counted, self.written)]
            self.least = [max(old, new) for old, new in zip(self.least, rest)]
        self.compare(seq)

    def compare(self, seq):
        for name, least, most in zip(COUNTERS, self.least, self.most):
            if most is not None and least > most:
                raise Refused(f"up to entry {seq}, heartbeats count {least - most} more {name} than the flows that are shown, or flows more than heartbeats: entries were left out, added or changed")


class Log:
    """Follows the entries in order, and keeps what the checks after it need."""

    def __init__(self, first):
        self.first = first
        self.shown = self.flows = self.beats = 0
        self.hidden_within = 0
        self.keys, self.policies, self.gaps, self.holes = [], [], [], []
        self.started = None
        self.run = self.beat = self.alive = None
        self.trouble = {}

    def fail(self, check, error):
        self.trouble.setdefault(check, str(error))

    def take(self, seq, time, entry):
        kind = entry["type"]
        self.shown += 1
        if kind == "node_key":
            self.keys.append(entry.get("public_key"))
        elif kind == "key_rotated":
            self.rotated(seq, entry)
        elif kind == "started":
            self.policies.append((time, entry.get("allowlists")))
            self.started = time
        elif kind == "allowlists_loaded":
            self.policies.append((time, entry.get("digest")))
        elif kind == "gap":
            self.gaps.append((instant(entry.get("from")), instant(entry.get("to")), entry.get("reason")))
        if seq >= self.first:
            try:
                self.follow(seq, time, kind, entry)
            except Refused as error:
                self.fail("heartbeats", error)

    def rotated(self, seq, entry):
        if self.keys and entry.get("old") != self.keys[-1]:
            self.fail("log", f"entry {seq} replaces a key that was not in force")
        try:
            both = [entry.get("old"), entry.get("new")]
            text, found = signers(f"the note in entry {seq}", entry.get("note"), both)
            if len(found) != 2 or text != "weir key rotation\n{}\n{}\n".format(*both):
                raise Refused(f"entry {seq} replaces the key, and not both keys have signed that")
        except Refused as error:
            self.fail("log", error)
        if not self.keys:
            self.keys.append(entry.get("old"))
        self.keys.append(entry.get("new"))

    def follow(self, seq, time, kind, entry):
        if kind == "started":
            self.run, self.beat = Run(True), None
            self.alive = (seq, time, entry.get("boot_id"), entry.get("boot_ns"))
        elif kind == "flow":
            self.flows += 1
            self.of_run().flow(entry.get("counters") or {})
        elif kind == "gap" and entry.get("reason") == "store_full":
            self.of_run().lossy = True
        elif kind == "balance":
            self.of_run().settle(seq, time)
        elif kind == "heartbeat":
            self.beats += 1
            now = (seq, time, entry.get("boot_id"), entry.get("boot_ns"))
            if self.alive is not None:
                self.between(self.alive, now)
            self.alive = self.beat = now
            self.of_run().beat(seq, time, entry.get("counters") or {})
        elif kind == "stopped":
            run = self.of_run()
            run.beat(seq, time, entry.get("counters") or {})
            run.settle(seq, time)
            self.run = self.alive = None
        # An agent that wrote this was at work, and should have written a heartbeat before.
        if kind in ("flow", "uplink", "balance") and self.alive is not None and time - self.alive[1] > HEARTBEAT_NS:
            self.holes.append((self.alive[0], self.alive[1], time, seq))
            self.alive = None

    def of_run(self):
        if self.run is None:
            self.run = Run(False)
        return self.run

    def between(self, before, now):
        """Two heartbeats of one agent, or its beginning and the first."""
        same = before[2] == now[2] and None not in (before[3], now[3])
        passed = now[3] - before[3] if same else now[1] - before[1]
        if same and passed < 0:
            raise Refused(f"at entry {now[0]}, less time has passed since boot than at entry {before[0]}, in the same boot")
        if passed > HEARTBEAT_NS:
            self.holes.append((before[0], before[1], now[1], None))
        if same:
            step = (now[1] - before[1]) - passed
            if abs(step) > STEP_NS + passed // SLEW:
                self.holes.append((before[0], before[1], now[1], ("clock", now[0], step)))

    def explained(self, begin, end, reasons):
        begin, end = min(begin, end), max(begin, end)
        return any(begin <= to and start <= end and reason in reasons for start, to, reason in self.gaps)


def instant(text):
    """Nanoseconds since 1970 of a time in UTC (RFC 3339)."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", text if isinstance(text, str) else "")
    if not match:
        raise Refused(f"{text!r} is no time in UTC")
    try:
        whole = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refused(f"{text!r} is no time in UTC") from None
    since = whole - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (since.days * 86400 + since.seconds) * 10**9 + int((match[2] or "0").ljust(9, "0"))


def moment(ns):
    return datetime.fromtimestamp(ns // 10**9, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- The checks ----------------------------------------------------------------------------


class Verifier:
    def __init__(self, path, previous, trusted, quiet=False):
        self.path, self.previous, self.trusted, self.quiet = path, previous, trusted, quiet
        self.bundle = self.predicate = self.signer = self.log_of = None
        self.results = {}

    def run(self, checks=tuple(CHECKS)):
        # Trust may rest on replaced keys, which the log tells of.
        order = sorted(checks, key=lambda check: (CHECKS.index("log"), 1) if check == "trust" else (CHECKS.index(check), 0))
        for check in order:
            try:
                self.results[check] = ("ok", getattr(self, check)())
            except Refused as error:
                self.results[check] = ("FAILED", str(error))
            except Incomplete as error:
                self.results[check] = ("incomplete", str(error))
            except Skipped as error:
                self.results[check] = ("skipped", str(error))
            except Exception as error:  # pylint: disable=broad-except
                # Nothing that was not foreseen is ever taken for right.
                self.results[check] = ("FAILED", f"it cannot be read ({type(error).__name__}: {error}): it was changed, or made by something else")
        return self.results

    def word(self):
        outcomes = {outcome for outcome, _ in self.results.values()}
        if "FAILED" in outcomes:
            return "refused"
        return "incomplete" if "incomplete" in outcomes else "verified"

    def need(self, check):
        if self.results.get(check, ("skipped",))[0] in ("FAILED", "skipped"):
            raise Skipped(f"needs {check}")

    def progress(self, done, of):
        if not self.quiet and sys.stderr.isatty():
            end = "\r" if done < of else "\r\033[K"
            print(f"  {done} of {of} entries", end=end, file=sys.stderr, flush=True)

    def archive(self):
        try:
            self.bundle = Bundle(self.path)
        except OSError as error:
            raise Refused(f"{self.path} cannot be read ({error.strerror})") from None
        files = self.bundle.files.values()
        return f"{len(files)} plain files of {sum(size for _, _, size in files)} bytes, in the order of their names"

    def sums(self):
        self.need("archive")
        listed, last = {}, ""
        for number, line in enumerate(self.bundle.text(SUMS).split("\n")[:-1], 1):
            match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
            if not match or not good_name(match[2]) or match[2] <= last:
                raise Refused(f"{SUMS}:{number} is no line of such a list, or out of order: it was changed; get the bundle anew")
            last = match[2]
            listed[last] = match[1]
        if not self.bundle.read(SUMS).endswith(b"\n"):
            raise Refused(f"{SUMS} does not end with a whole line: it was cut; get the bundle anew")
        present = set(self.bundle.files) - {SUMS, STATEMENT}
        for name in sorted(present - set(listed)):
            raise Refused(f"{name} is in the bundle and not in {SUMS}: it was added; get the bundle anew")
        for name in sorted(set(listed) - present):
            raise Refused(f"{name} is in {SUMS} and not in the bundle: it was taken away; get the bundle anew")
        for name, wanted in listed.items():
            if self.digest(name) != wanted:
                raise Refused(f"{name} has another SHA-256 than {SUMS} says: it was changed; get the bundle anew")
        return f"{len(listed)} files have the SHA-256 that {SUMS} says"

    def digest(self, name):
        value = hashlib.sha256()
        for chunk in self.bundle.chunks(name):
            value.update(chunk)
        return value.hexdigest()

    def keys(self):
        """Keys of the bundle by id, each in the file of that name."""
        keys = {}
        for name in self.bundle.below("keys/"):
            if name != "keys/node.pub":
                key = pem_key(name, self.bundle.text(name))
                if name != f"keys/{key_id(key)}.pem":
                    raise Refused(f"{name} holds the key {key_id(key)}: it was exchanged")
                keys[key_id(key)] = key
        return keys

    def listed_keys(self):
        """Lines of keys/node.pub: the same keys, as signed notes have them, the newest last."""
        text = self.bundle.text("keys/node.pub")
        lines = text.split("\n")[:-1]
        ids = [key_id(note_key("keys/node.pub", line)[2]) for line in lines]
        if not text.endswith("\n") or sorted(ids) != sorted(self.keys()):
            raise Refused("keys/node.pub and the other files of keys/ have not the same keys: the bundle was put together from several")
        return lines

    def statement(self):
        self.need("archive")
        envelope = self.bundle.json(STATEMENT)
        if not isinstance(envelope, dict) or set(envelope) != {"payloadType", "payload", "signatures"}:
            raise Refused(f"{STATEMENT} is not an envelope (DSSE version 1)")
        if envelope["payloadType"] != PAYLOAD_TYPE:
            raise Refused(f"{STATEMENT} holds {envelope['payloadType']!r}, and {PAYLOAD_TYPE} is wanted")
        payload = unbase64(f"the payload of {STATEMENT}", envelope["payload"])
        self.signer = self.signer_of(payload, envelope["signatures"])
        statement = parse(STATEMENT, payload)
        if statement.get("_type") != STATEMENT_TYPE or statement.get("predicateType") != PREDICATE_TYPE:
            raise Refused(f"{STATEMENT} is no in-toto statement about a bundle of evidence")
        self.subjects(statement.get("subject"))
        predicate = statement.get("predicate")
        self.about(predicate)
        self.predicate = predicate
        period = predicate["period"]
        return f"{len(statement['subject'])} files of {predicate['node']}, {period['from']} to {period['to']}, signed by {self.signer}"

    def signer_of(self, payload, signatures):
        """Id of the key that signed: the newest of the node's."""
        message = b"DSSEv1 %d %s %d " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload)) + payload
        if not isinstance(signatures, list) or len(signatures) != 1:
            raise Refused(f"{STATEMENT} has not just one signature")
        claimed = signatures[0].get("keyid")
        signature = unbase64(f"the signature of {STATEMENT}", signatures[0].get("sig"))
        newest = note_key("keys/node.pub", self.listed_keys()[-1])[2]
        if claimed != key_id(newest):
            raise Refused(f"{STATEMENT} names the key {claimed}, and the newest of the node is {key_id(newest)}: it was signed by another, or by one that was replaced")
        if not signed_by(newest, message, signature):
            raise Refused(f"the signature by {claimed} does not fit what {STATEMENT} says: one of them was changed; get the bundle anew")
        return claimed

    def subjects(self, subjects):
        if not isinstance(subjects, list):
            raise Refused(f"{STATEMENT} names no files")
        named = {}
        for subject in subjects:
            named[subject["name"]] = subject["digest"]["sha256"]
        present = set(self.bundle.files) - {STATEMENT}
        for name in sorted(present ^ set(named)):
            where = "in the bundle and not in the statement" if name in present else "in the statement and not in the bundle"
            raise Refused(f"{name} is {where}: it was added or taken away after signing; get the bundle anew")
        if len(named) != len(subjects):
            raise Refused(f"{STATEMENT} names a file twice")
        for name in sorted(named):
            if self.digest(name) != named[name]:
                raise Refused(f"{name} has another SHA-256 than was signed: it was changed; get the bundle anew")

    def about(self, predicate):
        if not isinstance(predicate, dict) or predicate.get("schema") != SCHEMA:
            raise Refused(f"{STATEMENT} is of schema {get(predicate, '/schema')!r}, and this script knows {SCHEMA}: use the verify.py of that bundle")
        if not re.fullmatch("weir-node/[0-9a-f]{1,64}", predicate["node"]):
            raise Refused(f"{STATEMENT} has no name of a node")
        first, last = predicate["entries"]["first"], predicate["entries"]["last"]
        numbers = [first, last, predicate["tree"]["size"]]
        if not all(type(number) is int for number in numbers) or not 1 <= first <= last == predicate["tree"]["size"]:
            raise Refused(f"{STATEMENT} says entries {first} to {last} of a tree of {predicate['tree']['size']}")
        if instant(predicate["period"]["from"]) >= instant(predicate["period"]["to"]):
            raise Refused(f"{STATEMENT} says a period that is empty")
        if (predicate["previous"] is None) != (first == 1):
            raise Refused(f"{STATEMENT} begins with entry {first}, and says of a bundle before it: {predicate['previous']}")

    def node_path(self, name):
        return f"log/{self.predicate['node'].rsplit('/', 1)[1]}/{name}"

    def checkpoint(self):
        self.need("statement")
        path = self.node_path("checkpoint")
        size, root, key = checkpoint(path, self.bundle.text(path), self.predicate["node"], self.listed_keys())
        tree = self.predicate["tree"]
        if (size, root.hex()) != (tree["size"], tree["root"]):
            raise Refused(f"{path} is of {size} entries with root {root.hex()}, and the statement says {tree['size']} with {tree['root']}: they are of two exports")
        if key_id(key) != self.signer:
            raise Refused(f"{path} is signed by {key_id(key)}, and the statement by {self.signer}: they are of two exports")
        return f"{size} entries with root {root.hex()}, signed by the same key"

    def hidden(self):
        """Ranges that are not shown: first, last, hashes of whole subtrees."""
        path, last = self.node_path("hidden.jsonl"), 0
        if path not in self.bundle.files:
            return
        for number, line in enumerate(self.bundle.text(path).split("\n")[:-1], 1):
            value = parse(f"{path}:{number}", line)
            if not isinstance(value, dict) or set(value) != {"first", "last", "nodes"} or not (
                type(value["first"]) is type(value["last"]) is int and last < value["first"] <= value["last"]
            ):
                raise Refused(f"{path}:{number} is no range of entries, or out of order")
            last = value["last"]
            wanted = list(levels(value["first"] - 1, last))
            nodes = [(level, bytes.fromhex(text)) for level, text in value["nodes"]]
            if [level for level, _ in nodes] != wanted or any(len(text) != 32 for _, text in nodes):
                raise Refused(f"{path}:{number} has not the largest whole subtrees of entries {value['first']} to {last}")
            yield value["first"], last, nodes

    def log(self):
        self.need("statement")
        try:
            import duckdb  # pylint: disable=import-outside-toplevel
        except ImportError:
            raise Incomplete("the rows were not read: install the Python module duckdb") from None
        self.named_only()
        entries, tree = self.predicate["entries"], Tree()
        log = Log(entries["first"])
        hidden = self.hidden()
        pending = next(hidden, None)

        def skip(until):
            nonlocal pending
            while pending is not None and pending[0] == tree.size + 1 and (until is None or pending[1] < until):
                if pending[1] >= entries["first"]:
                    log.hidden_within += pending[1] - max(pending[0], entries["first"]) + 1
                for level, value in pending[2]:
                    tree.push(level, value)
                pending = next(hidden, None)

        names = sorted(self.bundle.below(self.node_path("entries-")))
        rows = Rows(self.predicate["disclosure"].get("pseudonymised") is True)
        before = None
        for name, row in segments(self.bundle, names, duckdb):
            seq = row["seq"]
            if name != before and name != self.node_path(f"entries-{seq:020}.parquet"):
                raise Refused(f"{name} begins with entry {seq}, and its name says another")
            before = name
            skip(seq)
            if seq != tree.size + 1:
                what = "stands twice or out of order" if seq <= tree.size else f"stands where entry {tree.size + 1} should"
                raise Refused(f"{name}: entry {seq} {what}: entries were taken away, added or moved; get the bundle anew")
            entry = rows.entry(row)
            leaf = canonical({"entry": entry, "seq": seq, "time_ns": row["time_ns"]})
            tree.push(0, leaf_hash(leaf))
            log.take(seq, row["time_ns"], entry)
            if seq % 1000 == 0:
                self.progress(seq, entries["last"])
        skip(None)
        self.progress(1, 1)
        if pending is not None or tree.size != entries["last"]:
            raise Refused(f"entry {tree.size + 1} is neither shown nor hidden: entries were taken away; get the bundle anew")
        if tree.root().hex() != self.predicate["tree"]["root"]:
            raise Refused(f"the {log.shown} entries that are shown and {tree.size - log.shown} that are hidden have the root {tree.root().hex()}, and {self.predicate['tree']['root']} was signed: an entry or a hidden range was changed")
        if "log" in log.trouble:
            raise Refused(log.trouble["log"])
        if log.keys != self.listed_keys()[: len(log.keys)]:
            raise Refused("the keys that the log tells of are not those of keys/node.pub: keys were added or exchanged")
        self.log_of = log
        return f"{log.shown} entries shown and {tree.size - log.shown} hidden have the root that was signed"

    def named_only(self):
        """Under log/, nothing but what is read here."""
        known = {self.node_path(name) for name in ("checkpoint", "previous.checkpoint", "consistency.proof", "hidden.jsonl")}
        for name in self.bundle.below("log/"):
            if name not in known and not re.fullmatch(re.escape(self.node_path("entries-")) + r"\d{20}\.parquet", name):
                raise Refused(f"{name} is no part of a log: it was added")

    def trust(self):
        self.need("statement")
        if not self.trusted:
            raise Incomplete(f"the bundle is signed by the key {self.signer}: ask the operator, by another way, whether that is the node's, and give it by --trust")
        if self.signer in self.trusted:
            return f"signed by {self.signer}, which is trusted"
        ids = [key_id(note_key("keys/node.pub", line)[2]) for line in self.listed_keys()]
        if len(ids) > 1 and self.log_of is None and self.results["log"][0] == "incomplete":
            raise Incomplete(f"signed by {self.signer}, which is not among the trusted: whether a trusted key was replaced by it stands in rows that were not read")
        proven = [key_id(note_key("the log", line)[2]) for line in self.log_of.keys] if self.log_of else []
        if self.signer in proven and any(key in self.trusted for key in proven[: proven.index(self.signer)]):
            return f"signed by {self.signer}, which took the place of a trusted key: the log has the rotation, signed by both"
        raise Refused(f"signed by {self.signer}; trusted are {', '.join(sorted(self.trusted))}: ask the operator for the node's key, or do not rely on this bundle")

    def proof(self):
        path = self.node_path("consistency.proof")
        text = self.bundle.text(path)
        if text and not text.endswith("\n"):
            raise Refused(f"{path} does not end with a whole line: it was cut")
        proof = [unbase64(path, line) for line in text.split("\n")[:-1]]
        if any(len(value) != 32 for value in proof):
            raise Refused(f"{path} has a line that is no hash")
        return proof

    def consistency(self):
        self.need("checkpoint")
        said, tree, node = self.predicate["previous"], self.predicate["tree"], self.predicate["node"]
        if said is None:
            if self.previous:
                raise Refused("the bundle begins with entry 1, and a previous one was given: they are of two logs, or in the wrong order")
            return "the bundle begins with the first entry of the log"
        path = self.node_path("previous.checkpoint")
        size, root, _ = checkpoint(path, self.bundle.text(path), node, self.listed_keys())
        if (size, root.hex()) != (said["size"], said["root"]):
            raise Refused(f"{path} is of {size} entries with root {root.hex()}, and the statement says {said['size']} with {said['root']}")
        if not continues(size, root, tree["size"], bytes.fromhex(tree["root"]), self.proof()):
            raise Refused(f"{self.node_path('consistency.proof')} does not show that the log of {tree['size']} entries continues that of {size}: the log was written anew")
        if not self.previous:
            raise Incomplete(f"the log continues the one of {size} entries with root {root.hex()}: whether that is the one you had is not known without --previous")
        return self.after(size, root.hex())

    def after(self, size, root):
        """This bundle against the one before it."""
        before = Verifier(self.previous, None, set(), quiet=True)
        before.run(("archive", "sums", "statement", "checkpoint"))
        for check, (outcome, sentence) in before.results.items():
            if outcome == "FAILED":
                raise Refused(f"the previous bundle does not hold itself ({check}): {sentence}")
            if outcome == "incomplete":
                raise Incomplete(f"the previous bundle could not be read ({check}): {sentence}")
        old = before.predicate
        if old["node"] != self.predicate["node"]:
            raise Refused(f"the previous bundle is of {old['node']}: give the one of this node")
        keys, had = self.listed_keys(), before.listed_keys()
        if keys[: len(had)] != had:
            raise Refused("keys of the previous bundle are not in this one: another signs in the node's name")
        tree = old["tree"]
        if tree["size"] > self.predicate["tree"]["size"]:
            raise Refused(f"the previous bundle has {tree['size']} entries and this one {self.predicate['tree']['size']}: the log was rolled back, or the bundles are in the wrong order")
        if (tree["size"], tree["root"]) != (size, root):
            what = "another history of as many entries" if tree["size"] == size else f"{tree['size']} entries"
            raise Refused(f"this bundle continues a log of {size} entries with root {root}, and the previous one has {what} (root {tree['root']}): the log was forked, or a bundle between them is missing")
        end, begin = old["period"]["to"], self.predicate["period"]["from"]
        if instant(end) < instant(begin):
            raise Incomplete(f"the log continues that of the previous bundle; {end} to {begin} is in neither: ask for that period, too")
        return f"continues the {size} entries of the previous bundle, whose period ends at {end}"

    def heartbeats(self):
        self.need("log")
        log = self.log_of
        if log is None:
            raise Incomplete("the rows were not read")
        if "heartbeats" in log.trouble and not log.hidden_within:
            raise Refused(log.trouble["heartbeats"])
        silent = 0
        for seq, begin, end, why in log.holes:
            if isinstance(why, tuple):
                if not log.explained(begin, end, {"clock_step"}):
                    raise Refused(f"after entry {seq}, the clock was set by {why[2] / 1e9:+.3f} s up to entry {why[1]}, and no gap says so: an entry was left out or changed")
            elif not log.explained(begin, end, SILENCE):
                if why is not None:
                    raise Refused(f"no heartbeat for {(end - begin) // 10**9} s after entry {seq}, though the agent wrote entry {why}: a heartbeat was left out")
                silent += 1
        if silent:
            raise Incomplete(f"{log.beats} heartbeats; {silent} times none for more than {HEARTBEAT_NS // 10**9} s, with no entry that says why")
        if log.hidden_within:
            raise Incomplete(f"{log.beats} heartbeats, none missing; {log.hidden_within} entries are hidden, so that counts cannot be added up")
        return f"{log.beats} heartbeats, none missing, agree with the counts of {log.flows} flow entries and with the time since boot"

    def coverage(self):
        self.need("log")
        raise Incomplete("not checked here: needs weir evidence verify")

    def inventory(self):
        raise Skipped("nodes are compared with an inventory by weir evidence verify --inventory")

    def policy(self):
        self.need("sums")
        sets = {}
        for name in self.bundle.below("policy/"):
            parts = name.split("/")
            if len(parts) == 3 and re.fullmatch("[0-9a-f]{64}", parts[1]):
                sets.setdefault(parts[1], []).append(name)
            elif name != "policy/in-force.json":
                raise Refused(f"{name} is no part of a set of allowlists: it was added")
        for digest, names in sets.items():
            text = "".join(f"{self.digest(name)}  {name.split('/')[2]}\n" for name in sorted(names))
            found = hashlib.sha256(text.encode()).hexdigest()
            if found != digest:
                raise Refused(f"policy/{digest} has files of a set with digest {found}: an allowlist was changed, added or taken away")
        listed = {item["digest"] for item in self.bundle.json("policy/in-force.json")}
        for digest in sorted(listed ^ set(sets)):
            where = "in force, and its files are missing" if digest in listed else "there, and was not in force"
            raise Refused(f"the set {digest} is {where}: get the bundle anew")
        if self.log_of is None:
            raise Incomplete(f"{len(sets)} sets have the digests that name them; by which of them flows were judged stands in rows that were not read")
        self.in_force(listed)
        return f"{len(sets)} sets of allowlists, each with the digest that the log tells of"

    def in_force(self, listed):
        begin, end = (instant(self.predicate["period"][name]) for name in ("from", "to"))
        wanted, last = set(), None
        for time, digest in self.log_of.policies:
            if time < begin:
                last = digest
            elif time < end:
                wanted.add(digest)
        if last is not None:
            wanted.add(last)
        if wanted != listed:
            raise Refused(f"policy/in-force.json has {', '.join(sorted(listed)) or 'no set'}, and the log {', '.join(sorted(wanted)) or 'none'}: a set was exchanged")

    def judgement(self):
        raise Incomplete("flows are judged again by weir evidence verify, not here")

    def findings(self):
        raise Incomplete("followed again by weir evidence verify, not here")

    def claims(self):
        raise Incomplete("evaluated again by weir evidence verify, not here")

    def derived(self):
        raise Incomplete("made again and compared by weir evidence verify, not here")


def key_of(text):
    if re.fullmatch("[0-9a-f]{64}", text):
        return text
    try:
        with open(text, encoding="utf-8") as file:
            return key_id(pem_key(text, file.read()))
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{text} is neither a key id nor a file that can be read ({error})") from None
    except Refused as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main():
    parser = argparse.ArgumentParser(description="Checks a bundle of evidence.")
    parser.add_argument("bundle", metavar="BUNDLE", help="archive, or directory it was unpacked into")
    parser.add_argument("--previous", metavar="BUNDLE", help="the bundle of the period before")
    parser.add_argument("--trust", metavar="KEY", action="append", type=key_of, default=[], help="file of a public key (PEM), or its id")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    verifier = Verifier(arguments.bundle, arguments.previous, set(arguments.trust))
    verifier.run()
    word = verifier.word()
    for check in CHECKS:
        outcome, sentence = verifier.results[check]
        if arguments.format == "json":
            print(json.dumps({"type": "check", "check": check, "outcome": outcome, "detail": sentence}, ensure_ascii=False))
        else:
            print(f"{check:<12} {outcome:<11} {sentence}")
    print(json.dumps({"type": "word", "word": word}) if arguments.format == "json" else word)
    sys.exit(EXIT[word])


if __name__ == "__main__":
    main()
