"""Under which permission a study is done, as the report and the exports say it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from cinemyo.config import Oversight, Params
from cinemyo.schema import read
from cinemyo.sheets import CONSENTS, WITHDRAWN

MISSING: Final = "MISSING: a study of people states it ({key})"
BASIS: Final = {
    "synthetic": "synthetic phantoms: no consent is needed",
    "public_release": "a public release, under its own permission",
    "consent": "consent of each patient",
    "opt_out": "no opposition after information (opt-out)",
    "waiver": "a waiver of consent by the board",
}

IDENTITY: Final = (
    "Pseudonymised at ingest, which passes no name, number, date or private tag on; the tests of it "
    "(every attribute of DICOM PS3.15 Table E.1-1, planted canaries) pass with this release. Remaining risk: whoever "
    "holds the key or the source can tell who is who, text of another kind than the search knows may stand in the "
    "pixels, and anatomy itself is personal."
)


def stated(params: Params, *, base: Path = Path()) -> dict[str, str]:
    """What an ethics board asks first, each with its answer; what a study of people lacks is told as missing.

    Raises:
        TableError: the sheet of consents or of withdrawals is broken.
    """
    own = params.oversight
    return {
        "Protocol": own.protocol or _absent("oversight.protocol", params=params),
        "Consent basis": BASIS[own.consent_basis],
        **_consents(params, base=base),
        "Responsible": own.responsible_role or _absent("oversight.responsible_role", params=params),
        "Images and tables kept until": _day(own.images_until, key="oversight.images_until", params=params),
        "Record of the audit kept until": _day(own.audit_until, key="oversight.audit_until", params=params),
        "Withdrawn patients": str(_withdrawn(own, base=base)),
        "Identity": IDENTITY if own.consent_basis != "synthetic" else f"Of phantoms, invented. {IDENTITY}",
    }


def missing(params: Params) -> list[str]:
    """Keys of the oversight that a study of people lacks; none of phantoms or of a public release."""
    own = params.oversight
    if own.consent_basis in ("synthetic", "public_release"):
        return []
    answers = {
        "protocol": own.protocol,
        "responsible_role": own.responsible_role,
        "images_until": own.images_until,
        "audit_until": own.audit_until,
    }
    return [f"oversight.{key}" for key, answer in answers.items() if not answer]


def overdue(oversight: Oversight, *, today: date) -> Iterator[str]:
    """A sentence for each date of retention that is past."""
    ends = {"images and tables of patients": oversight.images_until, "the record of the audit": oversight.audit_until}
    for what, end in ends.items():
        if end is not None and today > end:
            yield f"{what} were to be kept until {end}, {(today - end).days} days ago"


def _consents(params: Params, *, base: Path) -> dict[str, str]:
    """Patients by a basis of their own, and when lists of oppositions were checked, from the sheet; nobody is named."""
    path = base / params.oversight.consents
    if not path.is_file():
        return {}
    sheet = read(path, table=CONSENTS)
    if sheet.empty:
        return {}
    counts = sheet["consent_basis"].value_counts().sort_index()
    own = "; ".join(f"{BASIS[str(basis)]}: {count}" for basis, count in counts.items())
    checked = sheet["opposition_checked"].dropna()
    days = f"{checked.min()} to {checked.max()}, {len(checked)} patients" if len(checked) else "no day is stated"
    lacking = int(sheet["opposition_checked"][sheet["consent_basis"] == "opt_out"].isna().sum())
    more = f"; MISSING for {lacking} patients of the opt-out" if lacking else ""
    return {"Consent of single patients": own, "List of oppositions checked": days + more}


def _withdrawn(oversight: Oversight, *, base: Path) -> int:
    path = base / oversight.withdrawn
    return len(read(path, table=WITHDRAWN)) if path.is_file() else 0


def _day(day: date | None, *, key: str, params: Params) -> str:
    return day.isoformat() if day else _absent(key, params=params)


def _absent(key: str, *, params: Params) -> str:
    return MISSING.format(key=key) if key in missing(params) else "none stated"
