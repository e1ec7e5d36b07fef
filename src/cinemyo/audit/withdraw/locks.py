"""Every version of every output that DVC ever recorded here: the lock, its history in git, the cache of runs."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from cinemyo.audit.repository import git

_ITEM: Final = re.compile(r"^\s*- path: (.+)\n(?:\s+hash: md5\n)?\s+md5: ([0-9a-f]{32}(?:\.dir)?)$", re.MULTILINE)


def recorded(base: Path, *, cache: Path) -> Mapping[str, set[str]]:
    """Hashes by path, of all that any lock names."""
    found: dict[str, set[str]] = defaultdict(set)
    for text in (*_present(base), *_in_history(base), *_in_runs(cache)):
        for path, md5 in _ITEM.findall(text):
            found[path].add(md5)
    return found


def _present(base: Path) -> Iterator[str]:
    if (base / "dvc.lock").is_file():
        yield (base / "dvc.lock").read_text(encoding="utf-8")


def _in_history(base: Path) -> Iterator[str]:
    """All versions of the lock that git holds, experiments included, one after the other."""
    listed = git(base, "rev-list", "--all", "--objects", "--", "dvc.lock", seconds=None).splitlines()
    blobs = sorted({line.split()[0] for line in listed if line.endswith(" dvc.lock")})
    if blobs:
        yield git(base, "cat-file", "--batch", given="\n".join(blobs), seconds=None)


def _in_runs(cache: Path) -> Iterator[str]:
    for path in sorted((cache / "runs").rglob("*")):
        if path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")
