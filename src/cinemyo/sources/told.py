"""What became of a folder, as lines that a person reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cinemyo import review

Values = Mapping[str, Any]
Cell = str | int


def told_lines(values: Values) -> list[str]:
    """The lines of an ingest or of a dry run; they name a root and a folder as the user did, and nothing else."""
    return [*(_foreseen(values) if values.get("dry_run") else _ingested(values))]


def _ingested(values: Values) -> Iterator[str]:
    yield f"{values['root']} ({values['source']}) -> {values['out']}, key {values['key']}"
    yield ""
    names = ("found", "used", "excluded")
    yield from _aligned([("files", *(f"{name} {values[name]}" for name in names))])
    counted = [f"{values[name]} {name}" for name in ("patients", "exams", "series", "cines", "frames")]
    yield from _aligned([("images", ", ".join(counted))])
    if values["parts_reused"]:
        yield f"finished before: {values['parts_reused']} of {values['parts']} parts"
    for title, counts in values["counts"].items():
        if counts:
            yield from _block(title, list(counts.items()))
    yield from _left(values["left"])
    yield from _block(
        "to review (cines)",
        [(name, count, review.REASONS[name].meaning) for name, count in values["review"].items()],
    )
    if "labels" in values:
        yield from _labels(values["labels"])


def _foreseen(values: Values) -> Iterator[str]:
    yield f"{values['root']} ({values['source']}): dry run, nothing is written"
    yield ""
    yield from _aligned([("files", values["found"]), ("groups of images to be read", values["parts"])])
    if values["cines"] is not None:
        yield from _aligned([(f"{name}, by headers", values[name]) for name in ("patients", "cines", "frames")])
    yield from _block("phase keys", list(values["phase_keys"].items()))
    yield from _left(values["left"])
    yield ""
    yield f"{values['unknown']}"


def _left(left: Iterable[Values]) -> Iterator[str]:
    rows = [(item["code"], item["files"], item["items"], item["reason"]) for item in left]
    yield from _block("left out: code, files, items, reason", rows)


def _labels(labels: Values) -> Iterator[str]:
    rows: list[tuple[Cell, ...]] = [("rows of the sheet", labels["rows"])]
    rows += [(f"{title} {name}", count) for title in ("pathology", "view") for name, count in labels[title].items()]
    rows.append(("cines without a label", labels["cines_without_label"]))
    rows.append(("views that the plane contradicts", labels["view_label_geometry"]))
    yield from _block("labels (cines)", rows)


def _block(title: str, rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        yield from (f"  {line}" for line in _aligned(rows))


def _aligned(rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Rows with cells one below the other, numbers to the right."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            str(cell).rjust(width) if isinstance(cell, int) else str(cell).ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()
