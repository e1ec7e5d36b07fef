"""What was reviewed and may stay: lines of a kind, the paths that it holds for, and the reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from cinemyo.errors import ScanError

DEFAULT: Final = Path(".scan-phi-allow")


@dataclass(frozen=True)
class Rule:
    """One line: a kind of find (or `*`), optionally `=` and what the find must be, a glob of paths, a reason."""

    line: int
    kind: str
    text: re.Pattern[str] | None
    paths: str
    reason: str

    def allows(self, kind: str, path: str, text: str) -> bool:
        """Whether a find of this kind at this path, with this text, was reviewed."""
        if self.kind not in ("*", kind) or not fnmatchcase(path, self.paths):
            return False
        return self.text is None or self.text.fullmatch(text) is not None


def read_rules(path: Path | None) -> list[Rule]:
    """The rules of a file; without one, of `.scan-phi-allow` in the current folder where that is there.

    Raises:
        ScanError: no such file, a line without a reason, or an expression that cannot be read.
    """
    if path is None and not DEFAULT.is_file():
        return []
    path = path or DEFAULT
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ScanError(
            str(path), expected="a text file of allowed finds", got="none", remedy="check --allow"
        ) from None
    return [_rule(line, number, path) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]


def first_allowing(rules: Sequence[Rule], *, kind: str, path: str, text: str) -> Rule | None:
    """The first rule that allows a find."""
    return next((rule for rule in rules if rule.allows(kind, path, text)), None)


def _rule(line: str, number: int, path: Path) -> Rule:
    fields = line.split(maxsplit=2)
    where = f"{path} line {number}"
    if len(fields) < 3:
        raise ScanError(
            where,
            expected="a kind, a glob of paths and a reason",
            got=f"{len(fields)} of them",
            remedy="add what lacks",
        )
    kind, _, text = fields[0].partition("=")
    try:
        return Rule(number, kind, re.compile(text) if text else None, fields[1], fields[2])
    except re.error as error:
        raise ScanError(where, expected="a regular expression after =", got=str(error), remedy="correct it") from None
