"""Where each file of a study lies, relative to the project's root; written here once."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Paths of one study: `data/<study>/` for what is per cine, `reports/` for what people read."""

    study: str
    base: Path = Path()

    @property
    def data(self) -> Path:
        """Folder of the study's outputs."""
        return self.base / "data" / self.study

    def phantom(self, name: str) -> Path:
        """Folder of a synthetic cohort: `dicom/`, `labels.csv`, `truth/`, `truth.csv`."""
        return self.base / "data" / "phantom" / name

    @property
    def cines(self) -> Path:
        """`cines.csv`, written by ingest."""
        return self.data / "cines.csv"

    @property
    def sources(self) -> Path:
        """`sources.parquet`, written by ingest."""
        return self.data / "sources.parquet"

    @property
    def exclusions(self) -> Path:
        """`exclusions.csv`, written by ingest."""
        return self.data / "exclusions.csv"

    @property
    def carried_labels(self) -> Path:
        """Labels that the source itself carries, as a sheet, written by ingest."""
        return self.data / "carried_labels.csv"

    @property
    def ingested(self) -> Path:
        """Folder of `<cine_id>.mha`, written by ingest."""
        return self.data / "ingested"

    @property
    def masks(self) -> Path:
        """Folder of `<cine_id>.mha` masks (diastole, systole), written by ingest where a source has them."""
        return self.data / "masks"

    @property
    def labels(self) -> Path:
        """`labels.csv`, written by label."""
        return self.data / "labels.csv"

    @property
    def regions(self) -> Path:
        """`regions.csv`, written by locate."""
        return self.data / "regions.csv"

    @property
    def phases(self) -> Path:
        """`phases.csv`, written by locate."""
        return self.data / "phases.csv"

    @property
    def folds(self) -> Path:
        """`folds.csv`, written by split."""
        return self.data / "folds.csv"

    @property
    def folds_basis(self) -> Path:
        """`folds_basis.json`: the seed and settings under which the assignments of `folds.csv` are permanent."""
        return self.data / "folds_basis.json"

    def prepared(self, recipe: str) -> Path:
        """Folder of one recipe: `<cine_id>.tif`, `prepared.csv`, `exclusions.csv`."""
        return self.data / "prepared" / recipe

    def models(self, arm: str) -> Path:
        """Folder of one arm's `fold<k>.safetensors`."""
        return self.data / "models" / arm

    def predictions(self, arm: str) -> Path:
        """`predictions/<arm>.csv`, written by train."""
        return self.data / "predictions" / f"{arm}.csv"

    def holdout(self, arm: str) -> Path:
        """`predictions/holdout/<arm>.csv`, written by holdout: a row per opened cine and fold."""
        return self.data / "predictions" / "holdout" / f"{arm}.csv"

    @property
    def external(self) -> "Layout":
        """Where the supplementary cohort of the study lies, with tables of its own: `data/<study>/external/`."""
        return Layout(f"{self.study}/external", self.base)

    def external_predictions(self, arm: str) -> Path:
        """`predictions/external/<arm>.csv`, written by predict: a row per cine of the supplementary cohort and fold."""
        return self.data / "predictions" / "external" / f"{arm}.csv"

    @property
    def leakage(self) -> Path:
        """`leakage.parquet`, written by leakage."""
        return self.data / "leakage.parquet"

    def robustness(self, arm: str) -> Path:
        """`robustness/<arm>.csv`, written by robustness."""
        return self.data / "robustness" / f"{arm}.csv"

    def attention(self, arm: str) -> Path:
        """`attention/<arm>.csv`, written by explain."""
        return self.data / "attention" / f"{arm}.csv"

    def history(self, arm: str) -> Path:
        """`history/<arm>.csv`, written by train."""
        return self.data / "history" / f"{arm}.csv"

    def provenance(self, stage: str) -> Path:
        """`provenance/<stage>.json`; a stage of an arm is `train@dual`."""
        return self.data / "provenance" / f"{stage.replace('@', '.')}.json"

    @property
    def reports(self) -> Path:
        """Folder of what people read."""
        return self.base / "reports"

    @property
    def metrics(self) -> Path:
        """`reports/metrics.json`, written by evaluate."""
        return self.reports / "metrics.json"

    @property
    def tables(self) -> Path:
        """`reports/tables/`, aggregates only, written by evaluate."""
        return self.reports / "tables"

    @property
    def figures(self) -> Path:
        """`reports/figures/`, confusion matrices and curves, written by evaluate."""
        return self.reports / "figures"

    @property
    def errors(self) -> Path:
        """`reports/errors/`, misclassified cines (per cine), written by evaluate."""
        return self.reports / "errors"

    @property
    def review_queue(self) -> Path:
        """`reports/errors/review_queue.csv`: cines that a person should look at, and why, written by evaluate."""
        return self.errors / "review_queue.csv"

    @property
    def contact_sheets(self) -> Path:
        """`reports/contact_sheets/<recipe>/`, written by prepare."""
        return self.reports / "contact_sheets"

    @property
    def heat_maps(self) -> Path:
        """`reports/heat_maps/`, written by explain."""
        return self.reports / "heat_maps"

    @property
    def scores(self) -> Path:
        """`reports/scores/<arm>.json`, flat figures for `dvc metrics`, written by evaluate."""
        return self.reports / "scores"

    @property
    def plots(self) -> Path:
        """`reports/plots/<arm>.csv`, answers without any id for `dvc plots`, written by evaluate."""
        return self.reports / "plots"

    @property
    def contents(self) -> Path:
        """`reports/tables/contents.json`: sections, titles and notes of the tables, written by evaluate."""
        return self.tables / "contents.json"

    @property
    def flow(self) -> Path:
        """`reports/flow.svg`, the flow of files, cines and patients, written by report."""
        return self.reports / "flow.svg"

    @property
    def model_card(self) -> Path:
        """`reports/model_card.md`, written by report."""
        return self.reports / "model_card.md"

    @property
    def checklists(self) -> Path:
        """`reports/checklists/`, written by report."""
        return self.reports / "checklists"

    @property
    def report(self) -> Path:
        """`reports/report.html`, written by report."""
        return self.reports / "report.html"

    @property
    def recorded(self) -> Path:
        """The out of `record`, beside the default store so that deleting the store runs the stage again."""
        return self.base / "mlruns" / f"recorded_{self.study}.json"
