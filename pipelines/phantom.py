"""A synthetic cohort, by name: its DICOM, label sheet and truth."""

from cinemyo import config
from cinemyo.sources.phantom import generate
from pipelines.stage import argument, stage


def main() -> None:
    """Runs the stage."""
    name = argument(config.load().phantoms)
    with stage("phantom", name) as run:
        out = run.layout.phantom(name)
        cohort = run.params.phantoms[name]
        generate(cohort, out=out)
        outputs = [out / part for part in ("dicom", "labels.csv", "truth", "truth.csv")]
        run.wrote(inputs=[], outputs=outputs, params=cohort.model_dump(mode="json"))


if __name__ == "__main__":
    main()
