"""Stage label: the label sheet joined to the cines by keyed identifiers."""

from pathlib import Path

from cinemyo import tables
from cinemyo.sources.keyed import key_of
from cinemyo.sources.sheet import join, read_sheet
from pipelines.stage import stage


def main() -> None:
    """Reads the sheet and writes the labels of the cines."""
    with stage("label") as run:
        source, layout = run.params.source, run.layout
        path = Path(source.labels)
        cines = tables.read(layout.cines, table=tables.CINES)
        exclusions = tables.read(layout.exclusions, table=tables.EXCLUSIONS)
        labels = join(cines, read_sheet(path), key=key_of(source), exclusions=exclusions)
        tables.write(labels, table=tables.LABELS, path=layout.labels)
        run.wrote(
            inputs=[path, layout.cines, layout.exclusions],
            outputs=[layout.labels],
            params={"source": source.model_dump(mode="json")},
        )


if __name__ == "__main__":
    main()
