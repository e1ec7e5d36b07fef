"""Composes `conf/` into `params.yaml`, after the typed models have accepted it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cinemyo import config, tables
from cinemyo.errors import CinemyoError, ConfigError
from cinemyo.sheets import CORRECTIONS, OPENINGS, READERS


def composed(conf: Path, *, overrides: Sequence[str] = (), name: str = "config") -> str:
    """The composed and resolved configuration as YAML, byte for byte what `dvc exp run` would write.

    Raises:
        ConfigError: Hydra cannot compose it, or the models refuse it.
    """
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            values = compose(name, overrides=list(overrides))
        OmegaConf.resolve(values)
    except (HydraException, OmegaConfBaseException) as error:
        got = " ".join(str(error).split())[:300]
        raise ConfigError(str(conf), expected="a composition", got=got, remedy="correct conf/") from None
    config.parse(OmegaConf.to_container(values), where="conf")
    return OmegaConf.to_yaml(values)


def main() -> None:
    """Writes `params.yaml` from `conf/` and the overrides on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("overrides", nargs="*", help="Hydra overrides such as study=acdc")
    arguments = parser.parse_args()
    try:
        text = composed(Path("conf"), overrides=arguments.overrides)
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    path = Path("params.yaml")
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        tables.write_bytes(path, text.encode())
    for note in missing(config.load(path)):
        sys.stderr.write(f"{note}\n")


def missing(params: config.Params) -> list[str]:
    """What the study will ask for and is not there yet, with the remedy; phantoms are made, not asked for."""
    wanted = _of_source(params.source, command="make source")
    for source in params.external.sources.values():
        wanted = _of_source(source, command="make external") | wanted
    wanted |= {
        arm.backbone.weights.file: "make weights FILE=..."
        for arm in params.arms.values()
        if isinstance(arm.backbone.weights, config.WeightsFile)
    }
    sheets = {"readers": READERS, "corrections": CORRECTIONS, "openings": OPENINGS}
    wanted |= {
        getattr(params.sheets, name): f"write a file with this line alone: {','.join(table.header)}"
        for name, table in sheets.items()
    }
    made = tuple(f"data/phantom/{name}/" for name in params.phantoms)
    absent = {path: hint for path, hint in wanted.items() if not Path(path).exists() and not path.startswith(made)}
    return [f"study {params.study.name}: no {path} yet; {hint}" for path, hint in absent.items()]


def _of_source(source: config.Source, *, command: str) -> dict[str, str]:
    """What a source asks for, with the command that links it; what a release carries as labels is made."""
    root = {source.root: f"{command} ROOT=..."}
    return root | ({source.labels: f"{command} ROOT=... LABELS=..."} if source.kind in ("dicom", "nifti") else {})


if __name__ == "__main__":
    main()
