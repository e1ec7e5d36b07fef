"""Runs in the embedded store: complete, found again, portable, and failed where something failed."""

import dataclasses
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cinemyo.errors import SetupError
from cinemyo.record.tracking import STORE, Data, Entry, Metric, Store, fault


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)


@pytest.fixture(scope="module")
def entry(base: Path) -> Entry:
    model = base / "fold0.safetensors"
    model.write_bytes(b"weights")
    curve = [Metric("train_loss", 1 / step, step) for step in range(1, 4)]
    child = Entry("demo", "dual", 0, params={"a": "1"}, metrics=curve, files={"model/fold0.safetensors": model})
    data = [Data("data/demo/cines.csv", "f" * 64, "cines")]
    params = {f"key{index}": "value" for index in range(250)}
    return Entry(
        "demo",
        "dual",
        None,
        params=params,
        metrics=[Metric("accuracy_mean", 0.9)],
        documents={"confusion.json": [[1, 0], [0, 1]]},
        data=data,
        tags={"mlflow.source.git.commit": "abc"},
        children=[child],
    )


@pytest.fixture(scope="module")
def ids(base: Path, entry: Entry) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STORE, raising=False)
        return Store(base).record([entry], study="demo")


@pytest.fixture
def database(base: Path, ids: dict[str, str]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as connection:
        yield connection


def rows(database: sqlite3.Connection, query: str) -> list[tuple]:
    return database.execute(query).fetchall()


def test_an_arm_is_a_parent_and_its_folds_are_children(database: sqlite3.Connection, ids: dict[str, str]) -> None:
    found = rows(database, "select run_uuid, value from tags where key = 'mlflow.parentRunId'")
    assert found == [(ids["dual fold 0"], ids["dual"])]


def test_curves_keep_their_steps(database: sqlite3.Connection) -> None:
    found = rows(database, "select step, value from metrics where key = 'train_loss' order by step")
    assert found == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_more_params_than_a_batch_holds_are_kept(database: sqlite3.Connection, ids: dict[str, str]) -> None:
    assert rows(database, f"select count(*) from params where run_uuid = '{ids['dual']}'") == [(250,)]


def test_files_lie_where_a_server_finds_them(base: Path, ids: dict[str, str]) -> None:
    kept = base / "mlruns" / "artifacts" / ids["dual fold 0"] / "artifacts" / "model" / "fold0.safetensors"
    assert kept.read_bytes() == b"weights"


def test_documents_are_json_files(base: Path, ids: dict[str, str]) -> None:
    assert (base / "mlruns" / "artifacts" / ids["dual"] / "artifacts" / "confusion.json").is_file()


def test_data_is_logged_with_a_digest_that_fits(database: sqlite3.Connection) -> None:
    assert rows(database, "select name, digest from datasets") == [("cines.csv", "f" * 36)]


def test_data_carries_its_whole_digest_as_a_tag(database: sqlite3.Connection) -> None:
    found = rows(database, "select name, value from input_tags order by name")
    assert found == [("mlflow.data.context", "cines"), ("sha256", "f" * 64)]


def test_pointers_follow_the_newest_recording(base: Path, entry: Entry, ids: dict[str, str]) -> None:
    for head in ("a" * 64, "b" * 64):
        child = dataclasses.replace(entry.children[0], pointers={"ledger_head": head})
        moved = dataclasses.replace(entry, pointers={"ledger_head": head}, children=[child])
        assert Store(base).record([moved], study="demo") == {"dual": ids["dual"]}
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as connection:
        assert rows(connection, "select value from tags where key = 'ledger_head'") == [("b" * 64,), ("b" * 64,)]
        assert rows(connection, "select count(*) from runs") == [(2,)]


def test_the_commit_is_a_tag(database: sqlite3.Connection) -> None:
    assert rows(database, "select value from tags where key = 'mlflow.source.git.commit'") == [("abc",)]


def test_all_runs_are_finished(database: sqlite3.Connection) -> None:
    assert set(rows(database, "select status from runs")) == {("FINISHED",)}


def test_the_store_holds_no_path_of_a_machine(base: Path, database: sqlite3.Connection) -> None:
    assert not [line for line in database.iterdump() if line.startswith("INSERT") and str(base.parent) in line]


def test_the_store_names_no_user(database: sqlite3.Connection) -> None:
    assert set(rows(database, "select user_id from runs")) == {("cinemyo",)}


def test_recording_again_adds_nothing(base: Path, entry: Entry, ids: dict[str, str]) -> None:
    assert Store(base).record([entry], study="demo")["dual"] == ids["dual"]
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as connection:
        assert rows(connection, "select count(*) from runs") == [(2,)]


def test_another_commit_is_the_same_run(entry: Entry) -> None:
    assert dataclasses.replace(entry, tags={"mlflow.source.git.commit": "def"}).content == entry.content


def test_another_metric_is_another_run(entry: Entry) -> None:
    assert dataclasses.replace(entry, metrics=[Metric("accuracy_mean", 0.8)]).content != entry.content


def test_a_changed_fold_is_another_arm(entry: Entry) -> None:
    child = dataclasses.replace(entry.children[0], params={"a": "2"})
    assert dataclasses.replace(entry, children=[child]).content != entry.content


def test_a_failure_leaves_a_failed_run_and_a_repeat_completes_it(base: Path, entry: Entry) -> None:
    lost = base / "lost.png"
    lost.write_bytes(b"png")
    broken = dataclasses.replace(entry, arm="broken", files={"lost.png": lost}, children=[])
    _ = broken.content
    store = Store(base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_keep", _raise)
        with pytest.raises(RuntimeError, match="no space"):
            store.record([broken], study="other")
    store.record([broken], study="other")
    query = "select status from runs where name = 'broken' order by start_time"
    with closing(sqlite3.connect(base / "mlruns" / "mlflow.db")) as connection:
        assert rows(connection, query) == [("FAILED",), ("FINISHED",)]


def _raise(*_: object, **__: object) -> None:
    raise RuntimeError("no space")


def test_each_folder_that_is_worked_in_has_a_store_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        Store().record([Entry("demo", name, None)], study="demo")
    for name in ("one", "two"):
        with closing(sqlite3.connect(tmp_path / name / "mlruns" / "mlflow.db")) as connection:
            assert rows(connection, "select name from runs") == [(name,)]


def test_a_server_gets_files_through_its_client(
    base: Path, entry: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ids: dict[str, str]
) -> None:
    shutil.copy(base / "mlruns" / "mlflow.db", tmp_path / "server.db")
    monkeypatch.setenv(STORE, f"sqlite:///{(tmp_path / 'server.db').as_posix()}")
    monkeypatch.chdir(tmp_path)
    found = Store(base).record([entry], study="served")
    assert list(tmp_path.rglob(f"{found['dual fold 0']}/artifacts/model/fold0.safetensors"))
    assert list(tmp_path.rglob(f"{found['dual']}/artifacts/confusion.json"))


def test_a_store_that_does_not_answer_is_one_sentence(
    base: Path, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE, "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(SetupError, match=r"expected an answer.*unset MLFLOW_TRACKING_URI") as caught:
        Store(base).record([entry], study="demo")
    assert "secret" not in str(caught.value).partition("expected")[0]


def test_a_store_that_can_be_made_has_no_fault(tmp_path: Path) -> None:
    assert fault(tmp_path) is None


def test_a_store_that_is_there_has_no_fault(base: Path, ids: dict[str, str]) -> None:
    assert fault(base) is None


def test_a_damaged_store_has_a_fault(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_bytes(b"no database" * 100)
    assert fault(tmp_path) == "file is not a database"


def test_a_server_that_is_down_has_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(STORE, "http://127.0.0.1:9")
    assert "refused" in str(fault(tmp_path))


def test_another_database_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(STORE, "postgresql://somewhere/db")
    assert fault(tmp_path) is None
