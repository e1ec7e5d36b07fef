"""The cache and the remotes of DVC: what goes from them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.locks import recorded
from cinemyo.audit.withdraw.objects import Doomed, Folder, doomed
from cinemyo.audit.withdraw.program import Stores, asked
from cinemyo.audit.withdraw.removal import Place, Removal, Step
from cinemyo.audit.withdraw.state import State
from cinemyo.audit.withdraw.workspace import Policy
from cinemyo.errors import AuditError
from cinemyo.layout import Layout


def whole(layout: Layout, *, cache: Path, policy: Policy) -> frozenset[str]:
    """Hashes of every version of the study's outputs of which all goes.

    Tables and reports of any time. Folders of images keep those of the other patients, and models go by policy.
    """
    study, reports = (path.relative_to(layout.base).as_posix() for path in (layout.data, layout.reports))
    found: set[str] = set()
    for path, hashes in recorded(layout.base, cache=cache).items():
        if path.startswith(f"{reports}/"):
            found |= hashes
        elif path.startswith(f"{study}/models/"):
            found |= hashes if policy != "retain" else set()
        elif path.startswith(f"{study}/"):
            found |= {name for name in hashes if not name.endswith(".dir")}
    return frozenset(found)


def cache_steps(stores: Stores, *, why: Doomed) -> Iterator[Step]:
    """Objects of the cache to be deleted."""
    folder = Folder(stores.cache)
    for path, digest in doomed(folder, why=why):
        yield Step(_removal("cache", path, digest), partial(folder.remove, path))


def remote_removals(base: Path, name: str, *, why: Doomed, does: str) -> list[Removal]:
    """Objects of a remote that must go (`find`), or that are gone (`remove`).

    Raises:
        AuditError: the remote does not answer.
    """
    told = asked(base, does, why.values(), name)
    if "fault" in told:
        remedy = "make it reachable and run the same command again"
        raise AuditError(f"remote {name}", expected="an answer", got=str(told["fault"]), remedy=remedy)
    return [_removal("remote", f"{name}/{path}", digest) for path, digest in told["objects"]]


def clear_remotes(stores: Stores, *, why: Doomed, state: State, base: Path) -> None:
    """Deletes the objects of each remote by itself; one that does not answer is pending, with its fault."""
    for name in stores.remotes:
        try:
            state.note(remote_removals(base, name, why=why, does="find"), base=base)
            remote_removals(base, name, why=why, does="remove")
        except AuditError as error:
            state.pending[f"remote {name}"] = f"no answer: {error.got}"


def cached_tables(stores: Stores, *, layout: Layout) -> Iterator[bytes]:
    """Earlier versions of `cines.csv` of both cohorts that the cache holds."""
    names = {path.relative_to(layout.base).as_posix() for path in (layout.cines, layout.external.cines)}
    for path, hashes in recorded(layout.base, cache=stores.cache).items():
        for md5 in sorted(hashes) if path in names else ():
            place = stores.cache / "files" / "md5" / md5[:2] / md5[2:]
            if place.is_file():
                yield place.read_bytes()


def _removal(place: Place, path: str, digest: str) -> Removal:
    return Removal(place, Ids(frozenset()).masked(path), 1, 0, digest)
