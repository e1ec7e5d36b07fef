"""labels.csv and cines.csv to folds.csv: who trains and who tests."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.persons import read_links
from cinemyo.splitting import assign
from pipelines.stage import stage


def main() -> None:
    """Runs the stage."""
    with stage("split") as run:
        layout, split = run.layout, run.params.split
        basis = {"seed": run.params.seed, "split": split.model_dump(mode="json", exclude={"links"})}
        sheet = Path(split.links) if split.links else None
        folds = assign(
            tables.read(layout.labels, table=tables.LABELS),
            cines=tables.read(layout.cines, table=tables.CINES),
            split=split,
            seed=run.params.seed,
            previous=earlier(layout.folds, basis_path=layout.folds_basis, basis=basis),
            links=read_links(split.links),
        )
        tables.write(folds, table=tables.FOLDS, path=layout.folds)
        tables.write_bytes(layout.folds_basis, text(basis).encode())
        inputs = [layout.labels, layout.cines, *([sheet] if sheet else [])]
        run.wrote(inputs=inputs, outputs=[layout.folds, layout.folds_basis], params=basis)


def earlier(path: Path, *, basis_path: Path, basis: dict[str, Any]) -> pd.DataFrame | None:
    """The table of an earlier run, if it was drawn with this seed and these folds; its assignments are permanent."""
    if not path.is_file() or not basis_path.is_file() or basis_path.read_text(encoding="utf-8") != text(basis):
        return None
    return tables.read(path, table=tables.FOLDS)


def text(basis: dict[str, Any]) -> str:
    """The basis of a draw as JSON."""
    return json.dumps(basis, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
