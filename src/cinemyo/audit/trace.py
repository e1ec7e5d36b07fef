"""From any number, figure, prediction or file back to code, params, seed, tables, cines and source files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from cinemyo.audit.asked import ID, Asked, asked
from cinemyo.audit.graph import Activity, Artefact, Graph, inside, read_graph, touch
from cinemyo.audit.ledger import Record
from cinemyo.audit.reach import Reach, reach_of
from cinemyo.audit.rows import cines_of, excluded_items, source_rows
from cinemyo.audit.run_of import asked_of_run, is_run
from cinemyo.audit.standing import standing
from cinemyo.config import Params
from cinemyo.errors import AuditError
from cinemyo.layout import Layout
from cinemyo.record.trace import Step
from cinemyo.record.trace import trace as steps_of

WHO: Final = ("agent", "commit", "dirty", "environment", "started", "ended")
CONTEXT: Final = ("study", "protocol", "consent_basis", "deid_profile", "key_id", "label_version")
NOT_OF_A_FIGURE: Final = ("robustness", "leakage", "explain", "holdout", "contact_sheet", "predict")
"""Stages that evaluate reads for its tables, from which no figure of one arm in `metrics.json` comes."""


@dataclass(frozen=True)
class Link:
    """A stage of a chain: what it was asked to do, on what, and who ran it."""

    stage: str
    command: str
    outputs: tuple[Artefact, ...]
    """Those that the chain goes through."""
    inputs: tuple[Artefact, ...]
    params_digest: str | None
    params: Mapping[str, Any]
    seed: int | None
    code_digest: str | None
    run: Mapping[str, Any] = field(default_factory=dict)
    """Agent, commit, environment and times as the ledger has them, and whether the stage was restored from a cache."""


@dataclass(frozen=True)
class Trace:
    """What was asked for, and where it comes from."""

    asked: Asked
    sha256: str | None
    """Of the file now; None for a folder that is too large to be read here."""
    standing: str
    context: Mapping[str, Any]
    """Study, protocol, consent basis, profile of de-identification, key, version of the labels, scheme."""
    chain: tuple[Link, ...]
    """From the stage that made it back to the first."""
    reach: Reach
    steps: tuple[Step, ...] = ()
    """Of one cine or excluded item: what it went into."""


def trace_of(text: str, *, params: Params, layout: Layout, records: Sequence[Record]) -> Trace:
    """The trace of an artefact, metric, table cell, figure, prediction, heat map, cine, excluded item or run of MLflow.

    Raises:
        AuditError: there is no such thing, or no stage made it.
        TableError: no table of the study names the cine.
    """
    if ID.match(text.partition(":")[0]) or _is_item(text, layout=layout):
        return _of_item(text, params=params, layout=layout, records=records)
    found = (
        asked_of_run(text, params=params, layout=layout) if is_run(text) else asked(text, params=params, layout=layout)
    )
    graph = read_graph(layout.base, provenance=layout.provenance("x").parent)
    chain = _chain(found, graph=graph, params=params, records=records)
    digest, state = standing(found.path, graph=graph, base=layout.base)
    steps = steps_of(found.cine_id, params=params, layout=layout) if found.cine_id else []
    return Trace(
        found,
        digest,
        state,
        _context(found, params=params, records=records, chain=chain),
        chain,
        reach_of(found, params=params, layout=layout, external=any("_external" in link.stage for link in chain)),
        tuple(steps),
    )


def _is_item(text: str, *, layout: Layout) -> bool:
    """Whether a text is an item of the tables of exclusions, or the keyed name of a source file."""
    return not (layout.base / text).exists() and any(_names(text, layout=own) for own in (layout, layout.external))


def _names(text: str, *, layout: Layout) -> bool:
    return text in excluded_items(layout) or bool(len(text) == 32 and len(source_rows(layout, files=[text])))


def _of_item(text: str, *, params: Params, layout: Layout, records: Sequence[Record]) -> Trace:
    if text.startswith("p-"):
        remedy = f"run `cinemyo audit impact {text}`"
        raise AuditError("trace", expected="what has a source", got="a patient, who has none", remedy=remedy)
    inner = layout if _known(text, layout=layout) or not _known(text, layout=layout.external) else layout.external
    steps = _steps(text, params=params, layout=inner)
    found = Asked("row", inner.cines.relative_to(layout.base).as_posix(), text, cine_id=text)
    reach = reach_of(found, params=params, layout=inner, external=False)
    try:
        graph = read_graph(layout.base, provenance=layout.provenance("x").parent)
    except AuditError:
        # a study whose tables were copied without the lock still tells what a cine went into
        return Trace(found, None, "no lock beside the tables", {}, (), reach, tuple(steps))
    chain = _chain(found, graph=graph, params=params, records=records)
    digest, state = standing(found.path, graph=graph, base=layout.base)
    context = _context(found, params=params, records=records, chain=chain)
    return Trace(found, digest, state, context, chain, reach, tuple(steps))


def _known(text: str, *, layout: Layout) -> bool:
    return text in excluded_items(layout) or text in set(cines_of(layout)["cine_id"])


def _steps(text: str, *, params: Params, layout: Layout) -> list[Step]:
    if len(text) == 32 and not ID.match(text):
        rows = source_rows(layout, files=[text]).to_dict("records")
        told = [
            Step("source file", str(row["file"]), {str(name): value for name, value in row.items() if pd.notna(value)})
            for row in rows
        ]
        excluded = [step for step in _quiet_steps(text, params=params, layout=layout) if step.kind == "exclusion"]
        return [*told, *excluded]
    return steps_of(text, params=params, layout=layout)


def _quiet_steps(text: str, *, params: Params, layout: Layout) -> list[Step]:
    return steps_of(text, params=params, layout=layout) if text in excluded_items(layout) else []


def _chain(found: Asked, *, graph: Graph, params: Params, records: Sequence[Record]) -> tuple[Link, ...]:
    stages = graph.ancestors(found.path, keep=lambda stage: _belongs(stage, found=found, params=params))
    if not stages:
        waiting = ", ".join(graph.not_run)
        remedy = f"these have not run: {waiting}; run `make repro`" if waiting else "name an output of `dvc.yaml`"
        raise AuditError(found.path, expected="something that a stage made", got="what no stage made", remedy=remedy)
    made = _runs(records)
    return tuple(_links(stages, found=found, graph=graph, made=made))


def _belongs(stage: str, *, found: Asked, params: Params) -> bool:
    """Whether a stage is behind what was asked: one arm's number hangs on no other arm."""
    name, _, item = stage.partition("@")
    if found.arm is None or found.arm not in params.arms:
        return True
    if item in params.arms and item != found.arm:
        return False
    if item in params.recipes and item != params.arms[found.arm].recipe:
        return False
    return not (found.kind in ("metric", "prediction") and (name in NOT_OF_A_FIGURE or name.endswith("_external")))


