"""The table of protocols is made up after what the makers write: each row names its source.

Names of sequences: cardiacmri.com (imaging sequences, SSFP), mrimaster.com (True FISP / FIESTA / BASG / True SSFP).
Sunnybrook: headers of the Sunnybrook Cardiac Data. Trap: Insights Imaging 2021, s13244-021-01104-4 (Siemens writes the
temporal resolution as repetition time). UKBB: folder names of UK Biobank. PS3.3: DICOM PS3.3, C.8.3.1 and C.8.13.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cinemyo.deid.keys import load_key
from cinemyo.sources.cine_score import PRIOR, REFUSED_BELOW, WEIGHTS, certain_code, cine_score
from cinemyo.sources.dicom_headers import Header, Protocol, read_headers
from cinemyo.sources.dicom_phases import Ordered, order
from cinemyo.sources.dicom_selection import refusal
from tests.sources.dicom_files import mr_image, save

SURE = 0.6
NO_PROTOCOL = Protocol(("ORIGINAL", "PRIMARY", "M"), (), "", "", "", None, burned_in=False)


@dataclass(frozen=True)
class Row:
    """A protocol as a scanner writes it, and what it must be taken for."""

    name: str
    source: str
    expected: str
    """`kept`, `asked` (kept, but a person is asked), or the code of the refusal."""
    said: dict[str, Any] = field(default_factory=dict)
    timed: dict[str, Any] = field(default_factory=dict)


def at(flip: float, echo: float) -> dict[str, Any]:
    """Flip angle in degrees and echo time in ms."""
    return {"flip_degrees": flip, "echo_ms": echo}


GR, SS = {"scanning": ("GR",)}, {"variant": ("SS",)}
CG = {"options": ("CG",)}
SIEMENS = GR | {"manufacturer": "SIEMENS", "variant": ("SK", "SP"), "image_type": ("ORIGINAL", "PRIMARY", "M", "NORM")}
TRUFI = SIEMENS | CG | {"sequence": "*tfi2d1_15", "flip_degrees": 62.0, "echo_ms": 1.3, "repetition_ms": 38.5}
FLASH = SIEMENS | CG | {"sequence": "*fl2d1", "flip_degrees": 15.0, "echo_ms": 3.0, "repetition_ms": 45.0}
PHILIPS = GR | SS | CG | {"manufacturer": "PHILIPS", "image_type": ("ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE")}
BFFE = PHILIPS | {"flip_degrees": 60.0, "echo_ms": 1.5, "repetition_ms": 3.0}
GE = GR | SS | CG | {"manufacturer": "GE MEDICAL SYSTEMS", "image_type": ("ORIGINAL", "PRIMARY", "OTHER")}
FIESTA = GE | {"flip_degrees": 45.0, "echo_ms": 1.53, "repetition_ms": 3.35}
CANON = GR | CG | {"manufacturer": "TOSHIBA_MEC", "flip_degrees": 55.0, "echo_ms": 1.8, "repetition_ms": 3.6}
ENHANCED = {"pulse": "GRADIENT", "component": "MAGNITUDE", "flip_degrees": 55.0, "echo_ms": 1.4}
RETRO = ENHANCED | {"technique": "RETROSPECTIVE", "steady_state": "FREE_PRECESSION"}
PROSPECTIVE = ENHANCED | {"technique": "PROSPECTIVE", "steady_state": "NONE"}
LONG = {"repetition_ms": 800.0}
SE, NAMELESS = {"scanning": ("SE",)}, {"sequence": ""}
CARDIAC = {"image_type": ("ORIGINAL", "PRIMARY", "CARDIAC", "NONE")}
SUBTRACTED = {"image_type": ("DERIVED", "PRIMARY", "SUBTRACTION")}
NO_TIMES = {"trigger_time": None, "n_images": None}

ROWS = (
    Row("Siemens TrueFISP, short axis", "Trap, UKBB", "kept", TRUFI | {"description": "CINE_segmented_SAX_b3"}),
    Row("Siemens TrueFISP, four chambers", "UKBB", "kept", TRUFI | {"description": "cine_tf2d15_retro_iPAT 4ch"}),
    Row("Siemens, names removed", "domain.md A.4", "kept", TRUFI | {"sequence": ""}),
    Row("Siemens, repetition 50 ms, no name", "Trap", "kept", TRUFI | {"sequence": "", "repetition_ms": 50.0}),
    Row("Siemens, times removed", "domain.md A.2", "kept", TRUFI, NO_TIMES),
    Row("Siemens, all but the times removed", "domain.md A.2", "kept"),
    Row("nothing stated at all", "domain.md A.2", "asked", {"image_type": ()}, NO_TIMES),
    Row("Siemens FLASH cine", "Siemens names", "not_ssfp", FLASH | {"description": "cine_flash_sa"}),
    Row("Siemens FLASH cine, no name", "FLASH: flip 10 to 20", "not_ssfp", FLASH | NAMELESS),
    Row("Siemens flow, magnitude", "Siemens names", "flow", FLASH | {"sequence": "*fl2d1_v150in"}),
    Row("Siemens flow, magnitude, no name", "flip 20 to 30", "not_ssfp", FLASH | NAMELESS | at(20, 3.0)),
    Row("Siemens flow, phase", "PS3.3 image type", "flow", FLASH | {"image_type": ("ORIGINAL", "PRIMARY", "P")}),
    Row("Siemens tagging", "Siemens names", "tagging", FLASH | {"description": "cine_tag_grid"}),
    Row("Siemens tagging, no name", "flip below 15", "not_ssfp", FLASH | {"sequence": "*fl2d9", "flip_degrees": 10.0}),
    Row("Siemens T1 map", "tfi2d1 with T1 MAP", "map", TRUFI | {"image_type": ("DERIVED", "PRIMARY", "M", "T1 MAP")}),
    Row("Siemens MOLLI, raw", "Siemens names", "map", TRUFI | {"description": "T1map_MOLLI", "flip_degrees": 35.0}),
    Row("Siemens TI scout", "PS3.3 ScanningSequence", "late_enhancement", TRUFI | {"scanning": ("GR", "IR")}),
    Row("Siemens localiser", "tfi2d1_192", "scout", TRUFI | {"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}),
    Row("cine taken to find the heart", "score, never gate", "kept", TRUFI | {"description": "cine 2ch loc"}),
    Row("localiser by three letters", "score, never gate", "scout", GR | {"description": "HEART loc"}, NO_TIMES),
    Row("moving knee planned on a localiser", "dicom_edge MOVEKNEE", "not_ssfp", SE | {"description": "ext loc ref"}),
    Row("Siemens black blood", "HASTE: TE 25 to 40", "not_ssfp", SE | {"sequence": "*h2d1"} | at(150, 25)),
    Row("dark blood TSE", "domain.md A.4", "not_ssfp", LONG | {"description": "db_tse_t2 sa"} | at(180, 60)),
    Row("Siemens real time", "domain.md A.4", "real_time", TRUFI | {"description": "cine_realtime_sa"}),
    Row("Philips B-FFE", "cardiacmri.com", "kept", BFFE | {"sequence": "B-FFE", "name": "sBTFE_BH SA"}),
    Row("Philips balanced TFE", "domain.md A.4", "kept", BFFE | {"name": "M2D_BTFE_SA"}),
    Row("Philips, no name", "domain.md A.2", "kept", BFFE),
    Row("Philips T1-FFE cine", "Philips names", "not_ssfp", PHILIPS | {"name": "T1-TFE cine"} | at(15, 2.8)),
    Row("Philips flow", "Philips names", "flow", PHILIPS | {"name": "Qflow aorta"}),
    Row("Philips perfusion", "domain.md A.4", "perfusion", BFFE | {"name": "Perfusion_rest"}),
    Row("GE FIESTA", "cardiacmri.com", "kept", FIESTA | {"description": "SAX FIESTA CINE"}),
    Row("GE FIESTA, no name", "Sunnybrook", "kept", FIESTA | CARDIAC),
    Row("GE FastCard", "GE names", "not_ssfp", GE | {"description": "FASTCARD SA"} | at(20, 4)),
    Row("GE scout", "Sunnybrook", "scout", GE | {"description": "SCOUT"}, NO_TIMES),
    Row("Canon True SSFP", "cardiacmri.com", "kept", CANON | {"description": "TrueSSFP SA"}),
    Row("Canon, no name", "mrimaster.com", "kept", CANON),
    Row("Hitachi BASG", "mrimaster.com", "kept", CANON | {"manufacturer": "HITACHI", "sequence": "BASG"}),
    Row("UIH balanced", "gre_bssfp: balanced wins", "kept", CANON | {"sequence": "gre_bssfp_cine"}),
    Row("Enhanced, retrospective", "PS3.3 C.8.13.5", "kept", RETRO),
    Row("Enhanced, prospective, no steady state", "PS3.3 C.8.13.4", "kept", PROSPECTIVE),
    Row("Enhanced FLASH", "PS3.3 C.8.13.4", "not_ssfp", ENHANCED | {"steady_state": "LONGITUDINAL"} | at(15, 3.2)),
    Row("Enhanced real time", "PS3.3 C.7.6.18.1", "real_time", RETRO | {"technique": "REALTIME"}),
    Row("Enhanced phase image", "PS3.3 C.8.13.3.1.1", "flow", RETRO | {"component": "PHASE"}),
    Row("Enhanced flow, magnitude", "PS3.3 C.8.13.3.1.2", "flow", ENHANCED | {"contrast": "FLOW_ENCODED"}),
    Row("Enhanced velocity", "PS3.3 C.8.13.5.6", "flow", ENHANCED | {"velocity_cm_s": 150.0}),
    Row("Enhanced tagging", "PS3.3 C.8.13.4", "tagging", ENHANCED | {"tagging": "GRID"}),
    Row("Enhanced perfusion", "PS3.3 C.8.13.3.1.2", "perfusion", ENHANCED | {"contrast": "PERFUSION"}),
    Row("Enhanced spin echo", "PS3.3 C.8.13.4", "not_ssfp", ENHANCED | {"pulse": "SPIN", "echo_ms": 30.0}),
    Row("Enhanced, no gating", "PS3.3 C.7.6.18.1", "kept", RETRO | {"technique": "NONE"}),
    Row("inversion, no name", "PS3.3 C.8.3.1", "asked", TRUFI | NAMELESS | {"inversion_ms": 300.0}),
    Row("echo planar perfusion, no name", "PS3.3 C.8.3.1", "not_ssfp", CG | {"scanning": ("GR", "EP")} | at(20, 1.2)),
    Row("angiography", "Siemens names", "not_ssfp", GR | {"description": "angio_twist"} | at(25, 1.0)),
    Row("subtraction of images", "PS3.3 C.8.16.2", "derived", TRUFI | SUBTRACTED),
)  # fmt: skip


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Header:
    path = save(mr_image(), tmp_path_factory.mktemp("frame") / "a.dcm")
    found = read_headers(path, name="a.dcm", key=load_key("published"))
    assert isinstance(found, tuple)
    return found[0]


def frames_of(row: Row, frame: Header, *, phases: int = 20) -> list[Header]:
    """All frames of a position with the protocol of a row, 45 ms apart."""
    protocol = replace(NO_PROTOCOL, **row.said)
    timing = replace(frame.timing, n_images=phases, nominal_interval=900.0)
    return [
        replace(
            frame,
            protocol=protocol,
            timing=replace(timing, **({"trigger_time": 45.0 * index} | row.timed), instance_number=index + 1),
        )
        for index in range(phases)
    ]


def taken_for(headers: Sequence[Header]) -> str:
    """The code that leaves the frames out, else whether a person is asked."""
    code = refusal(headers[0])
    if code is not None:
        return code
    ordered = order(headers)
    assert isinstance(ordered, Ordered)
    score = cine_score(ordered.headers, phase_key=ordered.phase_key)
    if score.value < REFUSED_BELOW:
        return "not_ssfp"
    return "kept" if score.value >= SURE else "asked"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_protocol_is_taken_for_what_it_is(row: Row, frame: Header) -> None:
    assert taken_for(frames_of(row, frame)) == row.expected


def test_reasons_are_listed_with_their_sign(frame: Header) -> None:
    evidence = cine_score(frames_of(Row("", "", "", FIESTA), frame), phase_key="trigger_time").evidence
    assert evidence.startswith("trigger_times+ cardiac_images+ gated+ gradient_echo+ steady_state+ flip_angle+")
    assert evidence.endswith("no_name")


def test_reasons_against_bear_a_minus(frame: Header) -> None:
    evidence = cine_score(frames_of(Row("", "", "", FLASH), frame), phase_key="trigger_time").evidence.split()
    assert {"spoiled-", "low_flip_angle-", "long_echo_time-", "spoiled_name-"} <= set(evidence)


def test_score_of_nothing_is_that_of_the_prior(frame: Header) -> None:
    nothing = Row("", "", "", {"image_type": ()}, NO_TIMES)
    score = cine_score(frames_of(nothing, frame), phase_key="instance_number")
    assert score.value == pytest.approx(0.2689, abs=1e-4)
    assert PRIOR == -1.0


def test_inversion_times_of_their_own_make_a_map(frame: Header) -> None:
    headers = frames_of(Row("", "", "", TRUFI), frame)
    raw = [
        replace(header, protocol=replace(header.protocol, inversion_ms=100.0 + 80 * index))
        for index, header in enumerate(headers)
    ]
    assert certain_code(raw) == "map"
    assert certain_code(headers) is None


def test_order_of_frames_does_not_move_the_score(frame: Header) -> None:
    headers = frames_of(Row("", "", "", FIESTA), frame)
    backwards = cine_score(headers[::-1], phase_key="trigger_time")
    assert backwards == cine_score(headers, phase_key="trigger_time")


def test_every_weight_can_be_found(frame: Header) -> None:
    found: set[str] = set()
    for row in ROWS:
        key = "trigger_time" if "trigger_time" not in row.timed else "instance_number"
        found |= {word.strip("+-") for word in cine_score(frames_of(row, frame), phase_key=key).evidence.split()}
    assert found == set(WEIGHTS)
