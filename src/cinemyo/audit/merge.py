"""Two ledgers made one after branches or clones met: both chains are kept, each verifiable by its own hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinemyo import tables
from cinemyo.audit.details import DETAILS, Details
from cinemyo.audit.ledger import LEDGER, Ledger, Record, flat
from cinemyo.errors import AuditError
from cinemyo.layout import Layout


@dataclass(frozen=True)
class Merged:
    """What was taken over from the other ledger."""

    head: str
    """Of the other ledger."""
    common: int
    """Records at the beginning that both have."""
    adopted: int
    """Records taken over; 0 where this ledger knew all of them."""
    contents: int
    """Contents of commitments taken over: of patients who are still in the study."""


def merge(other: Path, *, layout: Layout) -> Merged:
    """What was taken over from another ledger, a file or the folder of an audit, which itself stays as it is.

    Its records stand whole in one record of this ledger, which names its head. Contents of patients come along where
    the other has them, but of nobody who has left this study.

    Raises:
        AuditError: no ledger there, the same file, or a chain that is broken.
    """
    path = other / LEDGER.name if other.is_dir() else other
    ledger, details = Ledger(layout.base / LEDGER), Details(layout.base / DETAILS)
    if not path.is_file() or path.resolve() == ledger.path.resolve():
        got = "this ledger itself" if path.is_file() else "no file"
        raise AuditError(str(other), expected="another ledger", got=got, remedy="name its file or its folder")
    theirs, own = Ledger(path).records(), ledger.records()
    head, common = theirs[-1].hash if theirs else "", _common(own, theirs)
    if not theirs or head in {record.hash for record in flat(own)}:
        return Merged(head, common, 0, 0)
    # contents first: what a crash leaves of them alone is dropped by the next reconciliation
    contents = details.take_over(Details(path.parent / DETAILS.name), patients=_present(layout))
    rest = [{**record.fields(), "hash": record.hash} for record in theirs[common:]]
    ledger.append([("merge", {"head": head, "common": common, "records": rest})])
    return Merged(head, common, len(rest), contents)


def _common(own: Sequence[Record], theirs: Sequence[Record]) -> int:
    """How many records at the beginning are the same."""
    pairs = enumerate(zip(own, theirs, strict=False))
    return next((place for place, (one, two) in pairs if one.hash != two.hash), min(len(own), len(theirs)))


def _present(layout: Layout) -> set[str]:
    """Patients whose cines or exclusions are in the study or its supplementary cohort now."""
    paths = [path for cohort in (layout, layout.external) for path in (cohort.cines, cohort.exclusions)]
    frames = [tables.read_text(path) for path in paths if path.is_file()]
    return {patient for frame in frames for patient in frame["patient_id"].dropna()}
