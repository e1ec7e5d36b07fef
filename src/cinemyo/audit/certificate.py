"""The certificate of a withdrawal or disposal: what went, what stays and why, what could not be reached."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

from cinemyo.audit.withdraw.removal import Removal, counted
from cinemyo.events import agent
from cinemyo.schema import write_bytes

FOLDER: Final = Path("audit") / "certificates"
SCOPE: Final = (
    "It says what this program deleted within the project, and by which rule it refuses the patient from now on; the"
    " hashes let whoever holds a copy show that it is one of these files. It does not prove that no other copy exists,"
    " that the medium keeps no trace of deleted blocks, or that the legal decision was right. Its own SHA-256 stands in"
    " the ledger of the project, which proves the time and wording of it as far as that ledger is anchored outside."
)


@dataclass(frozen=True)
class Left:
    """Something that is still there, or out of reach, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Certificate:
    """A statement without any name, pseudonym or identifier; of the patient it has the refusal code alone."""

    certificate: str
    kind: Literal["withdrawal", "disposal"]
    state: Literal["complete", "incomplete"]
    study: str
    protocol: str
    consent_basis: str
    decision: Mapping[str, str]
    """Reason, policy, by whose role, when it was begun and when it was written."""
    removals: Sequence[Removal]
    remains: Sequence[Left]
    unreachable: Sequence[Left]
    pending: Sequence[Left]
    """What is still to be done: the same command goes on."""
    contains: Sequence[Mapping[str, str]] = ()
    """Path and SHA-256 of models and reports that stay and that the patient went into."""
    retained: Sequence[str] = ()
    """Refusal codes: personal data that are kept."""
    commit: str = "none"
    scope: str = field(default=SCOPE)

    def values(self) -> dict[str, Any]:
        """All of it as JSON values."""
        own = asdict(self)
        own["removed"] = {"counts": counted(self.removals), "items": own.pop("removals")}
        return own

    def content(self) -> bytes:
        """The certificate as JSON, one form for equal contents."""
        return (json.dumps(self.values(), indent=1, sort_keys=True) + "\n").encode()

    @property
    def sha256(self) -> str:
        """Of the JSON file: what the ledger holds."""
        return hashlib.sha256(self.content()).hexdigest()

    def told(self) -> dict[str, Any]:
        """What the ledger says of it."""
        return {
            "certificate": self.certificate,
            "sha256": self.sha256,
            "state": self.state,
            "study": self.study,
            "protocol": self.protocol,
            "decision": dict(self.decision),
            "agent": agent(),
            "commit": self.commit,
            "removed": counted(self.removals),
            "pending": [item.what for item in self.pending],
        }

    def write(self, base: Path) -> Path:
        """Writes `<id>.json` and `<id>.html`; the path of the page."""
        folder = base / FOLDER
        write_bytes(folder / f"{self.certificate}.json", self.content())
        write_bytes(folder / f"{self.certificate}.html", page(self).encode())
        return folder / f"{self.certificate}.html"


def page(certificate: Certificate) -> str:
    """The certificate as a page that needs nothing else and prints on paper."""
    one = certificate
    facts = {"state": one.state, "study": one.study, "protocol": one.protocol or "none stated"}
    facts |= {"consent basis": one.consent_basis, **one.decision, "code at commit": one.commit}
    facts |= {"SHA-256 of the JSON form": one.sha256}
    counts = [[place, *map(str, row.values())] for place, row in counted(one.removals).items()]
    items = [[item.place, item.name, str(item.files), str(item.rows), item.sha256] for item in one.removals]
    parts = [
        f"<h1>Certificate of {one.kind} {escape(one.certificate)}</h1>",
        *([_INCOMPLETE] if one.state == "incomplete" else []),
        _table((), facts.items()),
        "<h2>Removed</h2>",
        _table(("where", "files", "rows of tables"), counts),
        _section("Still to be done", one.pending),
        _section("Remains, and why", one.remains),
        _section("Out of reach", one.unreachable),
        "<h2>Models and reports that the patient went into</h2>" if one.contains else "",
        _table(("path", "SHA-256"), (item.values() for item in one.contains)) if one.contains else "",
        "<h2>Retained personal data</h2>" if one.retained else "",
        _table(("refusal code",), ([code] for code in one.retained)) if one.retained else "",
        f"<h2>What this proves</h2><p>{escape(one.scope)}</p>",
        "<h2>Each removal</h2>",
        _table(("where", "what (* stands for a pseudonym)", "files", "rows", "SHA-256 before"), items),
    ]
    head = f'<meta charset="utf-8"><title>Certificate {escape(one.certificate)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


_INCOMPLETE: Final = "<p><strong>Incomplete.</strong> Run the same command again once what is named below answers.</p>"
_STYLE: Final = (
    "body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin:.5em 0;width:100%}"
    "td,th{border:1px solid #bbb;padding:.25em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
)


def _section(title: str, rows: Sequence[Left]) -> str:
    if not rows:
        return ""
    return f"<h2>{title}</h2>" + _table(("what", "why"), ([row.what, row.why] for row in rows))


def _table(header: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"
