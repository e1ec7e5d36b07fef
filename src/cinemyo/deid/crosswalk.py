"""Pseudonyms drawn at random, and the encrypted file that keeps which identifier each of them stands for."""

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cinemyo.deid.keys import Key
from cinemyo.errors import IdentityKeyError

CROSSWALK_VARIABLE: Final = "CINEMYO_CROSSWALK_FILE"
SUFFIX: Final = ".crosswalk"

_MAGIC: Final = b"cinemyo crosswalk 1\n"
_LENGTH, _NONCE, _CODE = 4, 12, 16
_MANY: Final = (b"cinemyo/uid", b"cinemyo/file", b"cinemyo/instance")
"""Kinds that come by the thousand. They are not forced to the disk one by one: if the power fails, such a code is drawn
anew; a person's code is never lost."""


class Crosswalk:
    """The file: records of an identifier and its code, each sealed with AES-256-GCM under a key made of the key file.

    It is added to under a lock, so that processes at work side by side give one identifier one code. An identifier that
    is there already keeps its code for ever; records are never changed.
    """

    def __init__(self, path: Path, *, secret: bytes) -> None:
        self._path = path
        self._cipher = AESGCM(hmac.new(secret, b"cinemyo/crosswalk", hashlib.sha256).digest())
        self._codes: dict[bytes, bytes] = {}
        self._end = 0
        with self._locked() as handle:
            self._catch_up(handle)

    def code(self, message: bytes) -> bytes:
        """The 16 bytes that stand for an identifier; drawn and written where it is new.

        Raises:
            IdentityKeyError: the file cannot be written, or belongs to another key.
        """
        known = self.known(message)
        if known is not None:
            return known
        with self._locked() as handle:
            self._catch_up(handle)
            if message not in self._codes:
                self._add(handle, message, secrets.token_bytes(_CODE))
        return self._codes[message]

    def known(self, message: bytes) -> bytes | None:
        """The code of an identifier, or None where it has none."""
        return self._codes.get(message)

    def __len__(self) -> int:
        """How many identifiers have a code."""
        return len(self._codes)

    def _add(self, handle: int, message: bytes, code: bytes) -> None:
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, code + message, self._place())
        record = len(sealed).to_bytes(_LENGTH, "big") + sealed
        os.pwrite(handle, record, self._end)
        if not any(kind in message for kind in _MANY):
            os.fdatasync(handle)
        self._codes[message] = code
        self._end += len(record)

    def _catch_up(self, handle: int) -> None:
        """Takes in what other processes have added; half a record, left by a crash, is cut off."""
        size = os.fstat(handle).st_size
        if size == 0:
            os.pwrite(handle, _MAGIC, 0)
            size = len(_MAGIC)
        if self._end == 0:
            if os.pread(handle, len(_MAGIC), 0) != _MAGIC:
                raise self._fault("a crosswalk", "another file")
            self._end = len(_MAGIC)
        tail, start = os.pread(handle, size - self._end, self._end), 0
        while len(tail) - start >= _LENGTH:
            stop = start + _LENGTH + int.from_bytes(tail[start : start + _LENGTH], "big")
            if stop > len(tail):
                break
            self._open(tail[start + _LENGTH : stop])
            self._end += stop - start
            start = stop
        if start < len(tail):
            os.ftruncate(handle, self._end)

    def _open(self, sealed: bytes) -> None:
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._place())
        except (InvalidTag, ValueError):
            raise self._fault("records sealed under this key", "others, or altered ones") from None
        self._codes[plain[_CODE:]] = plain[:_CODE]

    def _place(self) -> bytes:
        """Where a record begins: sealed with it, so that none can be moved or taken out."""
        return self._end.to_bytes(8, "big")

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._fault("a file that can be read and written", str(error.strerror)) from None
        try:
            if os.fstat(handle).st_mode & 0o177:
                raise self._fault("mode 0600", f"{os.fstat(handle).st_mode & 0o777:04o}")
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _fault(self, expected: str, got: str) -> IdentityKeyError:
        remedy = f"use the key and the crosswalk that belong together ({CROSSWALK_VARIABLE}), mode 0600"
        return IdentityKeyError(f"crosswalk {self._path}", expected=expected, got=got, remedy=remedy)


@dataclass(frozen=True)
class TableKey(Key):
    """A key whose pseudonyms are drawn at random and kept in a crosswalk; its secret seals the file and hashes content.

    Source: 45 CFR 164.514(c) (a code is not derived from information about the individual)
    """

    crosswalk: Crosswalk = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """Eight hexadecimal characters, others than those of the same secret used for keyed hashes."""
        return hashlib.sha256(self.secret + b"/random_table").hexdigest()[:8]

    def code(self, message: bytes) -> bytes:
        """The bytes that the crosswalk keeps for an identifier."""
        return self.crosswalk.code(message)

    def asking(self) -> Key:
        """The same key, which adds nothing to the crosswalk."""
        return _AskingKey(self.secret, self.crosswalk)

    __repr__ = Key.__repr__


@dataclass(frozen=True)
class _AskingKey(TableKey):
    def code(self, message: bytes) -> bytes:
        """The code of a known identifier; bytes that stand for nothing where it is unknown."""
        known = self.crosswalk.known(message)
        return secrets.token_bytes(_CODE) if known is None else known

    __repr__ = Key.__repr__


def table_key(key: Key, *, key_file: Path) -> TableKey:
    """The key of random pseudonyms; its crosswalk is what CINEMYO_CROSSWALK_FILE names, else lies beside the key file.

    Raises:
        IdentityKeyError: the crosswalk cannot be read and written by its owner alone, or belongs to another key.
    """
    said = os.environ.get(CROSSWALK_VARIABLE, "")
    path = Path(said).expanduser() if said else key_file.with_name(key_file.name + SUFFIX)
    return TableKey(key.secret, Crosswalk(path, secret=key.secret))
