"""Pseudonyms: repeatable with the key, and not to be guessed without it.

A keyed hash of the identifier, or, with a key of mode `random_table`, random bytes that its crosswalk keeps.
"""

import base64
import hashlib
import hmac
from typing import Final, Literal

from cinemyo.deid.keys import Key

Kind = Literal["patient", "exam", "series", "cine", "instance", "scanner", "accession"]

LETTERS: Final[dict[Kind, str]] = {
    "patient": "p",
    "exam": "e",
    "series": "s",
    "cine": "c",
    "instance": "i",
    "scanner": "d",
    "accession": "a",
}
_BYTES: Final = 10  # 80 bits, 16 characters of base32


def pseudonym(kind: Kind, *parts: str, key: Key) -> str:
    """A letter for the kind, a hyphen and 80 bits in base32, such as `p-abcdefghijklmnop`.

    `parts` are the identifiers that make the item unique, as text; each is stripped of surrounding blanks.

    Source: HMAC-SHA256 over the kind and the parts, each preceded by its length, so that no two lists run together; or
    the crosswalk's random code.
    """
    digest = _code(kind, *(part.strip() for part in parts), key=key)
    return f"{LETTERS[kind]}-{base64.b32encode(digest[:_BYTES]).decode('ascii').lower()}"


class KeyedDigest:
    """What `keyed_hash` gives, for content that comes in pieces."""

    def __init__(self, *, key: Key) -> None:
        self._mac = hmac.new(key.secret, b"cinemyo/content\0", hashlib.sha256)

    def update(self, piece: bytes) -> None:
        """Adds the next piece."""
        self._mac.update(piece)

    def hexdigest(self) -> str:
        """The 64 hexadecimal characters so far."""
        return self._mac.hexdigest()


def keyed_hash(content: bytes | str, *, key: Key) -> str:
    """The 64 hexadecimal characters of the HMAC-SHA256 of a file's bytes or of a name."""
    digest = KeyedDigest(key=key)
    digest.update(content.encode() if isinstance(content, str) else content)
    return digest.hexdigest()


def file_code(name: str | bytes, *, key: Key) -> str:
    """The 32 hexadecimal characters that stand for a file's name below its root, forward slashes between the parts."""
    encoded = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    if key.asking() is key:
        return keyed_hash(encoded, key=key)[:32]
    return key.code(_message("file", encoded)).hex()


def keyed_uid(uid: str, *, key: Key) -> str:
    """A DICOM UID `2.25.<128-bit number>` in place of `uid`, the same wherever that UID is referred to.

    Source: DICOM PS3.5 2024, B.2 (UUID-derived UIDs)
    """
    return f"2.25.{int.from_bytes(_code('uid', uid.strip(), key=key)[:16], 'big')}"


def _code(domain: str, *parts: str, key: Key) -> bytes:
    return key.code(_message(domain, *(part.encode("utf-8", "surrogatepass") for part in parts)))


def _message(domain: str, *parts: bytes) -> bytes:
    fields = [f"cinemyo/{domain}".encode(), *parts]
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
