"""What a file says of its picture, as it stands in the file."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from PIL import Image

from colorgan.photo import jpeg, png
from colorgan.photo.ifd import LAYERS, Block, Directory, Entry, Folder, write_block
from colorgan.photo.xmp_packet import EXTENSION, Packet, read_packet

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 274, 282, 283, 296
XMP, IPTC, PHOTOSHOP, ICC = 700, 33723, 34377, 34675
NO_UNIT, INCHES, CENTIMETERS = 1, 2, 3  # TIFF 6.0, section 8

EXIF_PREFIX = b"Exif\0\0"
PNG_XMP = b"XML:com.adobe.xmp"
"""The keyword of XMP in a PNG (XMP specification, part 3, 1.1.5)."""
PNG_EXIF = (b"Raw profile type exif", b"Raw profile type APP1")
PNG_IPTC = (b"Raw profile type iptc", b"Raw profile type 8bim")
"""Keywords under which ImageMagick puts EXIF and Photoshop's resources, in hexadecimal digits."""
RESOURCE = b"8BIM"
IPTC_RESOURCE = RESOURCE + b"\4\4\0\0"
"""How image resources begin, and that which holds IPTC (Adobe Photoshop file formats, image resources)."""
C2PA = "C2PA manifest"
"""In words. It is about all bytes of the file that holds it, so that no other file may have it."""
CLAIM = 52545
"""The tag of a TIFF that holds one (C2PA 2.1, A.3.4)."""
COLOR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"cICP")
KEPT_CHUNKS = (*COLOR_CHUNKS, b"tIME", b"tEXt", b"zTXt", b"iTXt")
SAFE_TO_COPY = 32
"""A bit of a name's last letter; of its first, it says that the pixels do not need the chunk (PNG, 5.4)."""
READ_CHUNKS = (b"pHYs", b"eXIf", b"iCCP")
OF_CODING = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"iDOT")

OF_LAYOUT = {
    *(254, 255, *range(256, 267), 273, ORIENTATION, *range(277, 282), 284, *range(288, 294), 301, 317),
    *(318, 319, 320, 321, *range(322, 329), 330, 332, 333, 334, *range(336, 344), 347, *range(512, 522)),
    *(529, 530, 531, 532, 559, 37724, *range(50706, 51200), CLAIM),
}
"""Tags of a TIFF that say how its samples lie in the file and what they mean, and those of DNG."""


class Density(NamedTuple):
    """Pixels per unit, or their aspect ratio; the unit is that of TIFF."""

    x: float
    y: float
    unit: int

    @property
    def per_centimeter(self) -> tuple[float, float]:
        """The same for centimeters."""
        factor = 1 / 2.54 if self.unit == INCHES else 1.0
        return self.x * factor, self.y * factor


