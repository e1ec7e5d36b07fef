"""Agreement of readers with themselves, with one another, with the model and with the reference."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import numpy as np
from jaxtyping import Int

from cinemyo.evaluation import estimates
from cinemyo.evaluation.agreement import adjusted_kappa, fleiss_interval, fleiss_kappa
from cinemyo.evaluation.intervals import clustered_kappa
from cinemyo.evaluation.levels import counts_of, share_of
from cinemyo.evaluation.panel import ALONE, NONE, Panel
from cinemyo.labels import PATHOLOGIES

ONE_CLASS: Final = "both named one class alone: no kappa"


def reread_rows(panel: Panel, *, level: float) -> Iterator[dict[str, Any]]:
    """A row per reader and rereading: agreement with the reader's own first reading."""
    for reader in panel.readers:
        own = panel.rereadings[panel.rereadings["reader"] == reader]
        first = panel.calls[reader].to_numpy(np.int64)
        if own.empty:
            yield {"reader": reader, "reading": 2, "n": 0, "agreed": 0, "reason": "no rereadings"}
        for reading, again in own.groupby("reading"):
            calls = again.set_index("cine_id")["call"].reindex(panel.cines.index).fillna(NONE).to_numpy(np.int64)
            yield {"reader": reader, "reading": reading} | agreement_of(panel, first, calls, level=level)


def kappa_rows(panel: Panel, *, level: float) -> Iterator[dict[str, Any]]:
    """A row per two readers, per reader and model, per reader and reference, and for model and reference."""
    calls = {reader: panel.calls[reader].to_numpy(np.int64) for reader in panel.readers}
    model, named = panel.cines["model"].to_numpy(np.int64), f"reference ({panel.kind})"
    for first, second in combinations(panel.readers, 2):
        yield {"first": first, "second": second} | agreement_of(panel, calls[first], calls[second], level=level)
    if len(panel.readers) == 1:
        yield {"first": panel.readers[0], "second": "another reader", "n": 0, "agreed": 0, "reason": ALONE}
    for reader, own in calls.items():
        yield {"first": reader, "second": panel.named_model} | agreement_of(panel, own, model, level=level)
    for reader, own in calls.items():
        reference = panel.reference(without=[reader])
        yield {"first": reader, "second": named} | agreement_of(panel, own, reference, level=level)
    yield {"first": panel.named_model, "second": named} | agreement_of(panel, model, panel.reference(), level=level)


def agreement_of(
    panel: Panel, first: Int[np.ndarray, " cine"], second: Int[np.ndarray, " cine"], *, level: float
) -> dict[str, Any]:
    """Agreement and Cohen's kappa of two on the cines that both called, with intervals."""
    both = (first != NONE) & (second != NONE)
    rows, n_classes = panel.rows(both), len(PATHOLOGIES)
    if rows.empty:
        return counts_of(rows) | {"agreed": 0, "reason": "no cine that both called"}
    alike = (first == second)[both].astype(int)
    clusters = rows["patient_id"].to_numpy(object)
    figures: dict[str, Any] = {"agreed": int(alike.sum())}
    figures |= share_of(alike, rows=rows, level=level, name="agreement")
    figures |= {"pabak": adjusted_kappa(figures["agreement"], n_classes=n_classes)}
    kappa = estimates.kappa(first[both], second=second[both], clusters=clusters, n_classes=n_classes).value
    low, high = clustered_kappa(first[both], second=second[both], clusters=clusters, n_classes=n_classes, level=level)
    reason = ONE_CLASS if np.isnan(kappa) else ""
    bounds = {"kappa_low": np.nan if reason else low, "kappa_high": np.nan if reason else high}
    return counts_of(rows) | figures | {"kappa": kappa} | bounds | {"reason": reason}


def fleiss_rows(panel: Panel, *, level: float) -> Iterator[dict[str, Any]]:
    """Fleiss' kappa of the readers, and of the readers and the model, on the cines that all of them called."""
    calls, n_classes = panel.calls.to_numpy(np.int64), len(PATHOLOGIES)
    with_model = np.column_stack([calls, panel.cines["model"].to_numpy(np.int64)])
    for name, readings in (("readers", calls), (f"readers and {panel.named_model}", with_model)):
        all_called = (readings != NONE).all(axis=1)
        rows = panel.rows(all_called)
        head = {"raters": name, "n_raters": readings.shape[1]} | counts_of(rows)
        clusters = rows["patient_id"].to_numpy(object)
        kappa = fleiss_kappa(readings[all_called], clusters=clusters, n_classes=n_classes).value
        if np.isnan(kappa):
            yield head | {"kappa": np.nan, "reason": _lack(readings, rows=len(rows))}
            continue
        low, high = fleiss_interval(readings[all_called], clusters=clusters, n_classes=n_classes, level=level)
        yield head | {"kappa": kappa, "kappa_low": low, "kappa_high": high, "reason": ""}


def _lack(readings: Int[np.ndarray, "row reader"], *, rows: int) -> str:
    if readings.shape[1] < 2:
        return ALONE
    return "all named one class alone: no kappa" if rows else "no cine that all of them called"
