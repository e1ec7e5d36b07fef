"""One cine written in every way that scanners, archives and exports have: classic frames in, files out."""

import copy
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import gdcm
import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from tests.sources.dicom_files import save

ENHANCED = "1.2.840.10008.5.1.4.1.1.4.1"
LEGACY = "1.2.840.10008.5.1.4.1.1.4.4"
Writer = Callable[[Sequence[Dataset], Path], object]


def stored(frame: Dataset) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The stored values of a classic uncompressed frame, as wide integers."""
    kind = "<i2" if frame.PixelRepresentation else "<u2"
    return np.frombuffer(frame.PixelData, kind).reshape(frame.Rows, frame.Columns).astype(np.int64)


def classic(frames: Sequence[Dataset], folder: Path) -> None:
    """As they are."""
    _each(frames, folder, lambda frame, index: None)


def compressed(syntax: str) -> Writer:
    """Each frame by itself in an encoder of pydicom."""

    def write(frames: Sequence[Dataset], folder: Path) -> None:
        _each(frames, folder, lambda frame, index: frame.compress(syntax, generate_instance_uid=False))

    return write


def by_gdcm(syntax: "gdcm.TransferSyntax") -> Writer:
    """Each frame by itself in an encoder of GDCM."""

    def write(frames: Sequence[Dataset], folder: Path) -> None:
        classic(frames, folder)
        for path in folder.iterdir():
            reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
            reader.SetFileName(str(path))
            assert reader.Read()
            change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
            change.SetInput(reader.GetImage())
            assert change.Change()
            writer.SetFileName(str(path))
            writer.SetFile(reader.GetFile())
            writer.SetImage(change.GetOutput())
            assert writer.Write()

    return write


def plain(syntax: str) -> Writer:
    """Each frame under another uncompressed or deflated syntax."""

    def edit(frame: Dataset, index: int) -> None:
        frame.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            frame.PixelData = np.frombuffer(frame.PixelData, "<u2").astype(">u2").tobytes()
            frame["PixelData"].VR = "OW"

    return lambda frames, folder: _each(frames, folder, edit)


def two_series(frames: Sequence[Dataset], folder: Path) -> None:
    """Every other frame in a series of its own."""

    def edit(frame: Dataset, index: int) -> None:
        if index % 2:
            frame.SeriesInstanceUID, frame.SeriesNumber = "1.2.3.4.99", 99

    _each(frames, folder, edit)


def without_times(frames: Sequence[Dataset], folder: Path) -> None:
    """InstanceNumber alone tells the order."""

    def edit(frame: Dataset, index: int) -> None:
        for keyword in ("TriggerTime", "AcquisitionTime", "ContentTime"):
            if keyword in frame:
                del frame[keyword]

    _each(frames, folder, edit)


def monochrome1(frames: Sequence[Dataset], folder: Path) -> None:
    """Dark is bright: the values turned over within the range of the cine."""
    everything = np.stack([stored(frame) for frame in frames])
    turn = everything.max() + everything.min()

    def edit(frame: Dataset, index: int) -> None:
        frame.PixelData = (turn - stored(frame)).astype("<u2").tobytes()
        frame.PhotometricInterpretation = "MONOCHROME1"

    _each(frames, folder, edit)


def rescaled(frames: Sequence[Dataset], folder: Path) -> None:
    """Each frame stored on a scale of its own, as Philips does."""

    def edit(frame: Dataset, index: int) -> None:
        frame.PixelData = ((stored(frame) + index) * 2).astype("<u2").tobytes()
        frame.PixelRepresentation, frame.BitsStored, frame.HighBit = 0, 16, 15
        frame.RescaleSlope, frame.RescaleIntercept = 0.5, -index

    _each(frames, folder, edit)


def zipped(frames: Sequence[Dataset], folder: Path) -> None:
    """An export of a CD image in a zip archive, beside a directory of media and a text."""
    classic(frames, folder / "loose")
    paths = sorted((folder / "loose").iterdir())
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("DICOMDIR", _directory())
        archive.writestr("README.TXT", b"Views of a heart\r\n")
        for path in paths:
            archive.write(path, f"DICOM/ST1/{path.stem.upper()}")
            path.unlink()


def enhanced(frames: Sequence[Dataset], folder: Path) -> None:
    """One Enhanced MR object, each frame stored and rescaled on a scale of its own."""
    save(enhanced_object(frames), folder / "enhanced.dcm")


def enhanced_shuffled(frames: Sequence[Dataset], folder: Path) -> None:
    """As `enhanced`, the frames in no order at all."""
    order = np.random.default_rng(1).permutation(len(frames))
    save(enhanced_object([frames[index] for index in order]), folder / "enhanced.dcm")


def enhanced_compressed(syntax: str) -> Writer:
    """As `enhanced`, each frame in a fragment of its own."""

    def write(frames: Sequence[Dataset], folder: Path) -> None:
        image = enhanced_object(frames)
        image.compress(syntax, generate_instance_uid=False)
        save(image, folder / "enhanced.dcm")

    return write


def enhanced_by_index(frames: Sequence[Dataset], folder: Path) -> None:
    """As `enhanced`, without a delay: an index of time and its dimension are left, and the frames are shuffled."""
    order = np.random.default_rng(2).permutation(len(frames))
    image = enhanced_object([frames[index] for index in order])
    pointer = Dataset()
    pointer.DimensionIndexPointer = Tag("NominalCardiacTriggerDelayTime")
    other = Dataset()
    other.DimensionIndexPointer = Tag("InStackPositionNumber")
    image.DimensionIndexSequence = Items([other, pointer])
    for item, index in zip(image.PerFrameFunctionalGroupsSequence, order, strict=True):
        del item.CardiacSynchronizationSequence
        item.FrameContentSequence[0].DimensionIndexValues = [1, int(index) + 1]
    save(image, folder / "enhanced.dcm")


def legacy(frames: Sequence[Dataset], folder: Path) -> None:
    """One Legacy Converted Enhanced MR object: trigger times among the attributes without a group."""
    image = enhanced_object(frames)
    image.SOPClassUID = LEGACY
    for item, frame in zip(image.PerFrameFunctionalGroupsSequence, frames, strict=True):
        del item.CardiacSynchronizationSequence
        left = Dataset()
        left.TriggerTime, left.InstanceNumber = frame.TriggerTime, frame.InstanceNumber
        item.UnassignedPerFrameConvertedAttributesSequence = Items([left])
    save(image, folder / "legacy.dcm")


def enhanced_object(frames: Sequence[Dataset]) -> Dataset:
    """Classic frames as one Enhanced MR object; orientation and pixel spacing are shared, the rest is each frame's."""
    first = frames[0]
    image = Dataset()
    for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate", "StudyTime", "Manufacturer"):
        setattr(image, keyword, first[keyword].value)
    image.SOPClassUID, image.SOPInstanceUID, image.Modality = ENHANCED, "1.2.3.4.5.6", "MR"
    image.ImageType, image.SeriesNumber, image.InstanceNumber = ["ORIGINAL", "PRIMARY", "CINE", "NONE"], 1, 1
    image.EchoPulseSequence, image.SteadyStatePulseSequence = "GRADIENT", "FREE_PRECESSION"
    image.CardiacSynchronizationTechnique = "RETROSPECTIVE"
    image.NumberOfFrames = len(frames)
    image.Rows, image.Columns, image.SamplesPerPixel = first.Rows, first.Columns, 1
    image.PhotometricInterpretation, image.PixelRepresentation = "MONOCHROME2", 0
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
    shared = Dataset()
    shared.PlaneOrientationSequence = _item(ImageOrientationPatient=list(first.ImageOrientationPatient))
    shared.PixelMeasuresSequence = _item(PixelSpacing=list(first.PixelSpacing), SliceThickness=8)
    shared.MRTimingAndRelatedParametersSequence = _item(RepetitionTime=3.2, FlipAngle=50)
    image.SharedFunctionalGroupsSequence = Items([shared])
    image.PerFrameFunctionalGroupsSequence = Items([_groups(frame, index) for index, frame in enumerate(frames)])
    image.PixelData = b"".join(
        ((stored(frame) + index) * 2).astype("<u2").tobytes() for index, frame in enumerate(frames)
    )
    image["PixelData"].VR = "OW"
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def _groups(frame: Dataset, index: int) -> Dataset:
    group = Dataset()
    group.FrameContentSequence = _item(StackID="1", InStackPositionNumber=1)
    group.PlanePositionSequence = _item(ImagePositionPatient=list(frame.ImagePositionPatient))
    group.CardiacSynchronizationSequence = _item(
        NominalCardiacTriggerDelayTime=float(frame.TriggerTime), RRIntervalTimeNominal=float(frame.NominalInterval)
    )
    group.PixelValueTransformationSequence = _item(RescaleSlope=0.5, RescaleIntercept=-index, RescaleType="US")
    group.MRImageFrameTypeSequence = _item(
        FrameType=["ORIGINAL", "PRIMARY", "CINE", "NONE"], ComplexImageComponent="MAGNITUDE"
    )
    group.MREchoSequence = _item(EffectiveEchoTime=1.5)
    return group


def _directory() -> bytes:
    """A directory of media with nothing in it."""
    image, stream = Dataset(), BytesIO()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    image.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    image.FileSetID, image.DirectoryRecordSequence = "CD", Items([])
    image.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _item(**values: object) -> Items:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return Items([item])


def _each(frames: Sequence[Dataset], folder: Path, edit: Callable[[Dataset, int], object]) -> None:
    """Copies of the frames, edited and saved under names that tell no order."""
    names = np.random.default_rng(0).permutation(len(frames))
    for index, frame in enumerate(frames):
        image = Dataset(copy.deepcopy(frame))
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        edit(image, index)
        save(image, folder / f"im{names[index]:03d}.dcm")
