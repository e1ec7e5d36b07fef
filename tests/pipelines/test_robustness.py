"""The stage robustness of honest arms, leaky arms and controls."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.measures import robustness
from pipelines import robustness as pipeline
from tests.pipelines.project import link_code
from tests.trials import study

PARAMS = study.params(dual={}, leaky={"scheme": "paper_by_input"}, control={"labels": "permuted"})


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    link_code(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS.model_dump(mode="json")))
    return Layout("tiny")


def run(monkeypatch: pytest.MonkeyPatch, *, name: str) -> None:
    monkeypatch.setattr(sys, "argv", ["robustness", name])
    pipeline.main()


def test_it_writes_the_answers_of_an_honest_arm(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    study.write(Path())
    study.train(layout, params=PARAMS, name="dual")
    run(monkeypatch, name="dual")
    assert len(tables.read(layout.robustness("dual"), table=robustness("pathology")))
    assert layout.provenance("robustness@dual").is_file()


@pytest.mark.parametrize("name", ["leaky", "control"])
def test_leaky_arms_and_controls_have_an_empty_table(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run(monkeypatch, name=name)
    assert tables.read(layout.robustness(name), table=robustness("pathology")).empty


def test_an_empty_table_loads_no_torch(layout: Layout) -> None:
    code = "import sys; from pipelines import robustness; robustness.main(); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "leaky"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def params_of_a_hidden_heart() -> Params:
    return study.params(dual={}, background={"crop_px": None, "hidden_radius_px": 8})


def test_an_arm_that_hides_the_heart_is_a_control() -> None:
    arms = params_of_a_hidden_heart().arms
    assert [arms[name].is_control for name in ("dual", "background")] == [False, True]
