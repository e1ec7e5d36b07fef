"""One cine, phantom or real, written in every way: each is read as the same frames."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from cinemyo.deid.decoding import quiet
from cinemyo.sources.base import Cine
from tests.shared import SUNNYBROOK, needs
from tests.sources import htj2k, rewrites
from tests.sources.dicom_files import mr_image, pixels, save, set_pixels
from tests.sources.reading import codes, read
from tests.sources.rewrites import Writer, stored

WRITERS: dict[str, tuple[Writer, str]] = {
    "classic": (rewrites.classic, "trigger_time"),
    "implicit": (rewrites.plain(ImplicitVRLittleEndian), "trigger_time"),
    "big endian": (rewrites.plain(ExplicitVRBigEndian), "trigger_time"),
    "deflated": (rewrites.plain(DeflatedExplicitVRLittleEndian), "trigger_time"),
    "RLE": (rewrites.compressed(RLELossless), "trigger_time"),
    "JPEG-LS": (rewrites.compressed(JPEGLSLossless), "trigger_time"),
    "JPEG 2000": (rewrites.compressed(JPEG2000Lossless), "trigger_time"),
    "JPEG lossless": (rewrites.by_gdcm(gdcm.TransferSyntax.JPEGLosslessProcess14), "trigger_time"),
    "JPEG lossless SV1": (rewrites.by_gdcm(gdcm.TransferSyntax.JPEGLosslessProcess14_1), "trigger_time"),
    "two series": (rewrites.two_series, "trigger_time"),
    "without times": (rewrites.without_times, "instance_number"),
    "MONOCHROME1": (rewrites.monochrome1, "trigger_time"),
    "rescaled": (rewrites.rescaled, "trigger_time"),
    "zip": (rewrites.zipped, "trigger_time"),
    "enhanced": (rewrites.enhanced, "nominal_delay"),
    "enhanced, shuffled": (rewrites.enhanced_shuffled, "nominal_delay"),
    "enhanced, by index": (rewrites.enhanced_by_index, "dimension_index"),
    "enhanced RLE": (rewrites.enhanced_compressed(RLELossless), "nominal_delay"),
    "enhanced JPEG-LS": (rewrites.enhanced_compressed(JPEGLSLossless), "nominal_delay"),
    "enhanced JPEG 2000": (rewrites.enhanced_compressed(JPEG2000Lossless), "nominal_delay"),
    "legacy converted": (rewrites.legacy, "trigger_time"),
}
ways = pytest.mark.parametrize(("writer", "phase_key"), WRITERS.values(), ids=WRITERS.keys())


def _phantom() -> list[Dataset]:
    frames = [mr_image(phase=phase, rows=48, columns=40) for phase in range(10)]
    for phase, frame in enumerate(frames):
        set_pixels(frame, pixels(phase, rows=48, columns=40) & 0x3FF)
    return frames


def _sunnybrook(first: int = 121) -> list[Dataset]:
    with quiet():
        frames = [pydicom.dcmread(SUNNYBROOK / "SCD0000101" / f"{number}.dcm") for number in range(first, first + 20)]
    for frame in frames:
        del frame.PerFrameFunctionalGroupsSequence, frame.NominalCardiacTriggerDelayTime
    return frames


def _cropped() -> list[Dataset]:
    """A part of the real frames that is not square, nor are its pixels."""
    frames = _sunnybrook()
    for frame in frames:
        values = stored(frame)[60:156, 40:200]
        frame.PixelData = values.astype("<i2").tobytes()
        frame.Rows, frame.Columns = values.shape
        frame.PixelSpacing = [1.5, 1.25]
    return frames


def _same(frames: Sequence[Dataset], cine: Cine) -> bool:
    expected = np.stack([stored(frame) for frame in sorted(frames, key=lambda frame: frame.TriggerTime)])
    first = frames[0]
    assert (cine.row_spacing_mm, cine.column_spacing_mm) == tuple(first.PixelSpacing)
    assert np.allclose(cine.position, first.ImagePositionPatient)
    return np.array_equal(cine.frames, expected)


def _round_trip(make: Callable[[], list[Dataset]], writer: Writer, phase_key: str, folder: Path) -> None:
    frames = make()
    with quiet():
        writer(frames, folder)
    (cine,), left = read(folder)
    assert {item.code for item in left} <= {"archive", "not_dicom", "dicomdir"}
    assert _same(frames, cine)
    assert cine.phase_key == phase_key


@ways
def test_phantom_is_the_same(tmp_path: Path, writer: Writer, phase_key: str) -> None:
    _round_trip(_phantom, writer, phase_key, tmp_path)


@needs(SUNNYBROOK)
@ways
def test_real_cine_is_the_same(tmp_path: Path, writer: Writer, phase_key: str) -> None:
    _round_trip(_sunnybrook, writer, phase_key, tmp_path)


@needs(SUNNYBROOK)
@pytest.mark.parametrize("name", ["classic", "JPEG-LS", "enhanced", "legacy converted"])
def test_real_cine_that_is_not_square_is_the_same(tmp_path: Path, name: str) -> None:
    _round_trip(_cropped, *WRITERS[name], tmp_path)


@needs(SUNNYBROOK)
def test_real_stack_in_one_object_is_a_cine_at_each_position(tmp_path: Path) -> None:
    frames = [frame for first in (121, 141) for frame in _sunnybrook(first)]
    with quiet():
        rewrites.enhanced_shuffled(frames, tmp_path)
    cines, left = read(tmp_path)
    heights = [np.array(frames[start].ImagePositionPatient, float) for start in (0, 20)]
    mine = [min(cines, key=lambda cine: float(np.linalg.norm(cine.position - at))) for at in heights]
    assert left == []
    assert _same(frames[:20], mine[0])
    assert _same(frames[20:], mine[1])


def test_stack_in_one_object_is_a_cine_at_each_position(tmp_path: Path) -> None:
    slices = [[mr_image(phase=phase, z_mm=z, seed=int(z)) for phase in range(10)] for z in (0.0, 8.0, 16.0)]
    order = np.random.default_rng(3).permutation(30)
    frames = [slices[index // 10][index % 10] for index in order]
    rewrites.enhanced(frames, tmp_path)
    cines, left = read(tmp_path)
    cines.sort(key=lambda cine: cine.slice_number)
    assert (len(cines), left) == (3, [])
    assert all(_same(own, cine) for own, cine in zip(slices, cines, strict=True))
    assert len({cine.cine_id for cine in cines}) == 3


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL])
def test_high_throughput_codestreams_are_read_as_written(tmp_path: Path, syntax: str) -> None:
    frames = [mr_image(phase=phase, phases=htj2k.PHASES) for phase in range(htj2k.PHASES)]
    for phase, image in enumerate(frames):
        set_pixels(image, htj2k.frame(phase), stored_bits=16)
        image.PixelData = encapsulate([htj2k.lossless(phase)])
        image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
        image.file_meta.TransferSyntaxUID = syntax
        save(image, tmp_path / f"{phase}.dcm")
    (cine,), left = read(tmp_path)
    assert left == []
    assert np.array_equal(cine.frames, np.stack([htj2k.frame(phase) for phase in range(htj2k.PHASES)]))
    assert cine.decoder == f"pylibjpeg-openjpeg {version('pylibjpeg-openjpeg')}"


def test_fragments_of_one_frame_are_put_together(tmp_path: Path) -> None:
    image = rewrites.enhanced_object(_phantom())
    image.compress(JPEG2000Lossless, generate_instance_uid=False)
    streams = list(generate_frames(image.PixelData, number_of_frames=10))
    for name, table in (("table", True), ("ends", False)):
        image.PixelData = encapsulate(streams, fragments_per_frame=2, has_bot=table)
        (cine,), left = read(save(image, tmp_path / name / "a.dcm").parent)
        assert left == []
        assert _same(_phantom(), cine)


@pytest.mark.parametrize(
    ("writer", "decoder", "syntax"),
    [
        ("RLE", "pylibjpeg-rle", "RLE Lossless"),
        ("JPEG-LS", "pyjpegls", "JPEG-LS Lossless Image Compression"),
        ("JPEG lossless", "python-gdcm", "JPEG Lossless, Non-Hierarchical (Process 14)"),
        ("JPEG 2000", "pylibjpeg-openjpeg", "JPEG 2000 Image Compression (Lossless Only)"),
    ],
)
def test_decoder_and_syntax_are_recorded(tmp_path: Path, writer: str, decoder: str, syntax: str) -> None:
    WRITERS[writer][0](_phantom(), tmp_path)
    ((cine,), _) = read(tmp_path)
    assert (cine.decoder, cine.transfer_syntax) == (f"{decoder} {version(decoder)}", syntax)
    assert cine.lossy is None


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit])
def test_lossy_frames_are_flagged(tmp_path: Path, syntax: str) -> None:
    for phase, image in enumerate(_phantom()):
        stream, values = BytesIO(), (stored(image) >> 4).astype(np.uint8)
        Image.fromarray(values).save(stream, "JPEG", quality=95)
        image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
        image.file_meta.TransferSyntaxUID, image.PixelData = syntax, encapsulate([stream.getvalue()])
        image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
        save(image, tmp_path / f"{phase}.dcm")
    (cine,), left = read(tmp_path)
    assert (cine.lossy, left) == (True, [])
    assert np.abs(cine.frames - np.stack([stored(image) >> 4 for image in _phantom()])).max() < 16


@pytest.mark.parametrize(("stated", "lossy"), [("01", True), ("00", False), ("", None)])
def test_what_the_header_says_of_loss_is_kept(tmp_path: Path, stated: str, lossy: object) -> None:
    frames = _phantom()
    for image in frames:
        image.LossyImageCompression = stated
    rewrites.classic(frames, tmp_path)
    assert read(tmp_path)[0][0].lossy is lossy


def _by_gdcm(syntax: "gdcm.TransferSyntax", folder: Path) -> Cine:
    rewrites.by_gdcm(syntax)(_phantom(), folder)
    ((cine,), left) = read(folder)
    assert left == []
    return cine


@pytest.mark.parametrize(
    "syntax",
    [
        gdcm.TransferSyntax.JPEG2000,
        gdcm.TransferSyntax.JPEGLSNearLossless,
    ],
    ids=["JPEG 2000", "JPEG-LS near-lossless"],
)
def test_syntaxes_that_may_be_lossy_are_flagged_and_read(tmp_path: Path, syntax: "gdcm.TransferSyntax") -> None:
    cine = _by_gdcm(syntax, tmp_path)
    expected = np.stack([stored(frame) for frame in _phantom()])
    assert cine.lossy is True
    assert np.median(np.abs(cine.frames - expected)) < 64


@pytest.mark.parametrize("writer", ["RLE", "JPEG-LS", "JPEG 2000", "JPEG lossless"])
def test_signed_values_of_twelve_bits_survive_compression(tmp_path: Path, writer: str) -> None:
    frames = _phantom()
    for phase, frame in enumerate(frames):
        set_pixels(frame, pixels(phase, rows=48, columns=40).astype(np.int16) - 2048)
    WRITERS[writer][0](frames, tmp_path)
    ((cine,), left) = read(tmp_path)
    assert left == []
    assert np.array_equal(cine.frames, np.stack([stored(frame) for frame in frames]))


def test_overlay_in_high_bits_survives_no_run_length_coding(tmp_path: Path) -> None:
    frames = _phantom()
    expected = np.stack([stored(frame) for frame in frames])
    for frame in frames:
        frame.PixelData = (stored(frame) | 0xF000).astype("<u2").tobytes()
    rewrites.compressed(RLELossless)(frames, tmp_path)
    ((cine,), _) = read(tmp_path)
    assert np.array_equal(cine.frames, expected)


def test_enhanced_object_of_dark_values_and_padding_is_turned_over(tmp_path: Path) -> None:
    image = rewrites.enhanced_object(_phantom())
    values = image.pixel_array.copy()
    values[:, :2] = 9000
    image.PixelData = values.tobytes()
    image.PhotometricInterpretation, image.PixelPaddingValue = "MONOCHROME1", 9000
    cine = read(save(image, tmp_path / "a.dcm").parent)[0][0]
    expected = np.stack([stored(frame) for frame in _phantom()])
    inside = expected[:, 2:]
    assert np.array_equal(cine.frames[:, 2:], inside.max() + inside.min() - inside)
    assert (cine.frames[:, :2] == inside.min()).all()


def test_jpeg_extended_of_twelve_bits_has_no_decoder(tmp_path: Path) -> None:
    rewrites.by_gdcm(gdcm.TransferSyntax.JPEGExtendedProcess2_4)(_phantom(), tmp_path)
    cines, left = read(tmp_path)
    assert (cines, codes(left)) == ([], {"unsupported_transfer_syntax": 10})
