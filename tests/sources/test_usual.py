"""The usual settings are those that conf/ has."""

from pathlib import Path
from typing import get_args

import pytest
import yaml

from cinemyo.deid.keys import load_key
from cinemyo.sources.base import Cine, SourceKind, read
from cinemyo.sources.opened import open_source
from cinemyo.sources.usual import SETTINGS, usual
from tests.sources import test_mnms

CONF = Path(__file__).resolve().parents[2] / "conf" / "source"
PLACES = ("root", "labels", "truth")


@pytest.mark.parametrize("kind", get_args(SourceKind))
def test_the_usual_settings_are_those_of_conf(kind: SourceKind) -> None:
    written = yaml.safe_load((CONF / f"{kind}.yaml").read_text(encoding="utf-8"))
    made = usual(kind, Path("r")).model_dump(mode="json")
    assert {name: made[name] for name in made if name not in PLACES} == {
        name: written[name] for name in written if name not in PLACES
    }


def test_every_kind_has_usual_settings() -> None:
    assert tuple(SETTINGS) == get_args(SourceKind)


def test_a_folder_is_read_with_the_usual_settings(tmp_path: Path) -> None:
    test_mnms.write_release(tmp_path)
    key = load_key("published")
    cines = [item for item in read(open_source(usual("mnms", tmp_path), key=key), key=key) if isinstance(item, Cine)]
    # the middle of three slices alone lies between a fifth and four fifths of the height
    assert [cine.slice_number for cine in cines] == [2]
