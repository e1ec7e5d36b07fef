"""Contact sheets: diastole and systole of every cine with centre, crop boxes, label and flags, to check at a glance."""

import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from cinemyo.labels import DISPLAY
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import crop, read_pages
from cinemyo.preparation.locate import records
from cinemyo.review import ranked, reasons_at_ingest, reasons_of_preparation, reasons_of_views, severity
from cinemyo.tables import write_bytes

COLUMNS: Final = 8
ROWS: Final = 6
VIEW_MM: Final = 276.0
"""Side of what a cell shows: the larger crop box and a margin."""
BOXES_MM: Final = (240.0, 192.0)
"""Sides of the paper's two squares: 160 and 128 pixels of 1.5 mm."""
TILE: Final = 146
LINE: Final = 14
LETTERS: Final = 26
"""Of flags that fit into a cell beside the name of the cine."""
MARGIN: Final = 6
HEAD: Final = 34
CELL: Final = (2 * TILE + 1 + 2 * MARGIN, TILE + 2 * LINE + 2 * MARGIN)

PAPER: Final = (20, 20, 22)
INK: Final = (225, 225, 225)
FAINT: Final = (150, 150, 155)
FLAG: Final = (255, 70, 60)
CROSS: Final = (255, 40, 220)
BOXES: Final = ((90, 200, 255), (50, 120, 160))

