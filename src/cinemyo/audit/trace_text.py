"""A trace as lines for people, and as values for machines."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cinemyo.audit.trace import Link, Trace
from cinemyo.record.trace import as_text as steps_text

CHUNK: Final = 10_000
"""Rows of a table that are turned into text together."""
TOLD: Final = ("protocol", "consent_basis", "deid_profile", "key_id", "label_version", "scheme")


def as_values(trace: Trace) -> dict[str, Any]:
    """All of a trace but the cines and source files themselves: every stage, with counts."""
    found, reach = trace.asked, trace.reach
    return {
        "asked": {
            **{name: getattr(found, name) for name in ("kind", "path", "pointer", "value", "arm", "fold", "cine_id")},
            "sha256": trace.sha256,
            "standing": trace.standing,
        },
        "context": dict(trace.context),
        "chain": [_values(link) for link in trace.chain],
        "steps": [{"kind": step.kind, "name": step.name, "values": step.values} for step in trace.steps],
        "roles": dict(reach.roles),
        "n_cines": len(reach.cines),
        "n_patients": int(reach.cines["patient_id"].nunique()),
        "n_sources": len(reach.sources),
    }


def as_json(trace: Trace) -> Iterator[str]:
    """All of a trace as pieces of one JSON text, so that a million source files are never in memory as text at once."""
    yield json.dumps(as_values(trace), indent=1).removesuffix("\n}")
    tables = {"cines": trace.reach.cines.drop(columns="series_id"), "sources": trace.reach.sources.drop(columns="code")}
    for name, frame in tables.items():
        yield f',\n "{name}": ['
        for start in range(0, len(frame), CHUNK):
            rows = frame.iloc[start : start + CHUNK].to_dict("records")
            yield ("," if start else "") + ",".join("\n  " + json.dumps(row) for row in rows)
        yield "\n ]"
    yield "\n}"


def _values(link: Link) -> dict[str, Any]:
    hashed = ("path", "sha256", "md5")
    return {
        "stage": link.stage,
        "command": link.command,
        "outputs": [{name: getattr(out, name) for name in hashed} for out in link.outputs],
        "inputs": [{name: getattr(item, name) for name in hashed} for item in link.inputs],
        "params_digest": link.params_digest,
        "params": dict(link.params),
        "seed": link.seed,
        "code_digest": link.code_digest,
        "run": dict(link.run),
    }


def as_text(trace: Trace, *, listed: bool) -> str:
    """The trace as lines; cines and source files as counts, or one by one where they are `listed`."""
    return "\n".join(
        [*_head(trace), *_chain(trace), *_reach(trace), *(_cines(trace) if listed else []), *_steps(trace)]
    )


def _head(trace: Trace) -> Iterator[str]:
    found = trace.asked
    where = f"{found.path}{'#' if found.kind == 'section' else ':'}{found.pointer}" if found.pointer else found.path
    value = found.value
    yield where if value is None or isinstance(value, (Mapping, list)) else f"{where} = {value}"
    if isinstance(value, Mapping):
        yield from (f"  {key:<24} {item}" for key, item in value.items() if item not in (None, "", []))
    if isinstance(value, list):
        yield f"  {value}"
    yield f"  sha256 {trace.sha256 or '-'}  ({trace.standing})"
    told = [("study", trace.context.get("study")), ("arm", found.arm), ("fold", found.fold)]
    told += [(name, trace.context.get(name)) for name in TOLD]
    yield "  " + "  ".join(f"{name.replace('_', ' ')} {value}" for name, value in told if value is not None)


def _chain(trace: Trace) -> Iterator[str]:
    for number, link in enumerate(trace.chain, start=1):
        yield ""
        yield f"{number}  {link.stage}: {link.command}"
        yield f"   {_run(link)}"
        seed = "no seed" if link.seed is None else f"seed {link.seed}"
        params = f"params {link.params_digest or 'not recorded'} ({', '.join(link.params) or 'none'})"
        yield f"   {seed}  {params}"
        yield f"   code {link.code_digest or 'not recorded'}"
        for word, items in (("made", link.outputs), ("read", link.inputs)):
            for item in items:
                digest = f"sha256 {item.sha256}" if item.sha256 else f"md5 {item.md5}"
                yield f"   {word} {item.path}  {digest}"


def _run(link: Link) -> str:
    run = link.run
    if not run.get("started"):
        restored = "restored from a cache: the ledger has no run of it" if run else "the ledger has no run of it"
        return f"commit not recorded ({restored})"
    dirty = "with changes not committed" if run.get("dirty") else "clean"
    times = f"{run['started']} to {run.get('ended') or 'no end'}"
    return f"commit {run.get('commit')} ({dirty})  by {run.get('agent')}  {times}  environment {run.get('environment')}"


def _reach(trace: Trace) -> Iterator[str]:
    reach = trace.reach
    yield ""
    files = f"{len(reach.sources)} source files of {int(reach.sources['bytes'].sum())} bytes"
    yield f"{len(reach.cines)} cines of {reach.cines['patient_id'].nunique()} patients, made of {files}"
    if reach.roles:
        yield "   " + ", ".join(f"{count} {role}" for role, count in sorted(reach.roles.items()))


def _cines(trace: Trace) -> Iterator[str]:
    """A line per cine, and under it a line per source file; a stack names its files under the first of its cines."""
    cines, sources = trace.reach.cines, trace.reach.sources
    files: dict[str, list[str]] = defaultdict(list)
    for cine, file, digest in zip(sources["cine_id"], sources["file"], sources["digest"], strict=True):
        files[cine].append(f"   {file}  {digest}")
    for cine, patient, series, pixels in cines.itertuples(index=False, name=None):
        yield f"{cine}  {patient}  pixels {pixels}"
        yield from files.get(cine) or [f"   in the files of another cine of {series}"]


def _steps(trace: Trace) -> Iterator[str]:
    if trace.steps:
        yield ""
        yield f"{trace.asked.cine_id} went into"
        yield steps_text(list(trace.steps))
