from pathlib import Path

import pandas as pd
import pytest

from cinemyo import schema
from cinemyo.deid.crosswalk import Crosswalk, TableKey
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import keyed_hash, pseudonym
from cinemyo.deid.refusals import Refusals, read_refusals, refusal
from cinemyo.errors import IdentityKeyError, TableError
from cinemyo.sheets import WITHDRAWN

KEY, OTHER = Key(b"a key of thirty-two bytes exactly"), Key(b"another key of thirty-two bytes..")
PATIENT = pseudonym("patient", "MRN-1", key=KEY)


def sheet(path: Path, *keys: Key) -> Path:
    rows = [
        {
            "refusal": refusal(PATIENT, key=key),
            "key_id": key.id,
            "reason": "objection",
            "role": "data protection officer",
            "withdrawn_on": "2026-11-02",
        }
        for key in keys
    ]
    schema.write(schema.from_rows(rows, table=WITHDRAWN), table=WITHDRAWN, path=path)
    return path


def test_a_code_is_the_same_every_time() -> None:
    assert refusal("p-" + "a" * 16, key=KEY) == "164841f8c2f1e658a4adbf4ff6777729fcdac4882ebf699d779a347538536812"


def test_another_key_gives_another_code() -> None:
    assert refusal(PATIENT, key=OTHER) != refusal(PATIENT, key=KEY)


def test_no_other_hash_of_the_pseudonym_is_the_code() -> None:
    assert keyed_hash(PATIENT, key=KEY) != refusal(PATIENT, key=KEY)


def test_whoever_withdrew_is_refused_and_nobody_else(tmp_path: Path) -> None:
    refused = read_refusals(sheet(tmp_path / "withdrawn.csv", KEY), key=KEY)
    assert PATIENT in refused
    assert pseudonym("patient", "MRN-2", key=KEY) not in refused
    assert None not in refused


def test_a_code_under_another_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IdentityKeyError, match=f"1 under another \\({OTHER.id}\\)"):
        read_refusals(sheet(tmp_path / "withdrawn.csv", KEY, OTHER), key=KEY)


def test_an_absent_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="who withdrew"):
        read_refusals(tmp_path / "absent.csv", key=KEY)


def test_an_empty_sheet_refuses_nobody(tmp_path: Path) -> None:
    assert PATIENT not in read_refusals(sheet(tmp_path / "withdrawn.csv"), key=KEY)


def test_a_random_pseudonym_is_refused_by_way_of_the_crosswalk(tmp_path: Path) -> None:
    key = TableKey(KEY.secret, Crosswalk(tmp_path / "crosswalk", secret=KEY.secret))
    drawn = pseudonym("patient", "MRN-1", key=key)
    refused = Refusals(frozenset({refusal(drawn, key=key)}), key)
    again = TableKey(KEY.secret, Crosswalk(tmp_path / "crosswalk", secret=KEY.secret))
    assert pseudonym("patient", "MRN-1", key=again.asking()) in refused


def test_asking_draws_no_pseudonym(tmp_path: Path) -> None:
    key = TableKey(KEY.secret, Crosswalk(tmp_path / "crosswalk", secret=KEY.secret))
    assert PATIENT not in Refusals(frozenset({refusal("p-" + "b" * 16, key=key)}), key)
    assert len(key.crosswalk) == 0


def test_the_sheets_of_the_studies_are_valid() -> None:
    found = sorted((Path(__file__).resolve().parents[2] / "conf" / "oversight").glob("withdrawn_*.csv"))
    assert found
    assert all(isinstance(schema.read(path, table=WITHDRAWN), pd.DataFrame) for path in found)
