"""What the cache and the remotes of DVC keep of a patient: present outputs, and every older version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from cinemyo.audit.carried import Search
from cinemyo.audit.derived import How
from cinemyo.audit.found import Found
from cinemyo.audit.graph import Graph
from cinemyo.audit.objects import Object, listing
from cinemyo.audit.roles import CONTAINS
from cinemyo.audit.sources_of import PHANTOMS
from cinemyo.audit.who import Person

PER_CINE: Final = (".mha", ".tif")
"""Endings of files that hang on the one cine that they are named after."""


def kept_of(
    kept: Sequence[Object],
    *,
    place: str,
    base: Path,
    graph: Graph,
    search: Search,
    found: Mapping[str, Found],
    who: Person,
) -> dict[str, Found]:
    """The objects of a cache or remote that the patient is in: present outputs, and every older version."""
    current = _current(graph, kept=kept)
    results: dict[str, Found] = {}
    searched = [own for own in kept if not _is_phantom(current.get(own.md5, []))]
    hits = search.hits([(" ".join(own.listed), own.path) for own in searched])
    by_md5 = dict(zip([own.md5 for own in searched], hits, strict=True))
    for own in kept:
        paths = current.get(own.md5, [])
        hit = by_md5.get(own.md5)
        known = [found[path] for path in paths if path in found]
        if hit is None and not known and paths and not own.md5.endswith(".dir"):
            continue
        shown = _shown(own.path, base=base)
        if hit and not any(item.how == "source" for item in known):
            results[shown] = Found(shown, "carries", place, hit.rows, _stage(known), _role(known))
        elif known:
            results[shown] = replace(_weightiest(known), path=shown, place=place, rows=None)
        elif own.md5.endswith(".dir"):
            inner = _below(paths, found=found)
            if inner or (not paths and who.cines and _may_hang(own, search=search)):
                how: How = "source" if inner and all(item.how == "source" for item in inner) else "derives"
                results[shown] = Found(shown, how, place, None, _stage(inner))
        elif not paths and who.cines and _may_hang(own, search=search):
            results[shown] = Found(shown, "derives", place, None, "an older version")
    return results


def _is_phantom(paths: Sequence[str]) -> bool:
    return bool(paths) and all(path.startswith(PHANTOMS) for path in paths)


def _shown(path: Path, *, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()


def _current(graph: Graph, *, kept: Sequence[Object]) -> dict[str, list[str]]:
    """Paths of the working tree by the hash that the lock, or the list of a folder, gives them."""
    folders = {own.md5: own.path for own in kept if own.md5.endswith(".dir")}
    found: dict[str, list[str]] = {}
    for activity in graph.activities.values():
        for out in (*activity.outputs, *activity.inputs):
            found.setdefault(out.md5 or "", []).append(out.path)
            if out.md5 in folders:
                for name, md5 in listing(folders[out.md5]).items():
                    found.setdefault(md5, []).append(f"{out.path}/{name}")
    return found


def _below(folders: Sequence[str], *, found: Mapping[str, Found]) -> list[Found]:
    heads = tuple(f"{folder}/" for folder in folders)
    return [item for path, item in found.items() if heads and path.startswith(heads) and item.how != "tested"]


def _may_hang(own: Object, *, search: Search) -> bool:
    """Whether an older version may hang on the patient: not the image of another cine, nor a file of the source."""
    if own.md5.endswith(".dir"):
        names = list(listing(own.path))
        return not names or not all(name.endswith((*PER_CINE, ".dcm")) for name in names)
    if own.listed and all(PurePosixPath(name).suffix in (*PER_CINE, ".dcm") for name in own.listed):
        return False
    with own.path.open("rb") as file:
        head = file.read(132)
    return head[128:132] != b"DICM"


def _weightiest(known: Sequence[Found]) -> Found:
    order: tuple[How, ...] = ("carries", "derives", "source", "tested")
    return min(known, key=lambda item: order.index(item.how))


def _stage(known: Sequence[Found]) -> str:
    return next((item.stage for item in known if item.stage), "")


def _role(known: Sequence[Found]) -> str:
    return next((item.role for item in known if item.role in CONTAINS), "")
