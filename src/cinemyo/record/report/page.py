"""The report of a study: one HTML page without a network, a script or a time in it."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2
from PIL import Image

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of
from cinemyo.record.commit import git_commit
from cinemyo.record.report import cohort, results
from cinemyo.record.report.cohort import Grid

HERE: Final = Path(__file__).parent
HEAVY_BYTES: Final = 400_000
WIDEST_PX: Final = 1800
QUALITY: Final = 85
DECIMAL: Final = re.compile(r"-?\d*\.\d+(e-?\d+)?|-?\d+e-?\d+")
SMALL: Final = 0.001


TITLES: Final = {
    "table_2": "Table 2: accuracy and loss over the folds",
    "table_3": "Table 3: confusion matrices, pathology",
    "table_3_view": "Table 3: confusion matrices, view",
    "table_4": "Table 4: accuracy by size of the input",
    "arms": "All arms by cine and by patient, with intervals",
    "classes": "Sensitivity, specificity and predictive values by class",
    "views": "Accuracy by view",
    "leakage": "The same arm by patient and by cine: the price of the leak",
}
"""Tables of evaluate by file name, in the order of the page."""


@dataclass(frozen=True)
class Titled:
    """A table under its title."""

    title: str
    grid: Grid


@dataclass(frozen=True)
class Picture:
    """An image inside the page."""

    title: str
    source: str
    """A data URI."""


def build(params: Params, *, layout: Layout) -> bytes:
    """The page as UTF-8; same files, same commit, same bytes.

    Raises:
        TableError: a table or `metrics.json` that the page needs is absent or broken.
    """
    style = (HERE / "style.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = environment.get_template("template.html").render(
        **content(params, layout=layout), style=style, style_digest=digest
    )
    return page.encode()


def content(params: Params, *, layout: Layout) -> dict[str, Any]:
    """What the template prints, by section."""
    metrics = _metrics(layout)
    cines = cohort.labelled_cines(layout)
    return {
        "study": params.study,
        "summary": results.summary(params, metrics=metrics),
        "cohort": cohort.cohort(cines),
        "balances": cohort.balances(params, layout=layout),
        "exclusions": cohort.exclusions(params, layout=layout),
        "split": cohort.split(layout, cines=cines, schemes={arm.scheme for arm in params.arms.values()}),
        "arms": results.arm_table(params, metrics=metrics),
        "matrices": results.matrices(params, metrics=metrics),
        "paper_tables": paper_tables(layout),
        "figures": pictures(layout.figures, skip="confusion"),
        "paper": results.paper(),
        "attention": results.attention(layout, arms=list(params.arms)),
        "explain": params.explain,
        "overviews": [
            Picture(name, embedded(layout.heat_maps / name / "overview.png"))
            for name in params.arms
            if (layout.heat_maps / name / "overview.png").is_file()
        ],
        "errors": {name: results.errors(layout, name=name, cines=cines) for name in params.arms},
        "drawn": {name: drawn(layout, arm=name) for name in params.arms},
        "contact_sheets": [
            picture for recipe in params.recipes for picture in pictures(layout.contact_sheets / recipe, prefix=recipe)
        ],
        "commit": git_commit(layout.base),
        "seed": params.seed,
        "params_digest": digest_of(params.model_dump(mode="json")),
        "stages": lineage(layout, arms=list(params.arms), recipes=list(params.recipes)),
    }


def _metrics(layout: Layout) -> Mapping[str, Any]:
    if not layout.metrics.is_file():
        raise TableError(str(layout.metrics), expected="the figures", got="no file", remedy="run the stage evaluate")
    arms: Mapping[str, Any] = json.loads(layout.metrics.read_text(encoding="utf-8"))["arms"]
    return arms


def paper_tables(layout: Layout) -> list[Titled]:
    """The tables that evaluate wrote, those in the paper's form first."""
    found = {path.stem: path for path in layout.tables.glob("*.csv")}
    names = [name for name in TITLES if name in found] + sorted(set(found) - set(TITLES))
    return [Titled(TITLES.get(name, name.replace("_", " ")), _grid(found[name])) for name in names]


def _grid(path: Path) -> Grid:
    frame = tables.read_text(path).dropna(axis="columns", how="all").fillna("")
    caption = ""
    if "standing" in frame and frame["standing"].nunique() == 1:
        # one sentence for all rows: said once
        caption = str(frame.pop("standing").iloc[0])
    rows = tuple(tuple(short(str(value)) for value in row) for row in frame.itertuples(index=False))
    return Grid(tuple(str(name).replace("_", " ") for name in frame.columns), rows, caption)


def short(cell: str) -> str:
    """A number with three digits after the point, two that count below 0.001; any other cell as it is."""
    if not DECIMAL.fullmatch(cell):
        return cell
    value = float(cell)
    return f"{value:.3f}" if abs(value) >= SMALL or value == 0 else f"{value:.1e}"


def pictures(folder: Path, *, prefix: str = "", skip: str | None = None) -> list[Picture]:
    """The PNG files of a folder by name; those whose name begins with `skip` are left out."""
    paths = [path for path in sorted(folder.glob("*.png")) if skip is None or not path.name.startswith(skip)]
    return [Picture(f"{prefix} {path.stem}".replace("_", " ").strip(), embedded(path)) for path in paths]


def embedded(path: Path) -> str:
    """An image file as a data URI; a heavy one as JPEG, at most 1800 pixels wide."""
    content = path.read_bytes()
    kind = "png"
    if len(content) > HEAVY_BYTES:
        content, kind = _lighter(content), "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _lighter(content: bytes) -> bytes:
    image = Image.open(io.BytesIO(content)).convert("RGB")
    if image.width > WIDEST_PX:
        image = image.resize((WIDEST_PX, round(image.height * WIDEST_PX / image.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def drawn(layout: Layout, *, arm: str) -> set[str]:
    """Cines of an arm that have a sheet of heat maps of their own."""
    return {path.stem for path in (layout.heat_maps / arm).glob("*.png")} - {"overview"}


def lineage(layout: Layout, *, arms: Sequence[str], recipes: Sequence[str]) -> Grid:
    """Digests of code, params, inputs and outputs of the stages of the study, from their provenance."""
    items = {"train": set(arms), "prepare": set(recipes)}
    lines = []
    for path in sorted(layout.provenance("any").parent.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        name, _, item = str(found["stage"]).partition("@")
        if name in ("report", "record") or (name in items and item not in items[name]):
            continue
        digests = (found["code"], found["params"], digest_of(found["inputs"]), digest_of(found["outputs"]))
        lines.append((str(found["stage"]), *(digest[:12] for digest in digests)))
    return Grid(("Stage", "Code", "Params", "Inputs", "Outputs"), tuple(lines))
