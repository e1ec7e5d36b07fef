"""A synthetic cohort as a hospital would hand it over: DICOM, a label sheet, and the truth beside it."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinemyo import tables
from cinemyo.config import PhantomCohort
from cinemyo.sources.phantom import motion, truth
from cinemyo.sources.phantom.cohort import Patient, Plan, draw_patient
from cinemyo.sources.phantom.dicom import DESCRIPTIONS, Series, study_uid, write_series
from cinemyo.sources.phantom.identity import Identity, draw_identity, uid
from cinemyo.sources.phantom.mark import marked
from cinemyo.sources.phantom.planes import Pose, draw_plane, draw_pose, scout_planes
from cinemyo.sources.phantom.render import Scene, draw_receiver, draw_signal, extent, masks, received
from cinemyo.sources.phantom.surfaces import septal_radius
from cinemyo.sources.phantom.torso import Tissue, draw_torso

PARTS = ("dicom", "truth", "labels.csv", "truth.csv")
Row = dict[str, object]


@dataclass(frozen=True)
class Person:
    """A patient in front of the scanner."""

    patient: Patient
    identity: Identity
    scene: Scene
    gain: float
    folder: Path
    """Of the patient's series."""


def generate(cohort: PhantomCohort, *, out: Path) -> None:
    """Writes `dicom/`, `truth/`, `labels.csv` and `truth.csv` of a cohort under `out`, whole or not at all.

    Each patient is keyed by seed and number: another number of patients changes none of the others.

    Source: Germain 2021, §2.1 (Table 1) and §2.2; everyone in it is invented
    """
    out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=out, prefix=".partial."))
    try:
        rows = [row for number in range(cohort.patients) for row in _patient(number, cohort, work)]
        labels = [{name: row[name] for name in tables.SHEET.header if name in row} for row, _ in rows]
        tables.write(tables.from_rows(labels, table=tables.SHEET), table=tables.SHEET, path=work / "labels.csv")
        facts = [fact for _, fact in rows]
        tables.write(tables.from_rows(facts, table=truth.TRUTH), table=truth.TRUTH, path=work / "truth.csv")
        for part in PARTS:
            _replace(work / part, out / part)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _replace(new: Path, old: Path) -> None:
    if old.is_dir():
        shutil.rmtree(old)
    new.replace(old)


def _patient(number: int, cohort: PhantomCohort, work: Path) -> Iterator[tuple[Row, Row]]:
    """Writes a patient's images; yields a row of the sheet and of the truth for each cine."""
    patient = draw_patient(number, seed=cohort.seed, max_cines=cohort.max_cines)
    person = _person(patient, work / "dicom")
    if patient.generator(300).random() < 0.3:
        _scout(person, cohort)
    for plan in patient.plans:
        yield _cine(person, plan, cohort, work / "truth")


def _person(patient: Patient, dicom: Path) -> Person:
    rng = patient.generator(102)
    identity, pose = draw_identity(patient), draw_pose(patient)
    middle = pose.origin + 0.45 * patient.heart.length * pose.apex
    torso = draw_torso(rng, middle=middle, radius=septal_radius(patient.heart))
    tissue = Tissue(muscle=float(rng.uniform(0.33, 0.40)), right_blood=float(rng.uniform(0.74, 0.92)))
    scene = Scene(patient.heart, pose, torso, tissue, effusion=bool(rng.random() < 0.03))
    folder = dicom / f"{identity.patient_id}_{identity.name.split('^')[0]}"
    return Person(patient, identity, scene, float(rng.uniform(350, 900)), folder)


