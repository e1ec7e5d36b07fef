"""Stage ingest: the study's source becomes cines without identity, and a place for every file."""

from pathlib import Path

from cinemyo.sources.files import count_files
from cinemyo.sources.ingest import ingest, outputs
from cinemyo.sources.opened import open_source
from pipelines.stage import stage


def main() -> None:
    """Reads the source and writes its images and tables."""
    with stage("ingest") as run:
        source = run.params.source
        root = Path(source.root)
        ingest(open_source(source), layout=run.layout, found=count_files(root))
        run.wrote(inputs=[root], outputs=outputs(run.layout), params={"source": source.model_dump(mode="json")})


if __name__ == "__main__":
    main()
