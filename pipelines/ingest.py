"""Stage ingest: the study's source becomes cines without identity, and a place for every file."""

from pathlib import Path
from typing import Any

from cinemyo.config import Params, Source
from cinemyo.deid.refusals import read_refusals
from cinemyo.launching.choice import chosen
from cinemyo.layout import Layout
from cinemyo.sources.ahead import ingest_ahead
from cinemyo.sources.census import check_census
from cinemyo.sources.ingest import ingest, outputs, work_of
from cinemyo.sources.keyed import key_of
from cinemyo.sources.opened import count_of, open_source
from pipelines.stage import Run, stage


def main() -> None:
    """Reads the source and writes its images and tables."""
    with stage("ingest") as run:
        ingest_cohort(run, source=run.params.source, layout=run.layout)


def ingest_cohort(run: Run, *, source: Source, layout: Layout) -> None:
    """Reads a source under the study's key, without whoever withdrew."""
    check_census(source.root)
    key, found, withdrawn = key_of(run.params.source), count_of(source), Path(run.params.oversight.withdrawn)
    refused = read_refusals(withdrawn, key=key)
    finished = work_of(layout, key=key)
    ingest_ahead(source, keyed=run.params.source, layout=layout, withdrawn=withdrawn, launcher=chosen())
    ingest(open_source(source, key=key), layout=layout, key=key, found=found, finished=finished, refused=refused)
    run.wrote(inputs=[Path(source.root), withdrawn], outputs=outputs(layout), params=basis(run.params, source=source))
    finished.clear()


def basis(params: Params, *, source: Source) -> dict[str, Any]:
    """What the ingested cines hang on beside the files: how the source is read, and under which key."""
    return {"source": source.model_dump(mode="json"), "key": key_of(params.source).id}


if __name__ == "__main__":
    main()
