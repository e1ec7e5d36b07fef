"""The stage leakage on a study of tables and canvases."""

from pathlib import Path

import pytest
import yaml

from cinemyo import tables
from cinemyo.layout import Layout
from cinemyo.measures import LEAKAGE
from pipelines import leakage
from tests.pipelines.project import link_code
from tests.training import study
from tests.trials.study import params


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    link_code(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    values = params(dual={}).model_dump(mode="json")
    Path("params.yaml").write_text(yaml.safe_dump(values))
    return study.write(Path())


def test_it_writes_the_answers_of_every_open_prepared_cine_and_its_provenance(layout: Layout) -> None:
    leakage.main()
    table = tables.read(layout.leakage, table=LEAKAGE)
    folds = tables.read(layout.folds, table=tables.FOLDS)
    held = set(folds["cine_id"][folds["part"] == "holdout"])
    assert set(table["cine_id"]) == set(study.cine_ids(layout)) - held
    assert set(table["partition"]) == set(range(5))
    assert layout.provenance("leakage").is_file()


def test_a_second_run_writes_the_same_bytes(layout: Layout) -> None:
    leakage.main()
    first = layout.leakage.read_bytes()
    leakage.main()
    assert layout.leakage.read_bytes() == first


def test_an_absent_table_ends_it_with_one_line(layout: Layout) -> None:
    layout.phases.unlink()
    with pytest.raises(SystemExit, match=r"TableError: .*phases.*run the stage before it"):
        leakage.main()
