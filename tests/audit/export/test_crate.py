"""The crate as others read it: by the public validator of its profile, and by `rocrate`."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import requests
import rocrate
from rocrate.rocrate import ROCrate
from urllib3.response import HTTPResponse

from cinemyo import provenance
from cinemyo.audit.export.derivations import cines_of
from cinemyo.audit.export.statement import PSEUDONYM, Statement
from cinemyo.audit.export.write import write
from tests.audit.project import STAGES, Project

KNOWN = (
    # aimed at the class itself, so that every crate that names source code meets it
    "The SoftwareApplication id SHOULD be an absolute URI",
    # a study has no address
    "The organization SHOULD have a URL",
)
CONTEXT = "https://w3id.org/ro/crate/1.1/context"


@pytest.fixture(scope="module")
def folder(told: Statement, ran: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("crate") / "crate"
    write(told, out, kind="ro-crate", base=ran.base)
    return out


@pytest.fixture(scope="module")
def graph(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    return {entity["@id"]: entity for entity in found}


def ids(value: Any) -> set[str]:
    return {item["@id"] for item in (value if isinstance(value, list) else [value])}


def offline(self: object, request: requests.PreparedRequest, **more: Any) -> requests.Response:
    """The context of RO-Crate from the package that has it; there is no network."""
    own = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes() if request.url == CONTEXT else b""
    headers = {"Content-Type": "application/ld+json"}
    answer = requests.Response()
    answer.request, answer.url, answer.status_code = request, request.url or "", 200 if own else 404
    answer.headers.update(headers)
    answer.raw = HTTPResponse(io.BytesIO(own), headers=headers, status=answer.status_code, preload_content=False)
    return answer


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_the_public_validator_of_the_profile_finds_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = pytest.importorskip("rocrate_validator.services")
    models = pytest.importorskip("rocrate_validator.models")
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", offline)
    settings = models.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="process-run-crate",
        requirement_severity=models.Severity.RECOMMENDED,
        no_cache=True,
        abort_on_first=False,
    )
    found = [(issue.check.identifier, issue.message) for issue in services.validate(settings).get_issues()]
    assert [message for _, message in found if not message.startswith(KNOWN)] == []


def test_rocrate_reads_it_again(folder: Path) -> None:
    crate = ROCrate(folder)
    assert crate.name.startswith("Lineage of")
    assert {entity.type for entity in crate.root_dataset["mentions"]} == {"CreateAction"}


def test_each_stage_is_an_action_with_what_it_read_and_made(graph: dict[str, Any]) -> None:
    for stage, (inputs, outputs) in STAGES.items():
        action = graph[f"#run/{stage}"]
        assert {graph[name]["name"] for name in ids(action["object"])} >= set(inputs)
        assert {graph[name]["name"] for name in ids(action["result"])} >= set(outputs)
        assert graph[action["instrument"]["@id"]]["name"] == f"cinemyo, stage {stage}"
        assert action["startTime"].endswith("+00:00")


def test_files_inside_are_those_of_the_project(folder: Path, graph: dict[str, Any], ran: Project) -> None:
    files = [entity for entity in graph.values() if entity["@type"] == "File" and not entity["@id"].startswith("lin")]
    assert "reports/metrics.json" in {entity["@id"] for entity in files}
    for entity in files:
        assert provenance.sha256(folder / entity["@id"]) == entity["sha256"]
        assert (folder / entity["@id"]).read_bytes() == (ran.base / entity["@id"]).read_bytes()


def test_no_pseudonym_is_in_any_of_its_files(folder: Path) -> None:
    texts = [path for path in folder.rglob("*") if path.suffix in {".json", ".html", ".csv", ".md", ".yaml"}]
    assert [path.name for path in texts if PSEUDONYM.search(path.read_text(encoding="utf-8"))] == []
    assert len(texts) > 5


def test_tables_per_cine_stay_outside(folder: Path, graph: dict[str, Any]) -> None:
    assert not (folder / "data").exists()
    assert not list((folder / "reports").glob("errors/*.csv"))
    assert graph["#file/data/tiny/folds.csv"]["@type"] == "CreativeWork"


def test_of_people_nothing_is_copied_that_git_must_not_hold(told: Statement, ran: Project, out: Path) -> None:
    of_people = Statement(**{**vars(told), "synthetic": False})
    copied = write(of_people, out, kind="ro-crate", base=ran.base)
    assert [name for name in copied if Path(name).suffix in {".png", ".html"}] == []


def test_with_patients_each_cine_names_its_source_files(told: Statement, ran: Project, out: Path) -> None:
    cines = cines_of(ran.layout)
    write(told, out, kind="ro-crate", base=ran.base, cines=cines)
    found = json.loads((out / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    own = {entity["@id"]: ids(entity["isBasedOn"]) for entity in found if entity["@id"].startswith("#cine/")}
    assert own == {f"#cine/{cine}": {f"#source/{name}" for name in item.sources} for cine, item in cines.items()}


def test_it_opens_in_a_browser_without_a_network(folder: Path) -> None:
    page = (folder / "ro-crate-preview.html").read_text(encoding="utf-8")
    assert '<a href="reports/metrics.json">' in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
