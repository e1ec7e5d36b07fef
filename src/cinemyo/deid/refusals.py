"""Whoever withdrew, as keyed codes: with the key a patient who comes again is known, without it nobody is.

A code is made of the pseudonym, not of the hospital's identifier. Where pseudonyms are drawn at random nothing that is
kept derives from the identifier then; there the crosswalk, which the holder of the key keeps, tells who comes again.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from cinemyo.deid.keys import Key
from cinemyo.errors import IdentityKeyError, TableError
from cinemyo.schema import read
from cinemyo.sheets import WITHDRAWN


@dataclass(frozen=True)
class Refusals:
    """The patients whom ingest must not take; holds codes alone."""

    codes: frozenset[str]
    key: Key = field(repr=False)

    def __contains__(self, patient_id: object) -> bool:
        """Whether a pseudonym is that of a patient who withdrew; an item of no known patient never is."""
        return bool(self.codes) and isinstance(patient_id, str) and refusal(patient_id, key=self.key) in self.codes


def refusal(patient_id: str, *, key: Key) -> str:
    """The 64 hexadecimal characters by which a withdrawn patient is known again.

    Source: HMAC-SHA256 over a domain of its own and the pseudonym, each preceded by its length
    """
    fields = (b"cinemyo/refusal", patient_id.encode("ascii"))
    message = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return hmac.new(key.secret, message, hashlib.sha256).hexdigest()


def read_refusals(path: Path, *, key: Key) -> Refusals:
    """The refusals on a study's sheet, which are all under the present key.

    Raises:
        TableError: the sheet is absent or broken.
        IdentityKeyError: a code was made under another key: its patient would pass for a new one.
    """
    if not path.is_file():
        remedy = f"write a file with this line alone: {','.join(WITHDRAWN.header)}"
        raise TableError(str(path), expected="the sheet of those who withdrew", got="no file", remedy=remedy)
    sheet = read(path, table=WITHDRAWN)
    others = sorted(set(sheet["key_id"]) - {key.id})
    if others:
        raise IdentityKeyError(
            str(path),
            expected=f"refusals made under {key}",
            got=f"{int((sheet['key_id'] != key.id).sum())} under another ({', '.join(others)})",
            remedy="use the study's key, or withdraw these patients again under the new one: they would be taken in",
        )
    return Refusals(frozenset(sheet["refusal"]), key)
