"""DICOM files that parse and say something that is not so: values, kinds, sizes, identities, groups of frames."""

import struct
from random import Random
from typing import Final

from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from tests.fuzz.draft import Draft, Mutation, Pixels, pick
from tests.fuzz.edits import edited, parsed, raw

_NUMBERS: Final = (
    *(
        "NaN",
        "nan",
        "inf",
        "-inf",
        "0",
        "-0",
        "-1",
        "1e308",
        "1e400",
        "-1e308",
        "1e-320",
        "0x10",
        "1_000",
        "1,5",
        " ",
        "",
    ),
    *("abc", "1\\2", "9" * 400, "9" * 5000, "\u0663", "1\0", "+-1", "1e", ".", "2147483648", "-2147483649", "1.5"),
)
_NASTY: Final = (
    *(
        "../../../etc/passwd",
        "a/b",
        "..",
        ".",
        "/",
        "C:\\x",
        "a\0b",
        "\0",
        "a\nb\r\nc",
        "\u202egnp.exe",
        "\ud800",
        "x" * 100_000,
    ),
    *("CON", "-rf", "$(id)", "'; drop table", "\ufeff", " ", "", "1.2.3\\4.5.6", "<script>", "=1+1", "\x1b[31m"),
)
_CLASSES: Final = (
    *("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.104.1", ""),
    *("1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4", "1.2.840.10008.5.1.4.1.1.4.3", "1.2.3"),
    *("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.3.10", "1.2.840.10008.5.1.4.1.1.66"),
    *("1.2.840.10008.5.1.4.1.1.4.2", "1.2.840.10008.5.1.4.1.1.11.1", "\0", "1.2.840.10008.5.1.4.1.1.4\0\0"),
)
_SYNTAXES: Final = (
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "", "1.2.3.4"),
    *("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57"),
    *("1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90"),
    *("1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.201"),
    *("1.3.46.670589.33.1.4.1", "1.2.840.113619.5.2", "1.2.840.10008.1.2.4.95", "9" * 200, "1.2.840.10008.1.2.1\0x"),
)
_NUMERIC: Final = (
    *("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "TriggerTime", "EchoTime", "NominalInterval"),
    *("HeartRate", "CardiacNumberOfImages", "NumberOfTemporalPositions", "TemporalPositionIdentifier", "SeriesNumber"),
    *("InstanceNumber", "RescaleSlope", "RescaleIntercept", "NumberOfFrames", "WindowCenter", "SliceThickness"),
    *("PatientAge", "PatientBirthDate", "StudyDate", "StudyTime", "AcquisitionTime", "ContentTime", "AcquisitionDate"),
    *("RepetitionTime", "FlipAngle", "SliceLocation", "NominalPercentageOfCardiacPhase", "PixelPaddingValue"),
)
_TEXTS: Final = (
    *("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "AccessionNumber", "SeriesDescription"),
    *("ProtocolName", "SequenceName", "ImageType", "ScanningSequence", "Manufacturer", "StationName", "PatientSex"),
    *("DeviceSerialNumber", "SpecificCharacterSet", "PhotometricInterpretation", "PatientName", "BurnedInAnnotation"),
)
_SHORTS: Final = (
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel"),
    *("PlanarConfiguration", "PixelPaddingValue", "PixelPaddingRangeLimit"),
)
_SHORT_VALUES: Final = (
    0,
    1,
    2,
    3,
    7,
    8,
    12,
    15,
    16,
    17,
    24,
    25,
    32,
    64,
    127,
    255,
    1024,
    2048,
    2049,
    4096,
    32768,
    65535,
)
_RESCALING: Final = {
    "RescaleSlope",
    "RescaleIntercept",
    "NumberOfFrames",
    "PixelPaddingValue",
    "PhotometricInterpretation",
}


def wrong_number(draft: Draft, random: Random) -> str:
    keyword, name = random.choice(_NUMERIC), pick(draft, random, ending=".dcm")
    count = {"PixelSpacing": 2, "ImageOrientationPatient": 6, "ImagePositionPatient": 3}.get(keyword, 1)
    values = [random.choice(_NUMBERS) for _ in range(random.choice((count, count, count, 1, 7)))]
    value = "\\".join(values)
    names = sorted(draft.files) if random.random() < 0.2 else [name]
    pixels: Pixels = "changed" if keyword in _RESCALING else "kept"
    for each in names:
        edited(draft, each, lambda dataset: raw(dataset, keyword, value.encode()), pixels=pixels)
    return f"{keyword} {value[:40]!r} in {'all' if len(names) > 1 else repr(name)}"


def wrong_text(draft: Draft, random: Random) -> str:
    keyword, value, name = random.choice(_TEXTS), random.choice(_NASTY), pick(draft, random, ending=".dcm")
    content = value.encode("utf-8", "surrogatepass")
    names = sorted(draft.files) if random.random() < 0.3 else [name]
    pixels: Pixels = "changed" if keyword in _RESCALING else "kept"
    for each in names:
        edited(draft, each, lambda dataset: raw(dataset, keyword, content), pixels=pixels)
    return f"{keyword} {value[:40]!r} in {'all' if len(names) > 1 else repr(name)}"


def wrong_short(draft: Draft, random: Random) -> str:
    """Rows, columns, bits, samples, padding."""
    name, told = pick(draft, random, ending=".dcm"), []
    changes = {random.choice(_SHORTS): random.choice(_SHORT_VALUES) for _ in range(random.choice((1, 1, 2, 3)))}

    def change(dataset: Dataset) -> None:
        order = ">" if dataset.original_encoding[1] is False else "<"
        for keyword, value in changes.items():
            raw(dataset, keyword, struct.pack(f"{order}H", value), vr="US")

    told = [f"{keyword} {value}" for keyword, value in changes.items()]
    return f"{', '.join(told)} in {name!r}" if edited(draft, name, change, pixels="changed") else "no change"


def wrong_class(draft: Draft, random: Random) -> str:
    name, uid = pick(draft, random, ending=".dcm"), random.choice(_CLASSES)
    edited(draft, name, lambda dataset: raw(dataset, "SOPClassUID", uid.encode()), pixels="kept")
    return f"SOP class {uid!r} in {name!r}"


def wrong_syntax(draft: Draft, random: Random) -> str:
    """The file meta claims another transfer syntax than the bytes have."""
    name, uid = pick(draft, random, ending=".dcm"), random.choice(_SYNTAXES)
    content = draft.files[name]
    at = content.find(b"\x02\x00\x10\x00UI")
    if at < 0:
        return f"{name!r} has no file meta"
    length = int.from_bytes(content[at + 6 : at + 8], "little")
    value = uid.encode() + b"\0" * (len(uid) % 2)
    draft.replace(
        name, content[: at + 6] + struct.pack("<H", len(value)) + value + content[at + 8 + length :], pixels="changed"
    )
    return f"{name!r} said to be {uid[:40]!r}"


def no_pixels(draft: Draft, random: Random) -> str:
    name, how = pick(draft, random, ending=".dcm"), random.choice(("none", "empty", "one byte", "float", "UN", "twice"))

    def change(dataset: Dataset) -> None:
        pixels = bytes(dataset.PixelData)
        if how == "none":
            del dataset.PixelData
        elif how == "empty":
            raw(dataset, "PixelData", b"", vr="OW")
        elif how == "one byte":
            raw(dataset, "PixelData", b"\0\0", vr="OW")
        elif how == "UN":
            raw(dataset, "PixelData", pixels, vr="UN")
        else:
            raw(dataset, "FloatPixelData", pixels * 2, vr="OF")
            if how == "float":
                del dataset.PixelData

    edited(draft, name, change, pixels="changed")
    return f"pixels of {name!r}: {how}"


def duplicate_uid(draft: Draft, random: Random) -> str:
    """Two files with one instance UID: the same image, or another."""
    first, second = pick(draft, random, ending=".dcm"), pick(draft, random, ending=".dcm")
    if random.random() < 0.4:
        copy = f"copy of {first}"
        draft.files[copy], draft.origin[copy] = draft.files[first], draft.origin.get(first, first)
        draft.pixels[copy] = draft.pixels.get(first, "kept")
        return f"{first!r} twice"
    donor = parsed(draft.files[first])
    if donor is not None and "SOPInstanceUID" in donor:
        uid = str(donor.SOPInstanceUID).encode()
        edited(draft, second, lambda dataset: raw(dataset, "SOPInstanceUID", uid), pixels="kept")
    return f"{second!r} has the UID of {first!r}"


def missing_phase(draft: Draft, random: Random) -> str:
    """Files lost: one, some, or all but a few."""
    names = sorted(draft.files)
    lost = random.sample(names, k=min(len(names) - 1, random.choice((1, 1, 2, 3, 6, len(names)))))
    for name in lost:
        del draft.files[name]
    return f"{len(lost)} of {len(names)} files lost"


def missing_keys(draft: Draft, random: Random) -> str:
    """No trigger time, or no key of phase at all, in one file or in all."""
    gone = random.choice((("TriggerTime",), ("TriggerTime", "InstanceNumber"), ("InstanceNumber",), ("PatientID",)))
    names = sorted(draft.files) if random.random() < 0.5 else [pick(draft, random, ending=".dcm")]

    def change(dataset: Dataset) -> None:
        for keyword in gone:
            dataset.pop(Tag(keyword), None)

    for name in names:
        edited(draft, name, change, pixels="kept")
    return f"no {' '.join(gone)} in {len(names)} files"


def mixed_matrix(draft: Draft, random: Random) -> str:
    """One frame of another size than its siblings, well-formed."""
    name = pick(draft, random, ending=".dcm")
    rows, columns = random.choice(((8, 8), (24, 21), (25, 20), (1, 1), (1, 4096), (20, 24), (512, 512)))

    def change(dataset: Dataset) -> None:
        dataset.Rows, dataset.Columns = rows, columns
        dataset.PixelData = random.randbytes(rows * columns * int(dataset.BitsAllocated) // 8)

    edited(draft, name, change, pixels="changed")
    return f"{name!r} is {rows} x {columns}"


def bent_geometry(draft: Draft, random: Random) -> str:
    """Cosines and positions that are numbers, but of no image, or of one a little elsewhere."""
    name, keyword = (
        pick(draft, random, ending=".dcm"),
        random.choice(("ImageOrientationPatient", "ImagePositionPatient")),
    )
    factor = random.choice((0.0, 0.5, 0.99, 1.001, 2.0, -1.0, 1e10, 1e-30))

    def change(dataset: Dataset) -> None:
        values = [float(value) * factor for value in dataset[keyword].value]
        raw(dataset, keyword, "\\".join(f"{value:.6g}" for value in values).encode())

    edited(draft, name, change, pixels="kept")
    return f"{keyword} times {factor} in {name!r}"


def other_grammar(draft: Draft, random: Random) -> str:
    """Some elements take the values of others, of whatever meaning and VR, within one parsed file."""
    name, told = pick(draft, random, ending=".dcm"), []

    def change(dataset: Dataset) -> None:
        plain = {tag: dataset.get_item(tag) for tag in list(dataset.keys()) if tag.group < 0x7FE0}
        tags = [tag for tag, element in plain.items() if isinstance(element, RawDataElement)]
        for _ in range(random.randint(1, 5)):
            here, there = random.choice(tags), random.choice(tags)
            source = dataset.get_item(there)
            dataset[here] = source._replace(tag=here, VR=random.choice((source.VR, dataset.get_item(here).VR)))
            told.append(f"{there}->{here}")

    edited(draft, name, change, pixels="changed")
    return f"{name!r} values {' '.join(told)}"


MUTATIONS: Final = (
    Mutation("wrong number", 8, wrong_number, "dicom"),
    Mutation("wrong text", 5, wrong_text, "dicom"),
    Mutation("wrong sizes and bits", 6, wrong_short, "dicom"),
    Mutation("wrong SOP class", 2, wrong_class, "dicom"),
    Mutation("wrong transfer syntax", 4, wrong_syntax, "dicom"),
    Mutation("no or other pixels", 3, no_pixels, "dicom"),
    Mutation("duplicate UID", 2, duplicate_uid, "dicom"),
    Mutation("missing phase", 2, missing_phase, "dicom"),
    Mutation("missing keys", 2, missing_keys, "dicom"),
    Mutation("mixed matrix", 2, mixed_matrix, "dicom"),
    Mutation("bent geometry", 2, bent_geometry, "dicom"),
    Mutation("values exchanged", 3, other_grammar, "dicom"),
)
