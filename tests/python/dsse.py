#!/usr/bin/env python3
"""Opens a DSSE envelope with securesystemslib, the library of in-toto and TUF, and prints its payload.

    dsse.py ENVELOPE KEY.pem

The library matches keys by the id that a signature names, so the key gets the id that stands there; what is
verified is the signature by the given key.
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def main(envelope, pem):
    with open(envelope, encoding="utf-8") as file:
        opened = Envelope.from_dict(json.load(file))
    with open(pem, "rb") as file:
        key = load_pem_public_key(file.read())
    keys = [SSlibKey.from_crypto(key, keyid=keyid) for keyid in opened.signatures]
    try:
        opened.verify(keys, 1)
    except VerificationError as error:
        print(f"{envelope}: {error}")
        return 1
    sys.stdout.write(opened.payload.decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
