#!/usr/bin/env python3
"""Opens a checkpoint with the reader of signed notes that Sigstore's client has for its own log.

    checkpoint.py CHECKPOINT KEY

KEY is a public key as signed notes have it: `name+id+key` (C2SP signed-note). Prints origin, size and root, the
root in hexadecimal. The id of an Ed25519 key is made here from name and key, as C2SP says, since that of
Sigstore's older logs is another; parsing and the signature are Sigstore's.
"""

import base64
import hashlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.trust import Keyring
from sigstore._utils import KeyID
from sigstore.errors import VerificationError
from sigstore_models.common import v1

ED25519 = b"\x01"


def key_of(text):
    """The id, and the key as a keyring of Sigstore's."""
    name, id, key = text.strip().split("+", 2)
    key = base64.b64decode(key)
    made = hashlib.sha256(name.encode() + b"\n" + key).digest()
    if key[:1] != ED25519 or made[:4].hex() != id:
        sys.exit(f"{id} is not the id of an Ed25519 key of {name}")
    der = Ed25519PublicKey.from_public_bytes(key[1:]).public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    public = v1.PublicKey(raw_bytes=base64.b64encode(der), key_details=v1.PublicKeyDetails.PKIX_ED25519)
    return name, KeyID(made), Keyring([public])


def main(path, key):
    name, id, keyring = key_of(key)
    with open(path, encoding="utf-8", newline="") as file:
        signed = SignedCheckpoint.from_text(file.read())
    try:
        signed.signed_note.verify(keyring, id)
    except VerificationError as error:
        print(f"{path}: {error}")
        return 1
    tree = signed.checkpoint
    if tree.origin != name:
        print(f"{path}: the origin is {tree.origin}, the key that of {name}")
        return 1
    print(tree.origin, tree.log_size, tree.log_hash)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
