"""Every object that the refs of a git repository reach, once each."""

import io
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from cinemyo.errors import ScanError

Kind = Literal["commit", "tag", "tree", "blob", "ref"]

_KINDS: Final[dict[bytes, Kind]] = {b"commit": "commit", b"tag": "tag", b"tree": "tree", b"blob": "blob"}


@dataclass(frozen=True)
class GitObject:
    """One object: its first path in the history (blobs), its hash, its bytes; None where it is too large."""

    kind: Kind
    name: str
    path: str
    content: bytes | None


def objects_of(repository: Path, *, max_bytes: int) -> Iterator[GitObject]:
    """Names of refs, then commits, tags, trees and blobs in git's order; of a tree only the names of its entries.

    Raises:
        ScanError: no repository there.
    """
    refs = git_output(repository, "for-each-ref", "--format=%(refname)")
    yield GitObject("ref", "refs", "", refs)
    listed = git_output(repository, "rev-list", "--objects", "--all")
    paths = dict(line.partition(b" ")[::2] for line in listed.splitlines())
    with tempfile.TemporaryFile() as asked:
        asked.writelines(name + b"\n" for name in paths)
        asked.seek(0)
        command = ["git", "-C", str(repository), "cat-file", "--batch", "--buffer"]
        with subprocess.Popen(command, stdin=asked, stdout=subprocess.PIPE) as git:
            for name, path in paths.items():
                kind, content = _next(git.stdout or io.BytesIO(), max_bytes=max_bytes)
                shown = path.decode("utf-8", "surrogateescape")
                yield GitObject(kind, name.decode()[:12], shown, _names(content) if kind == "tree" else content)


def _next(stream: IO[bytes], *, max_bytes: int) -> tuple[Kind, bytes | None]:
    _, kind, size = stream.readline().split()
    left = int(size)
    content = stream.read(left) if left <= max_bytes else None
    while content is None and left > 0:
        left -= len(stream.read(min(left, 1 << 20)))
    stream.read(1)
    return _KINDS[kind], content


def _names(tree: bytes | None) -> bytes | None:
    """The names of a tree's entries, a line each."""
    names, at = [], 0
    while tree and at < len(tree):
        end = tree.index(b"\0", at)
        names.append(tree[at:end].partition(b" ")[2])
        at = end + 21
    return b"\n".join(names) if tree is not None else None


def git_output(repository: Path, *arguments: str) -> bytes:
    """What a git command prints.

    Raises:
        ScanError: no repository there.
    """
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise ScanError("--git", expected="a git repository", got="none", remedy="give the path of one")
    return done.stdout