@dataclass(frozen=True)
class Metadata:
    """What a file holds besides pixels, as raw bytes; empty where it holds none."""

    exif: bytes = b""
    """A block of TIFF's form. Of a TIFF, its own tags that describe the picture."""
    xmp: bytes = b""
    icc: bytes = b""
    photoshop: bytes = b""
    """Image resources, of which IPTC is one."""
    iptc: bytes = b""
    """IPTC that stands by itself, as in a TIFF."""
    comment: bytes = b""
    density: Density | None = None
    turned: int = 0
    """Orientation that a file says apart from EXIF and XMP; if it does, that counts."""
    extension: tuple[bytes, ...] = ()
    """What the segments of a JPEG with an extended packet hold."""
    own: tuple[bytes, ...] = field(default=(), repr=False)
    """Whole segments of a JPEG, or chunks of a PNG, that only such files can hold."""
    besides: tuple[str, ...] = ()
    """What the file holds that no result that is encoded anew can, in words."""

    @cached_property
    def packet(self) -> Packet | None:
        """The XMP, with its extension in it; None if there is none that can be read."""
        packet = read_packet(self.xmp) if self.xmp else None
        if packet is None or not self.extension:
            return packet
        # The parts have the digest before them, the length of the whole, and where they belong.
        start = len(jpeg.XMP_EXTENSION)
        digest = packet.value(EXTENSION).encode()
        parts = sorted(each[start + 36 :] for each in self.extension if each.startswith(digest, start))
        more = read_packet(b"".join(part[4:] for part in parts))
        return read_packet(packet.changed({EXTENSION}, more.inner())) if more else packet

    @property
    def resources(self) -> bytes:
        """Photoshop's image resources, of which one holds IPTC that stands by itself."""
        if self.photoshop or not self.iptc:
            return self.photoshop
        length = len(self.iptc)
        return IPTC_RESOURCE + length.to_bytes(4) + self.iptc + bytes(length % 2)

    @property
    def orientation(self) -> int:
        """How the picture lies, 1 to 8; 1 is upright. EXIF counts, and XMP if that does not say."""
        found = self.turned or (directory.number(ORIENTATION) if (directory := self.directory) else 0)
        found = found or (packet.orientation if (packet := self.packet) else 0)
        return found if found in range(1, 9) else 1

    @property
    def resolution(self) -> Density | None:
        """Its density or, if it has none, the one in its EXIF."""
        return self.density or (_density(directory) if (directory := self.directory) else None)

    @cached_property
    def directory(self) -> Directory | None:
        """The first directory of the EXIF; None if there is none that can be read."""
        try:
            return next(Block.parse(self.exif).directories(), None)
        except ValueError:
            return None

    @property
    def upright_exif(self) -> bytes:
        """The EXIF with an orientation of 1 in place of its own."""
        entry = directory.entries.get(ORIENTATION) if (directory := self.directory) else None
        if directory is None or entry is None or entry.type not in (3, 4):
            return self.exif
        one = struct.pack(directory.order + "HI"[entry.type - 3], 1)
        return self.exif[: entry.at] + one + self.exif[entry.at + len(one) :]


def of_jpeg(data: bytes) -> Metadata:
    """What the segments before the first scan say."""
    found, profile = Metadata(), dict[int, bytes]()
    own, extension, photoshop = list[bytes](), list[bytes](), list[bytes]()
    segments = jpeg.header(data)
    claimed = jpeg.claims(data, segments)
    besides = (C2PA,) if claimed else ()
    for segment in segments:
        body, whole = data[segment.body : segment.end], data[segment.start : segment.end]
        marker = segment.marker
        if marker == jpeg.APP0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            x, y = struct.unpack_from(">HH", body, 8)
            if x and y and (body[7] or x != y):
                found = replace(found, density=Density(x, y, body[7] + 1))
        elif marker == jpeg.APP1 and body.startswith(EXIF_PREFIX):
            found = replace(found, exif=found.exif or body[len(EXIF_PREFIX) :])
        elif marker == jpeg.APP1 and body.startswith(jpeg.XMP):
            found = replace(found, xmp=found.xmp or body[len(jpeg.XMP) :])
        elif marker == jpeg.APP1 and body.startswith(jpeg.XMP_EXTENSION):
            extension.append(body)
        elif marker == jpeg.APP2 and body.startswith(jpeg.ICC) and len(body) > 14:
            profile.setdefault(body[12], body[14:])
        elif marker == jpeg.APP13 and body.startswith(jpeg.PHOTOSHOP):
            photoshop.append(body[len(jpeg.PHOTOSHOP) :])
        elif marker == jpeg.APP2 and body.startswith(jpeg.MPF):
            besides = (*besides, "further pictures")
        elif segment.start in claimed:
            continue
        elif marker in jpeg.DESCRIBING and marker != jpeg.APP14 and not body.startswith(jpeg.BOUND):
            if marker == jpeg.COM and not found.comment:
                found = replace(found, comment=body)
            own.append(whole)
    return replace(
        found,
        icc=b"".join(body for _, body in sorted(profile.items())),
        photoshop=b"".join(photoshop),
        extension=tuple(extension),
        own=tuple(own),
        besides=tuple(dict.fromkeys(besides)),
    )


