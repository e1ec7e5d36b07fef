"""Openings of the hold-out: asked for by a person, written down, and good for the very models that they name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo import schema
from cinemyo.config import Params
from cinemyo.errors import ConfigError, SplitError, TableError, WeightsError
from cinemyo.folds import HOLDOUT, fold_count
from cinemyo.layout import Layout
from cinemyo.provenance import sha256
from cinemyo.sheets import OPENINGS
from cinemyo.tables import FOLDS, ID

PSEUDONYM: Final = re.compile(rf"(?<![\w-]){ID.strip('^$')}(?![\w-])")
HOLDS: Final = "holds"


@dataclass(frozen=True)
class Standing:
    """One opening, and whether it holds for what is there now."""

    arm: str
    opened_on: str
    role: str
    reason: str
    state: str
    """`holds`, or why it does not."""

    @property
    def holds(self) -> bool:
        """Whether the present models may answer the hold-out."""
        return self.state == HOLDS

    def __str__(self) -> str:
        """The opening as one line."""
        return f"{self.arm}: opened {self.opened_on} by {self.role} ({self.reason}); {self.state}"


def read_openings(path: Path) -> pd.DataFrame:
    """The sheet of openings.

    Raises:
        TableError: the sheet is absent or broken.
    """
    if not path.is_file():
        remedy = f"write a file with this line alone: {','.join(OPENINGS.header)}"
        raise TableError(str(path), expected="the sheet of openings", got="no file", remedy=remedy)
    return schema.read(path, table=OPENINGS)


def is_open(arm: str, *, openings: pd.DataFrame, layout: Layout) -> bool:
    """Whether an opening names exactly the present models and folds of an arm."""
    return any(standing.holds for standing in standings(openings[openings["arm"] == arm], layout=layout))


def standings(openings: pd.DataFrame, *, layout: Layout) -> Iterator[Standing]:
    """Each opening in the order of the sheet, with its state."""
    present = {arm: digest(layout.models(arm)) for arm in openings["arm"].unique()}
    folds = digest(layout.folds)
    for row in openings.to_dict("records"):
        told = {name: str(row[name]) for name in ("arm", "opened_on", "role", "reason")}
        now = {"models": present[row["arm"]], "folds": folds}
        changed = [what for what, value in now.items() if row[what] != value]
        yield Standing(**told, state=f"closed again: other {' and '.join(changed)} now" if changed else HOLDS)


def digest(path: Path) -> str:
    """SHA-256 of a file or folder; `none` where there is nothing."""
    return sha256(path) if path.exists() else "none"


def request(
    arms: Sequence[str], *, params: Params, layout: Layout, openings: pd.DataFrame, role: str, reason: str, on: date
) -> pd.DataFrame:
    """Rows of `sheets.OPENINGS` that open the hold-out for the present models of these arms; for all of them or none.

    Raises:
        ConfigError: no such arm, or a role or reason that is no line of text, or names a patient or cine.
        SplitError: a study or arm without a hold-out, or one that is open already.
        WeightsError: an arm without the models of all folds.
    """
    for option, text in (("--role", role), ("--reason", reason)):
        _refuse_text(text, where=f"cinemyo holdout open {option}")
    rows = []
    for arm in dict.fromkeys(arms):
        _refuse_without_holdout(arm, params=params, layout=layout)
        _refuse_without_models(arm, layout=layout)
        if is_open(arm, openings=openings, layout=layout):
            got = "a second request for the same models and folds"
            raise SplitError(f"hold-out of {arm}", expected="a closed one", got=got, remedy="run `make repro`")
        facts = {"models": digest(layout.models(arm)), "folds": digest(layout.folds)}
        told = {"role": role.strip(), "reason": reason.strip()}
        rows.append({"arm": arm, "opened_on": on.isoformat()} | told | facts)
    return schema.check(schema.from_rows(rows, table=OPENINGS), table=OPENINGS, where="openings")


def append(rows: pd.DataFrame, *, path: Path) -> None:
    """Adds rows at the end of the sheet, whose earlier bytes stay as they are."""
    before = path.read_bytes()
    before += b"" if before.endswith(b"\n") else b"\n"
    schema.write_bytes(path, before + rows.to_csv(index=False, header=False, lineterminator="\n").encode())


def _refuse_text(text: str, *, where: str) -> None:
    if not text.strip() or not text.strip().isprintable():
        raise ConfigError(where, expected="one line of text", got=repr(text[:40]), remedy="say it in a few words")
    if PSEUDONYM.search(text):
        raise ConfigError(where, expected="no pseudonym", got="one", remedy="git keeps this sheet: name nobody in it")


def _refuse_without_holdout(name: str, *, params: Params, layout: Layout) -> None:
    where = f"hold-out of {name}"
    if name not in params.arms:
        raise ConfigError(where, expected=f"one of {', '.join(params.arms)}", got=name, remedy="name an arm")
    arm = params.arms[name]
    if params.split.protocol != "honest":
        got = f"protocol {params.split.protocol}"
        raise SplitError(where, expected="protocol honest", got=got, remedy="this study holds nobody out")
    if arm.scheme != "honest":
        raise SplitError(where, expected="an arm by patient", got=f"scheme {arm.scheme}", remedy="name another arm")
    if arm.is_control:
        raise SplitError(where, expected="an arm that may be right", got="a control", remedy="name another arm")
    folds = schema.read(layout.folds, table=FOLDS)
    if not (folds["part"] == HOLDOUT).any():
        remedy = "set split.holdout_share above 0 in a study that is still to be trained"
        raise SplitError(where, expected="patients in the hold-out", got="none", remedy=remedy)


def _refuse_without_models(name: str, *, layout: Layout) -> None:
    folds = schema.read(layout.folds, table=FOLDS)
    wanted = {f"fold{fold}.safetensors" for fold in range(fold_count(folds, scheme="honest"))}
    found = {path.name for path in layout.models(name).glob("fold*.safetensors")}
    if found != wanted:
        got, expected = f"{len(found)}", f"the models of {len(wanted)} folds"
        raise WeightsError(f"models of {name}", expected=expected, got=got, remedy="run `make repro` first")
