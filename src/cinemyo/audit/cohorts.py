"""Records of the patients of a cohort and of their label versions, where tables or sheets are new."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cinemyo.audit import label_versions, patients
from cinemyo.audit.details import Details, canonical
from cinemyo.audit.known import Known
from cinemyo.audit.label_versions import Versions
from cinemyo.audit.ledger import Kind
from cinemyo.config import Params
from cinemyo.errors import IdentityKeyError
from cinemyo.layout import Layout
from cinemyo.provenance import sha256


def entries(
    params: Params, *, cohort: Layout, digests: Mapping[str, str], known: Known, details: Details
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """The commitments to patients whose content is new, and versions of labels that are.

    `digests` are the SHA-256 of artefacts by path, as the ledger has them. Where a table differs from it nothing is
    taken in; nor where a sheet of consents is under a key that is not at hand.
    """
    state = state_of(params, cohort=cohort, digests=digests)
    before = known.patients.get(cohort.study, {})
    if state is None or state.items() <= before.items() or not _is_current(cohort, state["tables"]):
        return
    try:
        contents = patients.contents(params, layout=cohort)
    except IdentityKeyError:
        return
    earlier = details.latest(patients.topic_of(cohort.study))
    yield from _versions(contents, earlier=earlier, cohort=cohort, known=known, details=details).entries(params)
    new = [
        (patient, content)
        for patient, content in contents.items()
        if patient not in earlier or earlier[patient][1] != canonical(content)
    ]
    made = sorted(details.commit_all(new))
    yield "patients", {"study": cohort.study, "patients": len(contents), **state, "commitments": made}


def state_of(params: Params, *, cohort: Layout, digests: Mapping[str, str]) -> dict[str, Any] | None:
    """Digests of all that the contents hang on; None where a table is absent or not in the ledger yet."""
    base = cohort.base
    paths = (cohort.cines, cohort.sources, cohort.exclusions, cohort.labels, cohort.folds)
    names = [path.relative_to(base).as_posix() for path in paths if path.is_file()]
    if not cohort.cines.is_file() or any(name not in digests for name in names):
        return None
    sheets = (params.oversight.consents, params.sheets.corrections)
    told = {name: sha256(base / name) for name in sheets if (base / name).is_file()}
    basis = params.oversight.consent_basis
    return {"tables": {name: digests[name] for name in names}, "sheets": told, "consent_basis": basis}


def _is_current(cohort: Layout, told: Mapping[str, str]) -> bool:
    return all(sha256(cohort.base / name) == digest for name, digest in told.items())


def _versions(
    contents: Mapping[str, patients.Content],
    *,
    earlier: Mapping[str, tuple[str, str]],
    cohort: Layout,
    known: Known,
    details: Details,
) -> Versions:
    is_first = (cohort.study, "labels") not in known.labels
    before = {} if is_first else {patient: json.loads(text) for patient, (_, text) in earlier.items()}
    stage = "label" if "/" not in cohort.study else "label_external"
    runs = [body for name, (_, body) in known.activities.items() if name.partition("@")[0] == stage]
    return Versions(
        cohort,
        before=_labels_of(before),
        after=_labels_of(contents),
        owner={cine: patient for patient, content in contents.items() for cine in content["cines"]},
        known=known.labels,
        run=runs[-1]["event"] if runs else None,
        details=details,
    )


def _labels_of(contents: Mapping[str, patients.Content]) -> label_versions.Labels:
    return {cine: own["labels"] for content in contents.values() for cine, own in content["cines"].items()}
