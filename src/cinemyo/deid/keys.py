"""The key of the pseudonyms: published for public identifiers, a private file for everyone else's.

Three modes. `published` and `file` make a pseudonym by a keyed hash of the identifier. `random_table` draws it at
random and keeps the pair in an encrypted crosswalk (`crosswalk`), so that no pseudonym derives from an identifier.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from cinemyo.errors import IdentityKeyError

PUBLISHED_KEY: Final = b"cinemyo: a published key, for identifiers that are public already"
"""Not a secret. Phantoms (false identities) and ACDC (public identifiers) use it, so that their pseudonyms are the same
everywhere. A hospital's identifiers under this key would be open to anyone who can list them: use a key file."""

KEY_VARIABLE: Final = "CINEMYO_KEY_FILE"
KEY_BYTES: Final = 32
KeyMode = Literal["published", "file", "random_table"]


@dataclass(frozen=True)
class Key:
    """The bytes of a key, shown nowhere; what is recorded is its `id`."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuses a short key.

        Raises:
            IdentityKeyError: fewer than 32 bytes.
        """
        if len(self.secret) < KEY_BYTES:
            raise IdentityKeyError(
                "key of the pseudonyms",
                expected=f"at least {KEY_BYTES} bytes",
                got=f"{len(self.secret)}",
                remedy="make one with `cinemyo key new FILE`",
            )

    @property
    def id(self) -> str:
        """Eight hexadecimal characters that tell keys apart and give nothing of them away."""
        return hashlib.sha256(self.secret).hexdigest()[:8]

    def code(self, message: bytes) -> bytes:
        """The bytes that stand for an identifier: its HMAC-SHA256."""
        return hmac.new(self.secret, message, hashlib.sha256).digest()

    def asking(self) -> "Key":
        """The key for looking up alone: it draws no new pseudonym."""
        return self

    def __str__(self) -> str:
        """The id, so that no message shows the key."""
        return f"key {self.id}"

    def __repr__(self) -> str:
        """The id, so that no log shows the key."""
        return f"Key(id={self.id!r})"

    def __reduce__(self) -> str:
        """Refuses to be pickled: a key is in memory and in its file, nowhere else."""
        raise TypeError("a key is never pickled")


def load_key(mode: KeyMode) -> Key:
    """The published key, or the one in the file that `CINEMYO_KEY_FILE` names, with its crosswalk in `random_table`.

    Raises:
        IdentityKeyError: the variable is unset, the file is absent, readable by others, or too short, or the crosswalk
            belongs to another key.
    """
    if mode == "published":
        return Key(PUBLISHED_KEY)
    name = os.environ.get(KEY_VARIABLE, "")
    if not name:
        raise IdentityKeyError(
            KEY_VARIABLE,
            expected="the path of a key file",
            got="nothing",
            remedy=f"make one with `cinemyo key new FILE`, then set {KEY_VARIABLE}=FILE",
        )
    path = Path(name).expanduser()
    key = _read(path)
    if mode == "file":
        return key
    from cinemyo.deid.crosswalk import table_key

    return table_key(key, key_file=path)


def new_key(path: Path) -> Key:
    """A new random key, also written to `path` as hexadecimal text with mode 0600; an existing file is never replaced.

    Raises:
        IdentityKeyError: the file exists, or its folder cannot be written.
    """
    secret = secrets.token_bytes(KEY_BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise IdentityKeyError(
            str(path),
            expected="a new file",
            got="an existing one",
            remedy="choose another name: keys are never replaced",
        ) from None
    except OSError as error:
        raise IdentityKeyError(
            str(path), expected="a folder that can be written", got=str(error.strerror), remedy="choose another place"
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return Key(secret)


def _read(path: Path) -> Key:
    make = "make one with `cinemyo key new FILE`"
    if not path.is_file():
        raise IdentityKeyError(f"key file {path}", expected="a key file", got="no such file", remedy=make)
    mode = path.stat().st_mode & 0o777
    if mode & 0o177:
        raise IdentityKeyError(
            f"key file {path}", expected="mode 0600", got=f"{mode:04o}", remedy=f"run `chmod 600 {path}` or {make}"
        )
    try:
        secret = _decoded(path.read_bytes())
    except OSError as error:
        raise IdentityKeyError(
            f"key file {path}", expected="a file that you can read", got=str(error.strerror), remedy=make
        ) from None
    if len(secret) < KEY_BYTES:
        raise IdentityKeyError(
            f"key file {path}", expected=f"at least {KEY_BYTES} random bytes", got=f"{len(secret)}", remedy=make
        )
    return Key(secret)


def _decoded(content: bytes) -> bytes:
    """The bytes that hexadecimal text stands for, or the content as it is."""
    try:
        return bytes.fromhex(content.decode("ascii"))
    except ValueError:
        return content
