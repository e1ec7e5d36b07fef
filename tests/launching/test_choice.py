"""The launcher of a machine: named by a variable, typed, refused with its place."""

from pathlib import Path

import pytest
import yaml

from cinemyo.errors import ConfigError
from cinemyo.launching.choice import HERE, VARIABLE, Local, chosen, parse

CONF = Path(__file__).resolve().parents[2] / "conf" / "launcher"


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_file_of_conf_is_a_launcher_of_its_name(path: Path) -> None:
    assert parse(yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path)).kind == path.stem


def test_without_a_word_it_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen(folder=CONF) == HERE


def test_conf_and_the_default_say_the_same() -> None:
    assert parse(yaml.safe_load((CONF / "local.yaml").read_text(encoding="utf-8")), where="conf") == HERE


def test_the_variable_names_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("kind: local\nat_once: 3\n", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, "ours")
    assert chosen(folder=tmp_path) == Local(kind="local", at_once=3)


def test_an_unknown_name_is_refused_with_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "kubernetes")
    with pytest.raises(ConfigError, match="CINEMYO_LAUNCHER: expected one of local, ray, slurm, got 'kubernetes'"):
        chosen(folder=CONF)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"kind": "local", "at_one": 2}, "launcher.at_once"),
        ({"kind": "local", "at_once": 0}, "launcher.at_once"),
        ({"kind": "cloud"}, "launcher"),
        ({"kind": "local", "at_once": 1, "cpus": 2}, "launcher.cpus"),
    ],
)
def test_a_key_or_value_that_no_launcher_knows_is_refused(values: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError, match=rf"conf: expected a launcher \({key}: "):
        parse(values, where="conf")
