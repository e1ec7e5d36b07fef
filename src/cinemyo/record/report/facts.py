"""What the run itself can say, sentence by sentence: the material of the model card and of the checklists."""

from collections.abc import Mapping
from typing import Any, Final

from cinemyo.commit import git_commit
from cinemyo.config import Arm, Params, Split
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of
from cinemyo.record.figures_flow import SCHEME_WORDS, counted
from cinemyo.record.flow import Flow
from cinemyo.record.oversight import stated
from cinemyo.record.report.first import Figure, First
from cinemyo.record.report.numbers import share

SOURCES: Final[dict[str, str]] = {
    "dicom": "a DICOM export",
    "acdc": "the ACDC release",
    "mnms": "the M&Ms release",
    "mnms2": "the M&Ms-2 release",
    "sunnybrook": "the Sunnybrook cardiac data",
    "nifti": "NIfTI files",
}


def facts(params: Params, *, layout: Layout, metrics: Mapping[str, Any], flow: Flow, screen: First) -> dict[str, str]:
    """Sentences by name; each is made of params, tables or figures of this run and of nothing else."""
    arm = params.arms[params.study.primary]
    return {
        **_study(params, layout=layout),
        **_data(params, flow=flow),
        **_model(params, arm=arm),
        **_analysis(params),
        **_figures(params, metrics=metrics, screen=screen),
    }


def _study(params: Params, *, layout: Layout) -> dict[str, str]:
    study, permission = params.study, stated(params, base=layout.base)
    images = "synthetic phantoms, rendered as images; no data of people" if study.synthetic else "images of patients"
    return {
        "title": study.title,
        "images": images,
        "citation": study.citation or "none stated (study.citation)",
        "notice": study.notice or "none",
        "commit": git_commit(layout.base),
        "params_digest": digest_of(params.model_dump(mode="json"))[:12],
        "seed": str(params.seed),
        "margin": _margin(params),
        "protocol": permission["Protocol"],
        "consent_basis": permission["Consent basis"],
    }


def _margin(params: Params) -> str:
    margin = params.study.margin
    return f"{margin.value:g} of accuracy by patient, because: {margin.reason}" if margin else "none was fixed"


def _data(params: Params, *, flow: Flow) -> dict[str, str]:
    excluded = ", ".join(f"{code.replace('_', ' ')} {count}" for code, count in flow.files_excluded.items()) or "none"
    parts = "; ".join(f"{_part(name)}: {counted(units)}" for name, units in flow.parts.items())
    classes = ", ".join(f"{name} {units.patients}" for name, units in flow.analysed_by_class.items())
    source = SOURCES[params.source.kind]
    return {
        "source": source,
        "files": f"{flow.files} files found, {flow.files_used} used, excluded by code: {excluded}",
        "found": counted(flow.found),
        "labelled": f"{counted(flow.labelled)} labelled, {counted(flow.unlabelled)} without a label",
        "parts": parts,
        "analysed": counted(flow.analysed),
        "analysed_classes": classes,
        "not_answered": counted(flow.unanswered),
    }


def _part(name: str) -> str:
    return f"fold {name}" if name.isdigit() else name


def _model(params: Params, *, arm: Arm) -> dict[str, str]:
    recipe = params.recipes[arm.recipe]
    pixels = "native pixels" if recipe.pixel_mm is None else f"{recipe.pixel_mm:g} mm pixels"
    seen = f"{arm.crop_px} px square around the left ventricle" if arm.crop_px else "whole canvas"
    window = "gray window set on the heart" if recipe.window == "heart" else "full gray range"
    fit, augment, hidden = arm.fit, arm.augment, list(arm.head.widths) or "none"
    return {
        "arm": params.study.primary,
        "backbone": f"{arm.backbone.name}, one per phase ({', '.join(arm.phases)})",
        "weights": _weights(arm),
        "head": f"{arm.head.pool} pooling, hidden layers {hidden}, dropout {list(arm.head.dropouts)}",
        "input": f"{' and '.join(arm.phases)} of a cine, {pixels}, canvas {recipe.canvas_px} px, {seen}, {window}",
        "fit": (
            f"{fit.epochs} epochs, {fit.optimiser}, learning rate {fit.learning_rate:g}, schedule {fit.schedule}, "
            f"batch {fit.batch_size}, weight decay {fit.weight_decay:g}, label smoothing {fit.label_smoothing:g}"
        ),
        "selection": _selection(arm),
        "augmentation": (
            f"zoom {augment.zoom:g}, rotation {augment.rotation_degrees:g} degrees, shift {augment.shift:g} of the "
            f"side, gain {augment.gain:g}, flips {'yes' if augment.flip else 'none'}; training cines alone"
        ),
    }


def _weights(arm: Arm) -> str:
    weights = arm.backbone.weights
    if weights == "none":
        return "random initialisation"
    return "ImageNet weights" if weights == "imagenet" else f"local weights, sha256 {weights.sha256[:12]}"


def _selection(arm: Arm) -> str:
    if arm.fit.select == "last":
        return "the last epoch: nothing was selected"
    return "the epoch with the lowest loss on the inner validation part, never on test"


def _analysis(params: Params) -> dict[str, str]:
    evaluate, split = params.evaluate, params.split
    scheme = params.arms[params.study.primary].scheme
    return {
        "scheme": SCHEME_WORDS[scheme],
        "split": _split(split),
        "level": f"{100 * evaluate.level:g} %",
        "arms": ", ".join(params.arms),
        "subgroup_patients": str(evaluate.subgroup_patients),
        "calibration_patients": str(evaluate.calibration_patients),
        "prevalences": ", ".join(evaluate.prevalences) or "none stated",
    }


def _split(split: Split) -> str:
    if split.protocol == "paper":
        return f"{split.folds} folds over all patients, and a separate 60/20/20 split"
    held = f"a hold-out of {split.holdout_share:g} of the patients" if split.holdout_share else "no hold-out"
    return f"{split.folds} folds and {held}, drawn by patient"


def _figures(params: Params, *, metrics: Mapping[str, Any], screen: First) -> dict[str, str]:
    own = metrics[params.study.primary]
    said = {
        "accuracy_by_cine": f"{share(own['accuracy_mean'])} mean over the folds, by cine",
        "accuracy": figure(screen.accuracy) if screen.accuracy else screen.why_none,
        "missed": figure(screen.missed[0]) if screen.missed else screen.why_none,
        "leakage": "; ".join(f"{price.what}: gap {price.gap} ({price.detail})" for price in screen.prices),
    }
    lines = [
        f"{disease.name}: {own.name.lower()} {figure(own)}"
        for disease in screen.diseases
        for own in (disease.sensitivity, disease.specificity)
    ]
    return said | {"diseases": "; ".join(lines) or screen.why_none}


def figure(own: Figure) -> str:
    """A figure with its interval and counts: `0.968 (0.833 to 0.999), 30 of 31 patients`."""
    return f"{own.value} ({own.interval}), {own.counts}" if own.interval else f"{own.value}, {own.counts}"
