"""The statement as sections of sentences and tables, which the page and the PDF print alike."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cinemyo.audit.export.statement import STANDING, Item, Run, Statement, decided

REPORTS: Final = "reports/"
ITEM_HEADER: Final = ("File or folder", "Stage", "Size", "SHA-256")
SHORTEST: Final = 32
"""Digits of a digest."""
LIMITS: Final = (
    "This export says what the ledger of the study says. Its records form a chain of hashes: a change to one of them "
    "breaks the chain. A chain proves nothing against whoever can write the whole of it anew, unless its head was "
    "kept where they cannot write: compare the head below with an anchor that was given away. "
    "No file of a patient is inside, and no pseudonym unless it was asked for."
)
FACTS: Final = {"seed": "Seed", "deid_profile": "Rules of de-identification", "key_id": "Key of the pseudonyms, its id"}
RESTORED: Final = "restored: found again, not made by a run on record"


@dataclass(frozen=True)
class Section:
    """A title, sentences, and a table with its header; the last column of hashes is printed in small type."""

    title: str
    sentences: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(told: Statement) -> list[Section]:
    """The whole of the statement in reading order."""
    found = [
        _study(told),
        Section("Oversight", header=("What is asked", "Answer"), rows=tuple(told.oversight.items())),
        _people(told),
        Section("Results", (_standing(told),), ITEM_HEADER, tuple(_items(_results(told)))),
        _runs(told),
        Section("Data and models", (), ITEM_HEADER, tuple(_items(_data(told)))),
        Section(
            "From outside the pipeline",
            ("Read by stages and made by none: images, sheets of people, and the weights that a fit began with.",),
            ITEM_HEADER,
            tuple(_items(_outside(told))),
        ),
        Section("Environment and settings", _environments(told), ITEM_HEADER, tuple(_items(_settings(told)))),
        _labels(told),
        _withdrawals(told),
    ]
    return [section for section in found if section.sentences or section.rows]


def _study(told: Statement) -> Section:
    notice = (f"{told.notice}.",) if told.notice else ()
    synthetic = ("The images are synthetic phantoms; no data of people.",) if told.synthetic else ()
    rows = (
        ("Study", f"{told.title} ({told.study})"),
        ("Made", told.made.isoformat(timespec="seconds")),
        ("Records in the ledger", str(told.records)),
        ("Head of the ledger", told.head),
        *((FACTS[name], str(value)) for name, value in told.facts.items() if value is not None),
    )
    return Section("Study", (*synthetic, *notice, LIMITS), ("", ""), rows)


def _people(told: Statement) -> Section:
    rows = tuple((basis.replace("_", " "), day or "-", str(count)) for (basis, day), count in told.people.items())
    return Section("Patients", (), ("Consent basis", "List of oppositions checked", "Patients"), rows)


def _standing(told: Statement) -> str:
    restored = sum(item.restored for item in told.items.values())
    words = [f"{len(told.items)} files and folders of {len(told.runs)} stages are on record"]
    words += [f"{restored} of them {RESTORED}"] if restored else []
    words += [f"stages that have not run: {', '.join(told.not_run)}"] if told.not_run else []
    return "; ".join(words) + "."


def _runs(told: Statement) -> Section:
    header = ("Stage", "Run", "By", "Commit", "Reads", "Params, code")
    return Section("Stages", (), header, tuple(_run(run, told=told) for run in told.runs.values()))


def _run(run: Run, *, told: Statement) -> tuple[str, ...]:
    when = f"{_minute(run.started)} to {_minute(run.ended)}" if run.started else "not on record"
    commit = f"{run.commit[:12]}{' and uncommitted changes' if run.dirty else ''}" if run.commit else "not on record"
    by = told.agents.get(run.agent or "", "not on record")
    digests = " ".join(f"{name} {(digest or 'unknown')[:12]}" for name, digest in _digests(run))
    return run.stage, when, by, commit, str(len(run.inputs)), digests


def _digests(run: Run) -> Iterator[tuple[str, str | None]]:
    yield "params", run.params_digest
    yield "code", run.code_digest


def _minute(time: str | None) -> str:
    return time[:16].replace("T", " ") if time else "unknown"


def _results(told: Statement) -> list[Item]:
    return [item for item in _whole(told) if item.path.startswith(REPORTS) and item.stage]


def _data(told: Statement) -> list[Item]:
    return [item for item in _whole(told) if item.stage and not item.path.startswith(REPORTS)]


def _outside(told: Statement) -> list[Item]:
    around = {item.within for item in told.items.values()}
    return [item for item in _whole(told) if item.stage is None and item.path not in {*STANDING, *around}]


def _settings(told: Statement) -> list[Item]:
    return [told.items[name] for name in STANDING if name in told.items]


def _whole(told: Statement) -> list[Item]:
    """What is not a file in a folder that the same stage made."""
    items = told.items
    return [item for item in items.values() if not item.within or items[item.within].stage != item.stage]


def _items(items: Iterable[Item]) -> Iterator[tuple[str, ...]]:
    for item in items:
        stage = "-" if item.stage is None else item.stage + (", restored" if item.restored else "")
        stage += ", holds a patient who withdrew" if item.withdrawn else ""
        digest = item.sha256 or (f"MD5 {item.md5}" if item.md5 else "not on record")
        yield item.path, stage, _size(item), digest


def _size(item: Item) -> str:
    files = f"{item.files} files, " if item.files > 1 else ""
    return files + (f"{item.bytes:,} bytes" if item.bytes is not None else "size unknown")


def _environments(told: Statement) -> tuple[str, ...]:
    found = sorted({run.environment for run in told.runs.values() if run.environment})
    if not found:
        return ("No run on record tells its environment; the files below say which one was meant.",)
    return (f"Interpreter and packages of the runs, by SHA-256: {', '.join(found)}.",)


def _labels(told: Statement) -> Section:
    rows = tuple(
        (body["sheet"], body["version"], record.time[:10], ", ".join(body.get("roles", ())), _changed(body))
        for record, body in ((record, record.body) for record in told.labels)
    )
    return Section("Label versions", (), ("Sheet", "Version", "On record", "Role", "Since the one before"), rows)


def _changed(body: object) -> str:
    cells = body if isinstance(body, dict) else {}
    counted = [f"{name} {cells[name]}" for name in ("added", "removed", "changed") if name in cells]
    return ", ".join(counted) if cells.get("previous") else "the first version"


def _withdrawals(told: Statement) -> Section:
    rows = tuple(
        (record.kind, record.time[:10], "; ".join(f"{name}: {said}" for name, said in decided(record).items()))
        for record in told.withdrawals
    )
    return Section("Withdrawals and disposals", (), ("What", "On record", "Decision"), rows)


def is_hash(cell: str) -> bool:
    """Whether a cell is a digest, to be printed in letters of one width."""
    word = cell.removeprefix("MD5 ").removesuffix(".dir")
    return len(word) >= SHORTEST and all(letter in "0123456789abcdef" for letter in word)


def widths(section: Section) -> Sequence[float]:
    """Shares of the page's width for the columns of its table."""
    if section.header == ITEM_HEADER:
        return (0.29, 0.2, 0.16, 0.35)
    if len(section.header) == 3:
        return (0.2, 0.2, 0.6)
    if len(section.header) == 2:
        return (0.28, 0.72)
    if len(section.header) == 6:
        return (0.2, 0.2, 0.12, 0.14, 0.07, 0.27)
    return [1 / len(section.header)] * len(section.header)