def _links(
    stages: Sequence[str], *, found: Asked, graph: Graph, made: Mapping[str, Mapping[str, Any]]
) -> Iterator[Link]:
    wanted = {found.path}
    for name in stages:
        own = graph.activities[name]
        through = tuple(out for out in own.outputs if any(touch(out.path, path) for path in wanted))
        kept = tuple(_inputs(own, stages=stages, graph=graph))
        wanted |= {item.path for item in kept}
        yield Link(
            name,
            own.command,
            through,
            kept,
            own.params_digest,
            own.params,
            own.params.get("seed"),
            own.code_digest,
            _run(through, own=own, made=made),
        )


def _inputs(own: Activity, *, stages: Sequence[str], graph: Graph) -> Iterator[Artefact]:
    """What a stage read: what a stage of the chain made, and what no stage made, such as a sheet or the source.

    A folder of which the stage itself told single files is left out in their favour.
    """
    for item in own.inputs:
        told_apart = not item.sha256 and any(one.sha256 and inside(one.path, item.path) for one in own.inputs)
        makers = graph.makers(item.path)
        if not told_apart and (not makers or set(makers) & set(stages)):
            yield item


def _runs(records: Sequence[Record]) -> dict[str, Mapping[str, Any]]:
    """The newest record of each artefact by its path."""
    return {
        str(record.body.get("path")): {**record.body, "restored": record.kind == "restored", "record": record.seq}
        for record in records
        if record.kind in ("artefact", "restored")
    }


def _run(through: Sequence[Artefact], *, own: Activity, made: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Who made these outputs, of the record that has their present hash."""
    for out in (*through, *own.outputs):
        body = made.get(out.path, {})
        if body and (out.sha256 in (None, body.get("sha256")) or out.md5 == body.get("md5")):
            return {name: body.get(name) for name in (*WHO, "restored", "record")}
    return {}


def _context(found: Asked, *, params: Params, records: Sequence[Record], chain: Sequence[Link]) -> dict[str, Any]:
    """What holds for the whole chain: under which permission, and with which labels and split."""
    bodies = [body for body in _runs(records).values() if body.get("stage") == chain[0].stage]
    labels = [str(body["label_version"]) for body in _runs(records).values() if body.get("label_version")]
    told = {name: bodies[-1].get(name) for name in CONTEXT} if bodies else {}
    told |= {"study": params.study.name, "protocol": params.oversight.protocol or None}
    told["label_version"] = told.get("label_version") or next(reversed(labels), None)
    if found.arm in params.arms:
        told["scheme"] = params.arms[found.arm].scheme
    return told
