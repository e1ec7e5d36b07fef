"""What git holds of the code that ran: changes that it does not have, commits that it has no more."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cinemyo.audit.finding import Finding
from cinemyo.audit.known import Known
from cinemyo.audit.repository import commits, git, uncommitted

CODE: Final = ("src", "pipelines", "conf", "params.yaml", "dvc.yaml")
RESULTS: Final = ("dvc.lock", "reports")
NONE: Final = "none"


def state(known: Known, *, recorded: Counter[str], base: Path) -> Iterator[Finding]:
    """Uncommitted code, recorded commits that were rewritten away, and runs from a dirty tree."""
    head = git(base, "rev-parse", "HEAD")
    if not head:
        yield Finding("git", "repository", "none here: no commit can be checked", "run it in the repository", "note")
        return
    for path in uncommitted(base, *CODE):
        yield Finding("git", path, "not as the last commit has it", "commit it, or bring it back with git")
    results = uncommitted(base, *RESULTS)
    if results:
        more = f" and {len(results) - 1} more" if len(results) > 1 else ""
        yield Finding("git", f"{results[0]}{more}", "results that are not committed yet", "commit them", "note")
    yield from _history(recorded, head=head, base=base)
    bodies = [body for _, body in known.artefacts.values()]
    dirty = sorted({str(body["stage"]) for body in bodies if body.get("dirty")})
    if dirty:
        difference = "ran with changes that were not committed"
        yield Finding("git", ", ".join(dirty), difference, "run them again from a commit to be sure", "note")
    others = {str(body["commit"]) for body in bodies if body.get("commit")} - {head, NONE}
    if others:
        difference = f"the results were made at {len(others)} other commits, first {min(others)[:12]}"
        yield Finding("git", f"HEAD {head[:12]}", difference, "nothing to do where the code is the same", "note")


def _history(recorded: Counter[str], *, head: str, base: Path) -> Iterator[Finding]:
    """Commits of the ledger that no branch or tag leads to any more."""
    there, own = commits(base, "--all", "HEAD"), commits(base, "HEAD")
    shallow = git(base, "rev-parse", "--is-shallow-repository") == "true"
    for commit, count in sorted(recorded.items()):
        if commit in own or commit == NONE:
            continue
        what, runs = f"commit {commit[:12]}", f"{count} runs"
        if commit in there:
            yield Finding("git", what, f"{runs}; not part of HEAD {head[:12]}", "merge its branch", "note")
        elif shallow:
            yield Finding("git", what, f"{runs}; not in this shallow clone", "run `git fetch --unshallow`", "note")
        else:
            difference = f"{runs}; no branch or tag leads to it: history was rewritten"
            yield Finding("git", what, difference, "bring the commit back from another clone, and tag it")
