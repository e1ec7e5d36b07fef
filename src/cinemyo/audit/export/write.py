"""An export written: which files of the study may lie inside, and nothing that is there already written over."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

from cinemyo.audit.export.derivations import CineOf
from cinemyo.audit.export.statement import PSEUDONYM, STANDING, Item, Statement
from cinemyo.errors import AuditError
from cinemyo.provenance import sha256
from cinemyo.record.guard import refusals
from cinemyo.tables import write_bytes

Format = Literal["ro-crate", "prov", "pdf"]
READ: Final = frozenset({".json", ".csv", ".md", ".svg", ".html", ".yaml", ".lock", ".toml"})
"""Endings of files that are text, and can be searched for pseudonyms."""
LARGEST: Final = 20_000_000
"""Bytes of a file that is copied into a crate."""


def write(
    told: Statement, out: Path, *, kind: Format, base: Path = Path(), cines: Mapping[str, CineOf] | None = None
) -> list[str]:
    """The files of the study that were copied into the export; none but for a crate.

    Raises:
        AuditError: there is something at `out` already.
    """
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise AuditError(out.as_posix(), expected="a new path", got="something that is there", remedy="name another")
    if kind == "ro-crate":
        return _crate(told, out, base=base, cines=cines)
    made: dict[str, Callable[[], bytes]] = {"prov": lambda: _prov(told, cines=cines), "pdf": lambda: _pdf(told)}
    write_bytes(out, made[kind]())
    return []


def _crate(told: Statement, out: Path, *, base: Path, cines: Mapping[str, CineOf] | None) -> list[str]:
    from cinemyo.audit.export.crate import PREVIEW, write_crate
    from cinemyo.audit.export.page import page

    included = [item.path for item in told.items.values() if may_be_inside(item, told=told, base=base)]
    with tempfile.TemporaryDirectory(dir=_parent(out)) as folder:
        place = Path(folder)
        documents = {"lineage.prov.json": _prov(told, cines=cines), "lineage.pdf": _pdf(told)}
        for name, content in documents.items():
            write_bytes(place / name, content)
        paths = {name: place / name for name in documents}
        write_crate(told, out, base=base, included=included, documents=paths, cines=cines)
    write_bytes(out / PREVIEW, page(told, links=[*included, *documents]))
    return included


def _prov(told: Statement, *, cines: Mapping[str, CineOf] | None) -> bytes:
    from cinemyo.audit.export.prov_json import prov_json

    return prov_json(told, cines=cines).encode()


def _pdf(told: Statement) -> bytes:
    from cinemyo.audit.export.pdf import pdf

    return pdf(told)


def may_be_inside(item: Item, *, told: Statement, base: Path) -> bool:
    """Whether a file is a report or a setting, is as recorded, and shows or names nobody.

    Of a study of people nothing is copied that its own guard refuses to commit: images, models, tables per patient.
    """
    path = base / item.path
    if not (item.path in STANDING or item.path.startswith("reports/")) or not path.is_file():
        return False
    if path.stat().st_size > LARGEST or sha256(path) != item.sha256:
        return False
    if path.suffix in READ and PSEUDONYM.search(path.read_text(encoding="utf-8", errors="replace")):
        return False
    if not told.synthetic:
        return path.suffix in READ and not refusals([Path(item.path)], base=base)
    return True


def _parent(out: Path) -> Path:
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    return out.absolute().parent
