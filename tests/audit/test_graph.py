"""Stages, what they read and what they made, as one graph."""

import pytest

from cinemyo.audit.graph import Graph, inside, read_graph, touch
from cinemyo.errors import AuditError
from cinemyo.provenance import sha256
from tests.audit.project import Project


@pytest.fixture(scope="module")
def graph(ran: Project) -> Graph:
    return read_graph(ran.base, provenance=ran.layout.provenance("x").parent)


def test_a_file_in_a_folder_is_made_by_the_stage_of_the_folder(graph: Graph) -> None:
    assert graph.makers("data/tiny/models/dual/fold1.safetensors") == ["train@dual"]


def test_a_folder_is_made_by_all_who_made_something_in_it(graph: Graph) -> None:
    assert graph.makers("data/tiny/models") == ["train@dual", "train@view_systole"]


def test_ancestors_come_before_what_they_read(graph: Graph) -> None:
    assert graph.ancestors("data/tiny/folds.csv") == ["split", "label", "ingest"]


def test_stages_may_be_left_out_with_all_behind_them(graph: Graph) -> None:
    found = graph.ancestors("reports/metrics.json", keep=lambda stage: not stage.startswith("train"))
    assert found == ["evaluate", "split", "label", "ingest"]


def test_descendants_are_all_that_follow(graph: Graph) -> None:
    assert graph.descendants("data/tiny/folds.csv") == ["train@dual", "train@view_systole", "evaluate"]


def test_hashes_come_from_provenance_and_lock(graph: Graph, ran: Project) -> None:
    found = graph.recorded("data/tiny/labels.csv")
    assert found is not None
    assert found.sha256 == sha256(ran.layout.labels)
    assert found.md5 is not None


def test_code_is_no_input(graph: Graph) -> None:
    own = graph.activities["split"]
    assert [item.path for item in own.code] == ["src/split.py"]
    assert not [item.path for item in own.inputs if item.path.startswith("src/")]


def test_paths_meet_by_whole_parts() -> None:
    assert inside("data/a/b", "data/a")
    assert not inside("data/ab", "data/a")
    assert touch("data", "data/a")


@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml"])
def test_a_project_without_a_pipeline_is_refused(project: Project, name: str) -> None:
    (project.base / name).unlink()
    with pytest.raises(AuditError, match=f"{name}: expected a file, got none"):
        read_graph(project.base, provenance=project.base)


def test_a_lock_without_stages_is_refused(project: Project) -> None:
    (project.base / "dvc.lock").write_text("stages: {}\n")
    with pytest.raises(AuditError, match="expected a stage that has run, got none"):
        read_graph(project.base, provenance=project.base)


def test_broken_provenance_is_refused(project: Project) -> None:
    project.layout.provenance("split").write_text("{")
    with pytest.raises(AuditError, match=r"split\.json: expected the provenance of a stage, got no JSON"):
        read_graph(project.base, provenance=project.layout.provenance("x").parent)
