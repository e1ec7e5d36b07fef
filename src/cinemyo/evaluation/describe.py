"""What an arm is, in the words of a table, and how it stands against another arm."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Arm, Recipe, Study
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import LEAKY_SCHEMES

ALIKE: Final = 1e-9
"""Below this spread folds differ by one and the same amount, and rounding is all that a t would measure."""


def standing(arm: Arm, *, study: Study) -> str:
    """What every row must say of itself: synthetic or not, leaky or by patient, a control, and the study's notice."""
    words = ["synthetic phantoms"] if study.synthetic else []
    words.append("leaky: split by input" if arm.scheme in LEAKY_SCHEMES else "split by patient")
    words += ["control: labels permuted"] if arm.labels == "permuted" else []
    words += ["control: heart hidden"] if arm.hidden_radius_px is not None else []
    if arm.selected_on is not None:
        # the hold-out's row says so too: there it tells that the figure beside it is the one to believe
        words.append(f"chosen on parts {', '.join(str(part) for part in arm.selected_on.parts)} of these folds")
    return "; ".join([*words, study.notice] if study.notice else words)


def input_of(arm: Arm, *, recipes: Mapping[str, Recipe]) -> str:
    """The input in the words of Table 4: `160 px`, or `raw` where the recipe neither resamples nor windows."""
    recipe = recipes[arm.recipe]
    if recipe.pixel_mm is None and recipe.window == "full_range":
        return "raw"
    return f"{arm.crop_px or recipe.canvas_px} px"


def training_of(arm: Arm) -> str:
    """How the weights came about, in the words of a table."""
    if arm.backbone.train_from == "nothing":
        return "frozen features"
    return "from scratch" if arm.backbone.weights == "none" else "fine-tuned"


def role_of(arm: Arm) -> str:
    """`dual`, or the one phase that the arm sees."""
    return arm.phases[0] if len(arm.phases) == 1 else "dual"


def alike(arm: Arm, *, free: Iterable[str]) -> dict[str, Any]:
    """An arm without the fields that may differ; `head.pool` frees that field of the head alone.

    How an arm was chosen makes no difference to what it is.
    """
    values = arm.model_dump(exclude={"selected_on"})
    for field in free:
        owner, _, inner = field.partition(".")
        if inner:
            values[owner] = {key: value for key, value in values[owner].items() if key != inner}
        else:
            del values[owner]
    return values


def twin(
    scored: Scored, *, arms: Sequence[Scored], free: Iterable[str], accept: Callable[[Arm], bool]
) -> Scored | None:
    """Another arm that is the same but for the free fields, and is what is looked for."""
    free = tuple(free)
    own = alike(scored.arm, free=free)
    others = [other for other in arms if other.name != scored.name and alike(other.arm, free=free) == own]
    return next((other for other in others if accept(other.arm)), None)


def framed(rows: Sequence[Mapping[str, Any]], *, counts: Sequence[str]) -> pd.DataFrame:
    """Rows as a table whose counts stay whole numbers where a row lacks them."""
    frame = pd.DataFrame(list(rows))
    return frame.astype({name: "Int64" for name in counts if name in frame})


def joined(reasons: Iterable[str]) -> str:
    """Reasons as one text, each once."""
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def is_paired(scored: Scored, *, reference: Scored) -> bool:
    """Whether two arms answered the same cines in the same folds with the same truths."""
    columns = ["cine_id", "fold", "truth"]
    return scored.arm.target == reference.arm.target and scored.answers[columns].equals(reference.answers[columns])


NO_PATIENTS: Final = "a view is the cine's: no figure by patient"


def fold_differences(scored: Scored, *, reference: Scored) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and loss of each fold, the arm's less the reference's."""
    gained = scored.fold_accuracies() - reference.fold_accuracies()
    return gained, scored.fold_losses() - reference.fold_losses()


def untestable(differences: np.ndarray) -> str:
    """Why fold differences bear no t test; nothing if they do."""
    if len(differences) < 2:
        return "one fold: no spread over folds"
    alike_folds = float(np.std(differences, ddof=1)) < ALIKE
    return "all folds differ by the same amount: no t" if alike_folds and abs(differences.mean()) > ALIKE else ""
