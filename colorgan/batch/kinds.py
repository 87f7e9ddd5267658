"""Pictures that are not taken from folders, told by their names or their first bytes."""

from __future__ import annotations

from pathlib import PurePath

from colorgan.storage.paths import AnyPath, storage_of

KIND_OF_SUFFIX = {
    suffix: kind
    for kind, suffixes in {
        "DICOM": ".dcm .dicom",
        "DjVu": ".djvu .djv",
        "JPEG 2000": ".jpm",
        "JPEG XR": ".jxr .wdp .hdp",
        "OpenEXR": ".exr",
        "PDF": ".pdf",
        "Photoshop": ".psd .psb",
        "camera raw": ".dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .orf .rw2 .raf .pef .srw .3fr .iiq .mef",
        "other picture": ".ico .icns .ras .sun .xbm .xpm .dds .pct .pict .fits .fit .svg .eps",
    }.items()
    for suffix in suffixes.split()
}

BEGINNINGS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"v/1\x01", "OpenEXR"),
    (b"AT&TFORM", "DjVu"),
    (b"%PDF-", "PDF"),
)
BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "camera raw"}
HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
PNM = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7")
ENOUGH = 32
"""Bytes that tell a kind."""


def kind_of(path: AnyPath) -> str:
    """The kind of a picture; empty for what is none, or cannot be read."""
    if kind := KIND_OF_SUFFIX.get(PurePath(path).suffix.lower()):
        return kind
    try:
        with storage_of(path).open(path) as file:
            return kind_of_bytes(file.read(ENOUGH))
    except OSError:
        return ""


def kind_of_bytes(data: bytes) -> str:
    """The kind of a picture that begins with these bytes; empty for what is none."""
    for beginning, kind in BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[4:8] == b"ftyp":
        return BRANDS.get(data[8:12], "HEIC" if data[8:12] in HEIC else "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] in PNM and data[2:3].isspace():
        return "PNM"
    # Text may begin with BM as well: a bitmap has its reserved bytes and a header of a known size.
    return "BMP" if data[:2] == b"BM" and data[6:10] == bytes(4) and 12 <= data[14] <= 124 else ""
