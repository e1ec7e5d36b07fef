"""What the ledger's commitments stand for: who, with which salt, and what; it can be deleted patient by patient.

A commitment is the SHA-256 of a random salt and of canonical JSON. Without this file nobody can tell which patient a
commitment of the ledger concerns, nor try values until one fits; with it, that nothing was changed can be shown.
"""

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from cinemyo.errors import AuditError

DETAILS: Final = Path("audit") / "details.sqlite"
SALT_BYTES: Final = 32
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS commitments (
    number INTEGER PRIMARY KEY, commitment TEXT NOT NULL UNIQUE, patient TEXT NOT NULL, topic TEXT NOT NULL,
    salt BLOB NOT NULL, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_patient ON commitments (patient);
CREATE TABLE IF NOT EXISTS manifests (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL);
"""


class Details:
    """The contents behind commitments, and the manifests of folders, whose file names are pseudonyms.

    The file is readable by its owner alone; what is deleted is overwritten with zeros inside it.
    """

    def __init__(self, path: Path = DETAILS) -> None:
        self.path = path

    def commit(self, patient: str, content: Mapping[str, Any]) -> str:
        """The commitment to a content about a patient (a pseudonym); kept on the disk when this returns.

        `topic` in the content tells kinds of content apart, such as `patient` and `labels`.
        """
        return self.commit_all([(patient, content)])[0]

    def commit_all(self, contents: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
        """The commitments to many contents, all kept or none."""
        rows = [_row(patient, content) for patient, content in contents]
        self._insert(rows)
        return [row[0] for row in rows]

    def _insert(self, rows: Sequence[tuple[str, str, str, bytes, str]]) -> None:
        if rows:
            statement = "INSERT INTO commitments (commitment, patient, topic, salt, content) VALUES (?, ?, ?, ?, ?)"
            with self._open() as database:
                database.executemany(statement, rows)

    def reveal(self, commitment: str) -> dict[str, Any] | None:
        """The content behind a commitment, checked against it; None where it was forgotten or never here.

        Raises:
            AuditError: the content does not fit the commitment: the file was changed.
        """
        rows = self._rows("SELECT salt, content FROM commitments WHERE commitment = ?", commitment)
        if not rows:
            return None
        salt, content = rows[0]
        if _commitment(salt, content) != commitment:
            raise self._changed(commitment)
        found: dict[str, Any] = json.loads(content)
        return found

    def of(self, patient: str) -> list[dict[str, Any]]:
        """All contents about a patient, the oldest first; none after `forget`."""
        rows = self._rows("SELECT content FROM commitments WHERE patient = ? ORDER BY number", patient)
        return [json.loads(content) for (content,) in rows]

    def latest(self, topic: str) -> dict[str, tuple[str, str]]:
        """The newest commitment of a topic with its content as canonical JSON, by patient."""
        rows = self._rows("SELECT patient, commitment, content FROM commitments WHERE topic = ? ORDER BY number", topic)
        return {patient: (commitment, content) for patient, commitment, content in rows}

    def commitments(self, topics: Sequence[str] | None = None) -> list[str]:
        """Commitments whose contents are here, the oldest first: of some topics or of all."""
        rows = self._rows("SELECT commitment, topic FROM commitments ORDER BY number")
        return [name for name, topic in rows if topics is None or topic in topics]

    def drop(self, commitments: Sequence[str]) -> None:
        """Deletes the contents of single commitments."""
        if commitments:
            with self._open() as database:
                named = [(name,) for name in commitments]
                database.executemany("DELETE FROM commitments WHERE commitment = ?", named)

    def wrong(self) -> list[str]:
        """Commitments that their own contents contradict."""
        rows = self._rows("SELECT commitment, salt, content FROM commitments")
        return [name for name, salt, content in rows if _commitment(salt, content) != name]

    def forget(self, patient: str) -> list[str]:
        """The commitments whose contents were deleted: all about a patient, with manifests that name their cines."""
        contents = self.of(patient)
        cines = sorted({cine for content in contents for cine in content.get("cines", {})})
        rows = self._rows("SELECT commitment FROM commitments WHERE patient = ? ORDER BY number", patient)
        if not self.path.is_file():
            return []
        named = [name for name, content in self._rows("SELECT * FROM manifests") if _names_any(content, cines)]
        with self._open() as database:
            database.execute("DELETE FROM commitments WHERE patient = ?", (patient,))
            database.executemany("DELETE FROM manifests WHERE sha256 = ?", [(name,) for name in named])
        return [commitment for (commitment,) in rows]

    def take_over(self, other: "Details", *, patients: Collection[str]) -> int:
        """How many contents of other details were added, salts and all: of these patients, where they are not here.

        Raises:
            AuditError: a content of the other contradicts its commitment.
        """
        here = set(self.commitments())
        rows = other._rows("SELECT commitment, patient, topic, salt, content FROM commitments ORDER BY number")
        new = [row for row in rows if row[0] not in here and row[1] in patients]
        wrong = [row for row in new if _commitment(row[3], row[4]) != row[0]]
        if wrong:
            raise other._changed(wrong[0][0])
        self._insert(new)
        return len(new)

    def keep_manifest(self, manifest: bytes) -> None:
        """Keeps the lines of a folder under their SHA-256, which is the folder's."""
        with self._open() as database:
            name = hashlib.sha256(manifest).hexdigest()
            database.execute("INSERT OR REPLACE INTO manifests VALUES (?, ?)", (name, manifest))

    def manifest(self, sha256: str) -> bytes | None:
        """The lines of a folder with this digest; None where they are not here, or were changed."""
        rows = self._rows("SELECT content FROM manifests WHERE sha256 = ?", sha256)
        if not rows or hashlib.sha256(rows[0][0]).hexdigest() != sha256:
            return None
        content: bytes = rows[0][0]
        return content

    def manifests(self) -> set[str]:
        """Digests of the folders whose lines are here."""
        return {name for (name,) in self._rows("SELECT sha256 FROM manifests")}

    def drop_manifests(self, sha256s: Sequence[str]) -> None:
        """Deletes the lines of folders that are no more."""
        if sha256s:
            with self._open() as database:
                database.executemany("DELETE FROM manifests WHERE sha256 = ?", [(name,) for name in sha256s])

    def _rows(self, statement: str, *values: str) -> list[Any]:
        if not self.path.is_file():
            return []
        with self._open() as database:
            return database.execute(statement, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The database in one transaction, made where it is absent."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        try:
            with closing(sqlite3.connect(self.path, timeout=60)) as database, database:
                database.execute("PRAGMA secure_delete = ON")
                database.executescript(_SCHEMA)
                yield database
        except sqlite3.DatabaseError as error:
            raise AuditError(
                self.path.as_posix(),
                expected="the details of the ledger",
                got=f"a file that cannot be used ({error})",
                remedy="bring it back from a copy; without it the ledger still verifies and names no patient",
            ) from None

    def _changed(self, commitment: str) -> AuditError:
        got, remedy = "a content that contradicts it", "bring the file back from a copy"
        return AuditError(self.path.as_posix(), expected=f"what {commitment} commits to", got=got, remedy=remedy)


def canonical(content: Mapping[str, Any]) -> str:
    """The content as JSON, one form for equal contents."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _row(patient: str, content: Mapping[str, Any]) -> tuple[str, str, str, bytes, str]:
    salt, text = secrets.token_bytes(SALT_BYTES), canonical(content)
    return _commitment(salt, text), patient, str(content.get("topic", "")), salt, text


def _commitment(salt: bytes, content: str) -> str:
    return hashlib.sha256(salt + content.encode()).hexdigest()


def _names_any(manifest: bytes, cines: Sequence[str]) -> bool:
    return any(cine.encode() in manifest for cine in cines)
