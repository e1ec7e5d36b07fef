"""Whether a file is still what the stage that made it left."""

from pathlib import Path
from typing import Final

from cinemyo.audit.graph import Artefact, Graph
from cinemyo.audit.objects import FILES, listing, stores_of
from cinemyo.provenance import sha256
from cinemyo.record.lineage import dvc_md5

LARGE: Final = 5000
"""Files of a folder from which on its hash is left to `cinemyo audit verify`."""


def standing(path: str, *, graph: Graph, base: Path) -> tuple[str | None, str]:
    """SHA-256 of a file or folder as it is now, and in words how that compares with what its stage recorded."""
    file, told = base / path, graph.recorded(path)
    if not file.exists():
        return None, "absent"
    if told is None:
        return (sha256(file) if file.is_file() else None), "made by no stage"
    if file.is_dir() and told.files > LARGE:
        return told.sha256, "as recorded; a large folder, which `cinemyo audit verify` reads"
    now = sha256(file)
    if told.path != path:
        expected = _listed(path, folder=told, base=base)
        if expected is None:
            return now, f"a file of {told.path}, whose list of hashes is not in the cache here"
        return now, "as recorded" if dvc_md5(file) == expected else f"CHANGED since {told.path} was recorded"
    same = now == told.sha256 if told.sha256 else dvc_md5(file) == told.md5
    return now, "as recorded" if same else "CHANGED since it was recorded"


def _listed(path: str, *, folder: Artefact, base: Path) -> str | None:
    """The MD5 of a file of a folder, from the list that DVC keeps of the folder."""
    digest = folder.md5 or ""
    if not digest.endswith(".dir"):
        return None
    cache = stores_of(base)[0]
    return listing(cache / FILES / digest[:2] / digest[2:]).get(path.removeprefix(f"{folder.path}/"))