def _cine(person: Person, plan: Plan, cohort: PhantomCohort, truth_folder: Path) -> tuple[Row, Row]:
    """Writes one cine and its mask; the rows that describe it."""
    patient, rng = person.patient, person.patient.generator(plan.index, 1)
    beat = _beat(patient, rng, cohort.phases)
    times = motion.trigger_times(beat, phases=cohort.phases)
    emptied = motion.emptying(times, beat=beat)
    diastole, systole = motion.diastole_and_systole(times, beat=beat)
    plane = draw_plane(
        patient, plan, pose=person.scene.pose, matrix=cohort.matrix, field_of_view_mm=cohort.field_of_view_mm
    )
    contrast = plan.view == "short_axis" and rng.random() < 0.15
    scene = _at(person.scene, pose=person.scene.pose.moved(_breath(rng)), contrast=contrast)
    signal = draw_signal(scene, plane, emptied=emptied, rng=rng)
    if cohort.confound == "strong":
        heart = extent(scene, plane, emptied=emptied)
        signal = marked(signal, heart=heart, plane=plane, pathology=patient.pathology)
    receiver = draw_receiver(rng, gain=person.gain / person.identity.scanner.slope)
    pixels = received(signal, plane.points(), pose=scene.pose, receiver=receiver, rng=rng)
    name = uid(patient, "series", plan.index)
    series = Series(plan.exam, 10 + plan.index, name, DESCRIPTIONS[plan.view], beat.rr_ms, times)
    folder = person.folder / f"{series.number:03d}_{series.description}"
    write_series(folder, pixels=pixels, planes=[plane], series=series, patient=patient, identity=person.identity)
    mask = masks(scene, plane, emptied=emptied[[diastole, systole]])
    truth.write_mask(truth_folder / f"{name}.mha", mask, pixel_mm=plane.pixel_mm)
    shared: Row = {"patient": person.identity.patient_id, "exam": study_uid(patient, plan.exam), "series": name}
    shared |= {"pathology": patient.pathology, "view": plan.view, "typical": plan.typical}
    sheet = shared | {"post_contrast": contrast, "effusion": scene.effusion, "consent_basis": "synthetic: no person"}
    facts = shared | truth.heart_truth(patient) | truth.view_truth(plan, plane=plane, mask=mask)
    found = {"diastole_index": diastole, "systole_index": systole, "systole_ms": round(float(times[systole]), 1)}
    return sheet, facts | found | {"rr_ms": round(beat.rr_ms, 1)}


def _beat(patient: Patient, rng: np.random.Generator, phases: int) -> motion.Beat:
    """The beat of one cine; in some the trigger came early or late, so that the first frame is not the fullest."""
    rr = 60000 / patient.rate * (1 + 0.02 * float(np.clip(rng.standard_normal(), -2, 2)))
    shift = float(rng.choice([-2, -1, 1, 2])) * rr / phases if rng.random() < 0.12 else 0.0
    systole = min(patient.systole_ms, 0.55 * rr)
    kick = float(rng.uniform(0.1, 0.25))
    return motion.Beat(rr, systole, kick, shift)


def _breath(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    """How the heart lies otherwise than when the plane was planned, mm; 0 to 6 mm up or down.

    Source: domain facts, E.3
    """
    return np.array([rng.normal(0, 0.7), rng.normal(0, 0.7), np.clip(rng.normal(0, 2), -6, 6)])


def _at(scene: Scene, *, pose: Pose, contrast: bool) -> Scene:
    """The scene with the heart moved; contrast agent brightens the muscle."""
    muscle = scene.tissue.muscle + (0.14 if contrast else 0.0)
    return Scene(scene.heart, pose, scene.torso, Tissue(muscle, scene.tissue.right_blood), scene.effusion)


def _scout(person: Person, cohort: PhantomCohort) -> None:
    """Writes a localiser of three planes, which is no cine."""
    patient, rng = person.patient, person.patient.generator(301)
    planes = scout_planes(
        person.scene.pose, patient.heart, matrix=cohort.matrix, field_of_view_mm=cohort.field_of_view_mm
    )
    still = np.zeros(1)
    receiver = draw_receiver(rng, gain=person.gain / person.identity.scanner.slope)
    images = []
    for plane in planes:
        signal = draw_signal(person.scene, plane, emptied=still, rng=rng)
        images.append(received(signal, plane.points(), pose=person.scene.pose, receiver=receiver, rng=rng)[0])
    series = Series(0, 1, uid(patient, "scout"), "localizer", 60000 / patient.rate, None)
    write_series(
        person.folder / "001_localizer",
        pixels=np.stack(images),
        planes=planes,
        series=series,
        patient=patient,
        identity=person.identity,
    )
