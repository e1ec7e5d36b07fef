"""Composition of conf/ into params.yaml."""

from pathlib import Path

import pytest
import yaml

from cinemyo import config
from cinemyo.errors import ConfigError
from pipelines.params import composed, missing

CONF = Path(__file__).resolve().parents[2] / "conf"


def params(study: str) -> config.Params:
    return config.parse(yaml.safe_load(composed(CONF, overrides=[f"study={study}"])), where=study)


def test_a_study_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"expected a composition, got .*study/nowhere.*; correct conf/"):
        composed(CONF, overrides=["study=nowhere"])


def test_what_a_real_study_lacks_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = missing(params("acdc"))
    assert told[0] == "study acdc: no data/source yet; make source ROOT=..."
    assert told[1].endswith("make weights FILE=...")
    assert "study paper: no data/labels.csv yet; make source ROOT=... LABELS=..." in missing(params("paper"))


def test_phantoms_are_made_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert missing(params("demo")) == []