LEGEND: Final = (
    "diastole | systole   cross: left ventricle   boxes: 240 and 192 mm   * annotated   red: to review, with confidence"
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """What one cell says: rows of the tables of one cine."""

    cine_id: str
    canvas: Row
    region: Row
    phases: Row
    label: Row
    cine: Row

    @property
    def reasons(self) -> tuple[str, ...]:
        """Words of `cinemyo.review.REASONS`, the most severe first."""
        views = reasons_of_views(self.cine, label=self.label.get("view"))
        return ranked((*reasons_at_ingest(self.cine), *views, *reasons_of_preparation(self.region, self.phases)))

    @property
    def flags(self) -> list[str]:
        """What a person should look at: what is doubtful with its confidence, worst first, then the other reasons."""
        others = [reason.replace("_", " ") for reason in self.reasons if not reason.endswith("_low_confidence")]
        return [*self.doubts, *others]

    @property
    def doubts(self) -> list[str]:
        """Centre, window and phases in doubt, worst first."""
        centre, window = (("centre", "centre_confidence"), ("window", "window_confidence"))
        doubts = []
        if self.region["review"]:
            name, column = min((centre, window), key=lambda doubt: float(self.region[doubt[1]]))
            doubts.append((name, float(self.region[column])))
        if self.phases["review"]:
            doubts.append(("phases", float(self.phases["confidence"])))
        return [f"{name} {value:.2f}" for name, value in sorted(doubts, key=lambda doubt: doubt[1])]

    @property
    def confidence(self) -> float:
        """The least of the three."""
        values = self.region["centre_confidence"], self.region["window_confidence"], self.phases["confidence"]
        return min(float(value) for value in values)

    @property
    def caption(self) -> str:
        """Label and frames."""
        names = [DISPLAY[name] for name in (self.label.get("pathology"), self.label.get("view")) if name]
        frames = f"ED {self.phases['diastole_index']}  ES {self.phases['systole_index']}"
        return "  ".join([", ".join(names) or "no label", frames + ("*" if self.phases["annotated"] else "")])


def contact_sheet(
    prepared: pd.DataFrame,
    *,
    layout: Layout,
    recipe: str,
    cines: pd.DataFrame,
    labels: pd.DataFrame,
    regions: pd.DataFrame,
    phases: pd.DataFrame,
    title: str,
) -> list[Path]:
    """Pages `page_01.png` ... of a recipe's folder of contact sheets, replaced as a whole: flagged cines come first.

    Raises:
        SourceError: a canvas is absent.

    Departs from §2.3: there each pair was seen while it was made by hand.
    """
    entries = entries_of(prepared, cines=cines, labels=labels, regions=regions, phases=phases)
    flagged = sum(bool(entry.flags) for entry in entries)
    folder = layout.contact_sheets / recipe
    draft = folder.with_name(f".{recipe}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    pages = [entries[start : start + COLUMNS * ROWS] for start in range(0, len(entries), COLUMNS * ROWS)]
    for number, members in enumerate(pages, start=1):
        head = f"{title}   recipe {recipe}   page {number} of {len(pages)}   review {flagged} of {len(entries)} cines"
        cells = [cell(entry, pages=_pair(entry, folder=layout.prepared(recipe))) for entry in members]
        write_bytes(draft / f"page_{number:02d}.png", _png(page(cells, head=head)))
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    return sorted(folder.iterdir())


def entries_of(
    prepared: pd.DataFrame, *, cines: pd.DataFrame, labels: pd.DataFrame, regions: pd.DataFrame, phases: pd.DataFrame
) -> list[Entry]:
    """What the cells say, the most severe reason and the least confidence first, then cines without a reason."""
    regions_of, phases_of, label_of, cine_of = (
        {row["cine_id"]: row for row in records(frame)} for frame in (regions, phases, labels, cines)
    )
    entries = [
        Entry(cine, row, regions_of[cine], phases_of[cine], label_of.get(cine, {}), cine_of[cine])
        for row in records(prepared)
        for cine in [row["cine_id"]]
    ]
    return sorted(entries, key=_urgency)


def _urgency(entry: Entry) -> tuple[int, float]:
    worst, _ = severity(entry.reasons)
    return (-worst, entry.confidence) if worst else (0, 0.0)


def _pair(entry: Entry, *, folder: Path) -> UInt8[np.ndarray, "2 y x"]:
    chosen = [int(entry.phases[f"{phase}_index"]) for phase in ("diastole", "systole")]
    return read_pages(folder / f"{entry.cine_id}.tif", chosen)


def cell(entry: Entry, *, pages: UInt8[np.ndarray, "2 y x"]) -> Image.Image:
    """One cine: diastole and systole side by side round the centre, its crop boxes, caption and flags."""
    flags = entry.flags
    picture = Image.new("RGB", CELL, PAPER)
    draw = ImageDraw.Draw(picture)
    centre = entry.canvas["centre_row_px"], entry.canvas["centre_column_px"]
    side = max(round(VIEW_MM / entry.canvas["pixel_mm"]), 2)
    for index, view in enumerate(crop(pages, centre=centre, side=side)):
        left = MARGIN + index * (TILE + 1)
        tile = Image.fromarray(view).resize((TILE, TILE), Image.Resampling.BILINEAR)
        picture.paste(tile.convert("RGB"), (left, MARGIN))
        _mark(draw, left=left)
    draw.text((MARGIN, MARGIN + TILE + 1), entry.caption, INK, font=_font())
    note, colour = (shortened(flags), FLAG) if flags else (entry.cine_id, FAINT)
    draw.text((MARGIN, MARGIN + TILE + LINE), note, colour, font=_font())
    if flags:
        draw.text((CELL[0] - MARGIN, MARGIN + TILE + LINE), entry.cine_id, FAINT, font=_font(), anchor="ra")
        draw.rectangle((1, 1, CELL[0] - 2, CELL[1] - 2), outline=FLAG, width=2)
    return picture


def shortened(flags: list[str]) -> str:
    """As many flags as there is room for beside the name of the cine, and how many more there are."""
    shown = next((n for n in range(len(flags), 1, -1) if len(", ".join(flags[:n])) <= LETTERS), 1)
    more = len(flags) - shown
    return ", ".join(flags[:shown]) + (f" +{more}" if more else "")


def _mark(draw: ImageDraw.ImageDraw, *, left: int) -> None:
    """Centre cross and crop boxes of one tile."""
    row, column = MARGIN + TILE / 2, left + TILE / 2
    for side_mm, colour in zip(BOXES_MM, BOXES, strict=True):
        half = TILE * side_mm / VIEW_MM / 2
        draw.rectangle((column - half, row - half, column + half, row + half), outline=colour)
    for reach, width, colour in ((6, 3, PAPER), (5, 1, CROSS)):
        draw.line((column - reach, row, column + reach, row), colour, width)
        draw.line((column, row - reach, column, row + reach), colour, width)


def page(cells: list[Image.Image], *, head: str) -> Image.Image:
    """Cells in reading order under a headline and a legend."""
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL[0], HEAD + rows * CELL[1]), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN + 2), head, INK, font=_font(15))
    draw.text((sheet.width - MARGIN, MARGIN + 4), LEGEND, FAINT, font=_font(), anchor="ra")
    for index, item in enumerate(cells):
        sheet.paste(item, (index % COLUMNS * CELL[0], HEAD + index // COLUMNS * CELL[1]))
    return sheet


def _font(size: int = 12) -> Any:
    return ImageFont.load_default(size)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
