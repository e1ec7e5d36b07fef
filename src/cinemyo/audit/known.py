"""What the ledger holds already, looked up by what the next reconciliation asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cinemyo.audit.ledger import Record


@dataclass(frozen=True)
class Known:
    """The newest record of each thing, with its place in the history; the last one wins."""

    events: frozenset[str]
    """Names of the events that are in the ledger."""
    artefacts: Mapping[str, tuple[int, Mapping[str, Any]]]
    """By path."""
    activities: Mapping[str, tuple[int, Mapping[str, Any]]]
    """The newest run of each stage that ended well."""
    patients: Mapping[str, Mapping[str, Any]]
    """By study."""
    labels: Mapping[tuple[str, str], Mapping[str, Any]]
    """By study and sheet."""
    commitments: frozenset[str]

    @classmethod
    def of(cls, history: Sequence[Record]) -> "Known":
        """What is known after these records."""
        numbered = list(enumerate(history))
        bodies = [(place, record.kind, record.body) for place, record in numbered]
        return cls(
            events=frozenset(body["event"] for _, kind, body in bodies if kind in ("activity", "access")),
            artefacts={body["path"]: (place, body) for place, kind, body in bodies if kind in ("artefact", "restored")},
            activities={
                body["name"]: (place, body)
                for place, kind, body in bodies
                if kind == "activity" and body["outcome"] == "done"
            },
            patients={body["study"]: body for _, kind, body in bodies if kind == "patients"},
            labels={(body["study"], body["sheet"]): body for _, kind, body in bodies if kind == "labels"},
            commitments=frozenset(
                name for _, kind, body in bodies if kind in ("patients", "labels") for name in body["commitments"]
            ),
        )

    def explaining(self, stage: str, *, after: int) -> Mapping[str, Any] | None:
        """The newest run of a stage that ended well and stands later in the history than a place."""
        place, body = self.activities.get(stage, (-1, {}))
        return body if place > after else None