def of_png(data: bytes) -> Metadata:
    """What the chunks say."""
    found, own, besides = Metadata(), list[bytes](), dict[str, None]()
    room = png.LONGEST_UNPACKED  # for texts, of which readers take no more together
    for name, body in png.chunks(data):
        keyword, _, rest = body.partition(b"\0")
        try:
            if name == b"pHYs":
                x, y, meters = struct.unpack(">IIB", body)
                known = Density(x / 100, y / 100, CENTIMETERS) if meters else Density(x, y, NO_UNIT)
                found = replace(found, density=known) if x and y else found
            elif name == b"eXIf":
                found = replace(found, exif=body.removeprefix(EXIF_PREFIX))
            elif name == b"iCCP":
                found = replace(found, icc=png.unpack(rest[1:]))
            elif name == b"iTXt" and keyword == PNG_XMP:
                text = rest[2:].split(b"\0", 2)[2]
                found = replace(found, xmp=png.unpack(text) if rest[0] else text)
            elif keyword in PNG_EXIF and (block := _of_digits(name, rest)):
                found = replace(found, exif=found.exif or block.removeprefix(EXIF_PREFIX))
            elif not name.isalpha():  # damaged: readers refuse a file with it (PNG, 5.4)
                continue
            elif name in KEPT_CHUNKS or (name not in READ_CHUNKS and name[0] & name[3] & SAFE_TO_COPY):
                try:
                    whole, length = png.as_kept(name, body, room)
                except (ValueError, IndexError):
                    besides[f"chunk {name.decode()}"] = None
                    continue
                own.append(whole)
                room -= length
                if keyword in PNG_IPTC and (block := _of_digits(name, rest)):
                    is_whole = block.startswith(RESOURCE)
                    found = replace(found, photoshop=block) if is_whole else replace(found, iptc=block)
            elif name not in OF_CODING + READ_CHUNKS:  # it is about pixels that have changed
                besides[C2PA if name == b"caBX" else f"chunk {name.decode()}"] = None
        except (ValueError, IndexError, struct.error):
            continue  # which is no reason to lose the photograph
    return replace(found, own=tuple(own), besides=tuple(besides))


def _of_digits(name: bytes, rest: bytes) -> bytes:
    """What a text holds in hexadecimal digits, after its kind and length; empty if it is damaged."""
    try:
        text = png.unpack(rest[1:]) if name == b"zTXt" else rest if name == b"tEXt" else b""
        return bytes.fromhex(b"".join(text.split()[2:]).decode("ascii"))
    except ValueError:
        return b""


def of_tiff(block: Block, page: Directory) -> Metadata:
    """What the tags of a page say, and the directories of EXIF below them."""
    folder: Folder = {tag: value for tag, value in block.folder(page).items() if tag not in OF_LAYOUT}
    apart = {tag: folder.pop(tag) for tag in (XMP, IPTC, PHOTOSHOP, ICC) if tag in folder}
    raw = {tag: entry.value for tag, entry in apart.items() if isinstance(entry, Entry)}
    return Metadata(
        exif=write_block(folder, block.order) if folder else b"",
        xmp=raw.get(XMP, b""),
        icc=raw.get(ICC, b""),
        photoshop=raw.get(PHOTOSHOP, b""),
        iptc=raw.get(IPTC, b""),
        density=_density(page),
        besides=(("layers",) if LAYERS in page.entries else ()) + ((C2PA,) if CLAIM in page.entries else ()),
    )


def of_other(image: Image.Image) -> Metadata:
    """What Pillow has found in a file of another format, or in an image."""
    info = image.info
    dpi, xmp = info.get("dpi"), info.get("xmp") or b""
    exif, comment = info.get("exif") or b"", info.get("comment") or b""
    found = Metadata(
        exif=exif.removeprefix(EXIF_PREFIX) if isinstance(exif, bytes) else b"",
        xmp=xmp if isinstance(xmp, bytes) else str(xmp).encode(),
        icc=info.get("icc_profile") or b"",
        comment=comment if isinstance(comment, bytes) else str(comment).encode(),
    )
    if dpi and all(dpi):
        found = replace(found, density=Density(float(dpi[0]), float(dpi[1]), INCHES))
    return found


def _density(page: Directory) -> Density | None:
    sides = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        entry = page.entries.get(tag)
        if entry is None or len(entry.value) < 8:
            return None
        above, below = struct.unpack_from(page.order + "II", entry.value)
        if not above or not below:
            return None
        sides.append(above / below)
    return Density(sides[0], sides[1], page.number(RESOLUTION_UNIT, INCHES))
