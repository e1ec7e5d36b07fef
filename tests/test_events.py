import hashlib
import json
import os
import platform
import stat
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from cinemyo import events
from cinemyo.errors import SetupError
from cinemyo.events import FOLDER, agent, environment, recorded


def left(base: Path) -> list[dict[str, str | None]]:
    return [json.loads(path.read_text()) for path in sorted((base / FOLDER).iterdir())]


def test_a_run_leaves_who_what_and_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(events.AGENT_VARIABLE, "image analyst")
    with recorded("stage", "train@dual", base=tmp_path):
        pass
    (event,) = left(tmp_path)
    assert (event["kind"], event["name"], event["agent"], event["outcome"]) == (
        "stage",
        "train@dual",
        "image analyst",
        "done",
    )
    assert str(event["started"]) < str(event["ended"])


def test_a_fault_is_an_outcome(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), recorded("command", "audit trace", base=tmp_path):
        raise ValueError("broken")
    assert left(tmp_path)[0]["outcome"] == "failed"


def test_a_killed_run_has_no_end(tmp_path: Path) -> None:
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom cinemyo.events import recorded\n"
        "with recorded('stage', 'ingest', base=Path()):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    source = str(Path(events.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": source}, check=False)
    assert [(event["ended"], event["outcome"]) for event in left(tmp_path)] == [(None, None)]


def test_two_runs_at_once_leave_two_files(tmp_path: Path) -> None:
    with recorded("stage", "train@a", base=tmp_path), recorded("stage", "train@b", base=tmp_path):
        pass
    assert sorted(str(event["name"]) for event in left(tmp_path)) == ["train@a", "train@b"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(SetupError, match="every run is recorded"), recorded("stage", "ingest", base=tmp_path):
        pass


def test_a_file_in_place_of_the_folder_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("")
    with pytest.raises(SetupError, match="every run is recorded"), recorded("stage", "ingest", base=tmp_path):
        pass


def test_the_account_stands_where_no_agent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(events.AGENT_VARIABLE, raising=False)
    monkeypatch.setenv("LOGNAME", "analyst")
    assert agent() == "analyst"


def test_the_environment_is_one_digest() -> None:
    assert environment() == environment()
    assert len(environment()) == 64


def test_the_environment_is_that_of_every_distribution() -> None:
    found = {f"{item.name.lower()}=={item.version}" for item in metadata.distributions() if item.name}
    lines = [platform.python_implementation(), platform.python_version(), *sorted(found)]
    assert environment() == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_a_run_that_goes_on_is_not_left_yet(tmp_path: Path) -> None:
    with recorded("stage", "train@dual", base=tmp_path):
        assert events.left(tmp_path) == []
        assert [event["name"] for event in events.running(tmp_path)] == ["train@dual"]
    assert [event["outcome"] for _, event in events.left(tmp_path)] == ["done"]
    assert events.running(tmp_path) == []


def test_a_run_of_another_process_goes_on_until_it_is_killed(tmp_path: Path) -> None:
    code = (
        "from cinemyo.events import recorded\n"
        "with recorded('stage', 'ingest'):\n    print('on', flush=True)\n    input()\n"
    )
    source = str(Path(events.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": source},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert events.left(tmp_path) == []
    process.kill()
    process.communicate()
    assert [event["ended"] for _, event in events.left(tmp_path)] == [None]


def test_what_the_ledger_holds_is_removed(tmp_path: Path) -> None:
    with recorded("stage", "ingest", base=tmp_path):
        pass
    events.remove([name for name, _ in events.left(tmp_path)], base=tmp_path)
    assert events.left(tmp_path) == []


def test_a_file_that_is_no_event_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "x.json").write_text("[]")
    assert events.left(tmp_path) == [("x", {"kind": "command", "name": "", "outcome": "unreadable"})]
