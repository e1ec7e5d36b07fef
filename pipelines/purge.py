"""Not a stage: objects of a DVC remote that are about a patient who withdrew, found and deleted.

`python -m pipelines.purge list` names the cache and the remotes. `python -m pipelines.purge find|remove REMOTE` reads
what makes an object go from its standard input, so that no pseudonym stands on a command line, and answers in JSON.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dvc.repo import Repo


@dataclass(frozen=True)
class Remote:
    """The objects of a remote of any kind, through DVC's own file systems."""

    fs: Any
    root: str

    def paths(self) -> Iterator[str]:
        """Where each object lies below the remote's root."""
        for path in sorted(self.fs.find(self.root)):
            yield "/".join(self.fs.relparts(path, self.root))

    def read(self, path: str) -> bytes:
        """The content of one."""
        with self.fs.open(self._place(path), "rb") as file:
            return bytes(file.read())

    def remove(self, path: str) -> None:
        """Deletes one."""
        self.fs.remove(self._place(path))

    def _place(self, path: str) -> str:
        return str(self.fs.join(self.root, *path.split("/")))


def main() -> None:
    """Lists the stores, or answers for one remote; a remote that does not answer is told, not raised.

    Each provider's library has faults of its own, and none of them is known here.
    """
    with Repo() as repo:
        if sys.argv[1] == "list":
            print_json({"cache": repo.cache.local.path, "remotes": sorted(repo.config["remote"])})
            return
        try:
            print_json(answered(repo, sys.argv[2], does=sys.argv[1]))
        except Exception as error:
            print_json({"fault": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"})


def answered(repo: Repo, name: str, *, does: str) -> dict[str, Any]:
    """The objects that must go, and are gone where `does` is `remove`."""
    # to name the stores needs no tables, which take half a second to load
    from cinemyo.audit.withdraw.objects import Doomed, doomed

    remote = repo.cloud.get_remote(name)
    if remote.fs.version_aware or remote.worktree:
        return {"fault": "a remote that keeps versions of its own: delete them with the means of its provider"}
    store = Remote(remote.fs, remote.path)
    if not remote.fs.exists(remote.path):
        return {"fault": "not reachable, or nothing was ever pushed to it"}
    why = Doomed.from_values(json.load(sys.stdin))
    found = list(doomed(store, why=why))
    for path, _ in found if does == "remove" else ():
        store.remove(path)
    return {"objects": found}


def print_json(value: dict[str, Any]) -> None:
    """One line on the standard output, after whatever DVC says."""
    sys.stdout.write(f"\n{json.dumps(value)}\n")


if __name__ == "__main__":
    main()
