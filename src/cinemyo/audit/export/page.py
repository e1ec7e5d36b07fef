"""The statement as a page that opens in any browser, without a network or a script."""

from collections.abc import Collection
from pathlib import Path

from cinemyo.audit.export.sections import is_hash, sections
from cinemyo.audit.export.statement import Statement
from cinemyo.record.pages import rendered


def page(told: Statement, *, links: Collection[str] = ()) -> bytes:
    """The page; paths that lie beside it are links."""
    content = {"title": told.title, "head": told.head, "sections": sections(told), "links": frozenset(links)}
    return rendered(Path(__file__).parent, **content, is_hash=is_hash)
