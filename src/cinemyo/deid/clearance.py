"""What a person decided about images in whose pixels the search for text found something."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cinemyo import tables
from cinemyo.deid.keys import Key
from cinemyo.deid.manifest import REVIEW
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.deid.sharing_items import Item
from cinemyo.errors import SourceError
from cinemyo.tables import ID, Table, text

REVIEW_NAME: Final = "review.csv"
Cleared = Mapping[tuple[str, str], str]
"""The role of who looked, by instance code and keyed digest of the input file: another image is another decision."""

TO_REVIEW: Final = Table(
    "review",
    (
        text("instance", pattern=ID),
        text("digest", pattern=r"^[0-9a-f]{64}$"),
        text("role", nullable=True, pattern=r"^[a-z][a-z -]{2,29}$"),
    ),
    ("instance",),
)
"""What lies in review/; a person who has looked and seen no text writes a role (`radiographer`), never a name."""


def read_cleared(path: Path) -> Cleared:
    """The rows of a filled-in `review.csv` that have a role; the others are not cleared.

    Raises:
        TableError: no file, or a role that is not of 3 to 30 small letters.
    """
    rows = tables.read(path, table=TO_REVIEW).dropna(subset=["role"])
    return {(str(row.instance), str(row.digest)): str(row.role) for row in rows.itertuples()}


def write_review(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes the form for a person, from rows of the manifest; nothing where no image is to be looked at."""
    asked = [
        {"instance": Path(row["output"]).stem, "digest": row["digest"]} for row in rows if row["outcome"] == REVIEW
    ]
    if asked:
        tables.write(tables.from_rows(asked, table=TO_REVIEW), table=TO_REVIEW, path=path)


def role_for(item: Item, cleared: Cleared, *, key: Key) -> str | None:
    """The role of the person who cleared this very file, or None."""
    return cleared.get((pseudonym("instance", item.instance, key=key), item.file.digest)) if cleared else None


def refuse_others(items: Iterable[Item], cleared: Cleared, *, key: Key) -> None:
    """Refuses decisions about files that are not, or no longer, in the export.

    Raises:
        SourceError: there are some.
    """
    if not cleared:
        return
    known = {(pseudonym("instance", item.instance, key=key), item.file.digest) for item in items}
    others = len(cleared.keys() - known)
    if others:
        raise SourceError(
            "--cleared",
            expected="images of this export, unchanged since a person looked, under the same key",
            got=f"{others} others",
            remedy=f"look again and fill in the {REVIEW_NAME} of a new run",
        )
