"""What is asked for, checked before anything is touched: who, under which key, why, by whose role."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from cinemyo.audit.details import DETAILS, Details
from cinemyo.audit.ledger import Record
from cinemyo.audit.pipeline import is_running
from cinemyo.audit.withdraw.state import unfinished
from cinemyo.audit.withdraw.workspace import Policy
from cinemyo.config import Params
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.deid.refusals import read_refusals
from cinemyo.errors import AuditError, ConfigError, IdentityKeyError
from cinemyo.layout import Layout
from cinemyo.openings import PSEUDONYM
from cinemyo.persons import persons_of, read_links
from cinemyo.provenance import digest_of, recorded_params
from cinemyo.schema import read_text
from cinemyo.sources.keyed import key_of

Reason = Literal["consent_withdrawn", "objection", "ineligible", "duplicate_identity", "controllers_order"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
_PATIENT: Final = re.compile(r"^p-[a-z2-7]{16}$")
_TRACKED: Final = ("src", "pipelines", "conf", "dvc.yaml", "params.yaml")


@dataclass(frozen=True)
class Asked:
    """A withdrawal that can be done."""

    patients: frozenset[str]
    """Pseudonyms of one person."""
    reason: Reason
    role: str
    policy: Policy
    key: Key = field(repr=False)


def asked(
    patient: str,
    *,
    reason: Reason,
    role: str,
    policy: Policy,
    params: Params,
    layout: Layout,
    records: Sequence[Record],
) -> Asked:
    """The request, its patient found by pseudonym or by the hospital's identifier.

    A person who is linked under several numbers withdraws under all of them; of a duplicate identity the number that is
    named goes alone.

    Raises:
        ConfigError: a role that is no line of text, or names a patient.
        IdentityKeyError: no key, or not the one under which the study was ingested.
        AuditError: a patient whom the study does not know, or who withdrew already, or DVC is at work.
    """
    _refuse_role(role)
    key = study_key(params, layout=layout, records=records)
    own = patient.strip()
    named = own if _PATIENT.match(own) else pseudonym("patient", own, key=key)
    under_way = {number for state in unfinished(layout.base) for number in state.patients}
    _refuse_withdrawn(named, key=key, under_way=under_way, sheet=layout.base / params.oversight.withdrawn)
    known = _known(layout) | under_way
    if named not in known and not Details(layout.base / DETAILS).of(named):
        got = "a pseudonym that none bears" if named == own else "an identifier that stands for nobody in it"
        remedy = f"check it, and the key ({key})"
        raise AuditError("patient", expected=f"one of the study {params.study.name}", got=got, remedy=remedy)
    if is_running(layout.base):
        remedy = "wait until it has ended: it would write the patient anew"
        raise AuditError("withdraw", expected="no `dvc repro` at work", got="one", remedy=remedy)
    numbers = _numbers(named, known=known, params=params, base=layout.base)
    patients = frozenset({named}) if reason == "duplicate_identity" else numbers
    return Asked(patients, reason, role.strip(), policy, key)


def study_key(params: Params, *, layout: Layout, records: Sequence[Record]) -> Key:
    """The key of the study, for looking up alone.

    Raises:
        IdentityKeyError: no key, or not the one under which the study was ingested.
    """
    key = key_of(params.source).asking()
    path = layout.provenance("ingest")
    present = digest_of({"source": params.source.model_dump(mode="json"), "key": key.id})
    if not path.is_file() or recorded_params(path) == present:
        return key
    told = [r.body.get("key_id") for r in records if r.kind in ("artefact", "restored") and _is_ingest(r, params)]
    if not told or told[-1] != key.id:
        raise IdentityKeyError(
            "key of the pseudonyms",
            expected="the key and the source under which the study was ingested",
            got=f"{key}",
            remedy="set CINEMYO_KEY_FILE to the study's key; under another one nobody would be known again",
        )
    return key


def refuse_dirty(base: Path) -> None:
    """Lets nothing be withdrawn from a project whose state no commit tells.

    Raises:
        AuditError: code, configuration or sheets differ from the last commit.
    """
    command = ["git", "status", "--porcelain", "--", *_TRACKED]
    done = subprocess.run(command, cwd=base, capture_output=True, text=True, check=False)
    changed = done.stdout.splitlines() if done.returncode == 0 else []
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        got = f"{changed[0][3:]}{more} not committed"
        raise AuditError("working tree", expected="a clean one", got=got, remedy="commit or undo these changes first")


def _refuse_withdrawn(named: str, *, key: Key, under_way: set[str], sheet: Path) -> None:
    if named not in under_way and named in read_refusals(sheet, key=key):
        remedy = "run `make repro` if results are still owed"
        raise AuditError("patient", expected="one who has not withdrawn", got="one who has", remedy=remedy)


def _refuse_role(role: str) -> None:
    where = "--role"
    if not role.strip() or not role.strip().isprintable():
        raise ConfigError(where, expected="one line of text", got=repr(role[:40]), remedy="say whose decision it is")
    if PSEUDONYM.search(role):
        raise ConfigError(where, expected="a role", got="a pseudonym", remedy="name nobody: the sheet is kept by git")


def _is_ingest(record: Record, params: Params) -> bool:
    return record.body.get("stage") == "ingest" and record.body.get("study") == params.study.name


def _known(layout: Layout) -> set[str]:
    """Patients of both cohorts, excluded ones included."""
    paths = [path for own in (layout, layout.external) for path in (own.cines, own.exclusions, own.folds)]
    frames = [read_text(path) for path in paths if path.is_file()]
    return {str(cell) for frame in frames if "patient_id" in frame for cell in frame["patient_id"].dropna().unique()}


def _numbers(named: str, *, known: set[str], params: Params, base: Path) -> frozenset[str]:
    """All numbers of the person, known or not."""
    links = params.split.links
    sheet = read_links(str(base / links)) if links and (base / links).is_file() else None
    persons = persons_of(sorted(known | {named}), links=sheet)
    return frozenset(number for number, person in persons.items() if person == persons[named])
