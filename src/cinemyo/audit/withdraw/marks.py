"""Which files contain patients who withdrew: until they are made again, which changes their hash."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from cinemyo.audit.finding import Finding
from cinemyo.audit.ledger import Record
from cinemyo.provenance import sha256


def marked(records: Sequence[Record], *, base: Path) -> dict[str, list[str]]:
    """The certificates by path, of models and reports that are still those of the time of a withdrawal."""
    told: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        if record.kind == "withdrawal":
            for item in record.body["contains"]:
                told[item["path"]][item["sha256"]].add(str(record.body["certificate"]))
    found = {path: sorted(by.get(_digest(base / path), ())) for path, by in sorted(told.items())}
    return {path: names for path, names in found.items() if names}


def sentence(names: Sequence[str]) -> str:
    """What a mark says."""
    return f"contains withdrawn patients: {len(names)}"


def notes(records: Sequence[Record], *, base: Path) -> Iterator[Finding]:
    """What `verify` says of marks, and of withdrawals that are not done."""
    for path, names in marked(records, base=base).items():
        yield Finding("withdrawals", path, sentence(names), "run `make repro` to make it without them", "note")
    last = {str(record.body["certificate"]): record.body for record in records if record.kind == "withdrawal"}
    for name, body in last.items():
        if body["state"] != "complete":
            pending = f"incomplete: {', '.join(body['pending'])}"
            yield Finding("withdrawals", name, pending, "run the same `cinemyo audit withdraw` again")


def _digest(path: Path) -> str:
    return sha256(path) if path.is_file() else ""
