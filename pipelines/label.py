"""Stage label: the label sheet joined to the cines by keyed identifiers."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from cinemyo import tables
from cinemyo.config import Source
from cinemyo.deid.refusals import read_refusals
from cinemyo.layout import Layout
from cinemyo.sources.keyed import key_of
from cinemyo.sources.refused import without_refused
from cinemyo.sources.sheet import join, read_sheet
from pipelines.stage import Run, stage


def main() -> None:
    """Reads the sheet and writes the labels of the cines."""
    with stage("label") as run:
        label_cohort(run, source=run.params.source, layout=run.layout, joined=join)


def label_cohort(run: Run, *, source: Source, layout: Layout, joined: Callable[..., pd.DataFrame]) -> None:
    """Joins a source's sheet to its cines under the study's key; rows of whoever withdrew are passed over."""
    path, withdrawn = Path(source.labels), Path(run.params.oversight.withdrawn)
    key = key_of(run.params.source)
    sheet = without_refused(read_sheet(path), refused=read_refusals(withdrawn, key=key))
    cines = tables.read(layout.cines, table=tables.CINES)
    exclusions = tables.read(layout.exclusions, table=tables.EXCLUSIONS)
    labels = joined(cines, sheet, key=key, exclusions=exclusions)
    tables.write(labels, table=tables.LABELS, path=layout.labels)
    run.wrote(
        inputs=[path, withdrawn, layout.cines, layout.exclusions],
        outputs=[layout.labels],
        params={"source": source.model_dump(mode="json")},
    )


if __name__ == "__main__":
    main()
