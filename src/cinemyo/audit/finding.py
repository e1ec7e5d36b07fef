"""What a check of the audit found: which thing, how it differs, and the remedy."""

from dataclasses import dataclass
from typing import Literal

Check = Literal[
    "ledger", "details", "anchors", "artefacts", "pipeline", "tables", "folds", "git", "retention", "withdrawals"
]


@dataclass(frozen=True)
class Finding:
    """One thing that differs; a note differs in a way that proves nothing wrong."""

    check: Check
    what: str
    """A file, a line, a stage, a commit."""
    difference: str
    remedy: str
    level: Literal["fault", "note"] = "fault"

    def __str__(self) -> str:
        """The line that is shown."""
        return f"{self.level:<5}  {self.check}: {self.what}: {self.difference}; {self.remedy}"
