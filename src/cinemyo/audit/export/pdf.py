"""The statement as a PDF to print and to file; the only door to reportlab."""

import io
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, Final

import reportlab
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import CondPageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from cinemyo.audit.export.sections import Section, is_hash, sections, widths
from cinemyo.audit.export.statement import Statement

MARGIN: Final = 15 * mm
ROOM: Final = 45 * mm
"""Below a title, for it to stand on a page."""
FONTS: Final = {"Vera": "Vera.ttf", "VeraBd": "VeraBd.ttf"}
"""Embedded, so that the file looks the same anywhere."""
INK, SOFT, LINE, BAND = (colors.HexColor(code) for code in ("#1a2330", "#5b6775", "#d7dde4", "#f4f6f8"))
TITLE: Final = ParagraphStyle("title", fontName="VeraBd", fontSize=16, leading=20, textColor=INK)
HEAD: Final = ParagraphStyle(
    "head", fontName="VeraBd", fontSize=11, leading=14, textColor=INK, spaceBefore=10, spaceAfter=4
)
TEXT: Final = ParagraphStyle("text", fontName="Vera", fontSize=8, leading=11, textColor=INK, spaceAfter=3)
CELL: Final = ParagraphStyle("cell", parent=TEXT, fontSize=7, leading=9, spaceAfter=0, splitLongWords=True)
LABEL: Final = ParagraphStyle("label", parent=CELL, fontName="VeraBd", textColor=SOFT)
HASH: Final = ParagraphStyle("hash", parent=CELL, fontName="Courier", fontSize=6.3, leading=9)


def pdf(told: Statement) -> bytes:
    """The document; the same statement gives the same bytes."""
    for name, file in FONTS.items():
        pdfmetrics.registerFont(TTFont(name, str(Path(reportlab.__file__).parent / "fonts" / file)))
    stream = io.BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=landscape(A4),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 4 * mm,
        title=f"Lineage of {told.title}",
        author="cinemyo",
        invariant=1,
    )
    story = [Paragraph(escape(f"Lineage of {told.title}"), TITLE), Spacer(1, 2 * mm)]
    for section in sections(told):
        story += _drawn(section, width=document.width)
    foot = _Foot(f"Head of the ledger {told.head}")
    document.build(story, onFirstPage=foot.draw, onLaterPages=foot.draw)
    return stream.getvalue()


class _Foot:
    """What stands under every page: the head of the ledger, and the page's number."""

    def __init__(self, text: str) -> None:
        self.text = text

    def draw(self, canvas: Any, document: Any) -> None:
        """Draws the foot of a page."""
        canvas.setFont("Vera", 6.5)
        canvas.setFillColor(SOFT)
        canvas.drawString(MARGIN, MARGIN, self.text)
        canvas.drawRightString(document.pagesize[0] - MARGIN, MARGIN, f"page {document.page}")


def _drawn(section: Section, *, width: float) -> Iterator[Any]:
    yield CondPageBreak(ROOM)
    yield Paragraph(escape(section.title), HEAD)
    yield from (Paragraph(escape(sentence), TEXT) for sentence in section.sentences)
    if not section.rows:
        return
    has_header = any(section.header)
    header = [[Paragraph(escape(cell), LABEL) for cell in section.header]] if has_header else []
    body = [[_cell(cell) for cell in row] for row in section.rows]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("ROWBACKGROUNDS", (0, len(header)), (-1, -1), (colors.white, BAND)),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
    columns = [share * width for share in widths(section)]
    yield Table(header + body, colWidths=columns, repeatRows=len(header), style=style, hAlign="LEFT")


def _cell(text: str) -> Paragraph:
    """A cell; what is a hash is in letters of one width."""
    return Paragraph(escape(text), HASH if is_hash(text) else CELL)
