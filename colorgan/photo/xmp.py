"""Say in a photograph's XMP that its colors were invented, and by what."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.dom.minidom import Document, Element, parseString
from xml.parsers.expat import ExpatError, ParserCreate

from colorgan.storage.files import sha256_of
from colorgan.version import __version__

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
NOTE = "http://ns.adobe.com/xmp/note/"
ENHANCED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""IPTC's term for a picture that an algorithm has added to (NewsCodes, Digital Source Type)."""

EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'.encode()

# XMP specification, part 1, 7.3: what stands around a packet.
BEGIN, END = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', '<?xpacket end="w"?>'
INSTRUCTIONS = re.compile(r"<\?.*?\?>", re.DOTALL)

ENCODINGS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
"""By the first bytes; any other packet is in UTF-8 (XMP specification, part 1, 7.1)."""

DEEPEST = 200
"""Elements inside each other: more than XMP has use for."""


@dataclass(frozen=True)
class Credit:
    """The model that colored a photograph."""

    model: str
    sha256: str

    @property
    def properties(self) -> dict[str, str]:
        """Properties of the IPTC Photo Metadata Standard 2025.1, extension schema."""
        return {
            "DigitalSourceType": ENHANCED,
            "AISystemUsed": f"colorgan, model {self.model}, SHA-256 {self.sha256}",
            "AISystemVersionUsed": __version__,
        }

    def added_to(self, xmp: bytes | None, *, upright: bool = False, extension: str = "") -> bytes:
        """The XMP packet with these properties, in place of others of their names; all else stays.

        `upright`: the orientation that it gives is spent, and goes. `extension` is the digest of an extended
        packet that belongs to it. A packet that cannot be read is replaced.
        """
        document = read_packet(xmp or EMPTY) or read_packet(EMPTY)
        assert document is not None
        for name in self.properties:
            _remove(document, IPTC, name)
        if upright:
            _remove(document, TIFF, "Orientation")
        description = document.createElementNS(RDF, "rdf:Description")
        description.setAttribute("xmlns:rdf", RDF)
        description.setAttribute("xmlns:Iptc4xmpExt", IPTC)
        description.setAttribute("rdf:about", "")
        for name, value in self.properties.items():
            description.setAttribute(f"Iptc4xmpExt:{name}", value)
        if extension:
            description.setAttribute("xmlns:xmpNote", NOTE)
            description.setAttribute("xmpNote:HasExtendedXMP", extension)
        document.getElementsByTagNameNS(RDF, "RDF")[0].appendChild(description)
        return f"{BEGIN}{_text(document)}{END}".encode()


def credit_of(path: Path) -> Credit:
    """Name a model file."""
    return Credit(path.name, sha256_of(path))


def orientation_of(xmp: bytes) -> int:
    """The orientation that a packet gives, as in EXIF; 0 if it gives none."""
    document = read_packet(xmp) if b"O\0r\0i\0e\0n\0t" in xmp or b"Orientation" in xmp else None
    for description in document.getElementsByTagNameNS(RDF, "Description") if document else []:
        values = [description.getAttributeNS(TIFF, "Orientation")]
        values += [_content(child) for child in _children(description, TIFF, "Orientation")]
        for value in values:
            if value.strip() in tuple("12345678"):
                return int(value)
    return 0


def as_extension(xmp: bytes, more: bytes = b"", *, upright: bool = False) -> bytes:
    """A packet, with what an earlier extension of it holds, as an extended one (part 3, 1.1.3.1)."""
    document, other = read_packet(xmp), read_packet(more)
    if document is None:
        return b""
    if upright:
        _remove(document, TIFF, "Orientation")
    _remove(document, NOTE, "HasExtendedXMP")
    if other is not None:
        root = document.getElementsByTagNameNS(RDF, "RDF")[0]
        for description in list(other.getElementsByTagNameNS(RDF, "RDF")[0].childNodes):
            root.appendChild(document.importNode(description, deep=True))
    return _text(document).encode()


def read_packet(xmp: bytes) -> Document | None:
    """Parse a packet; None if it is damaged, has no rdf:RDF element, or could be a trap."""
    encoding = next((name for start, name in ENCODINGS.items() if xmp.startswith(start)), "utf-8-sig")
    try:
        plain = INSTRUCTIONS.sub("", xmp.decode(encoding)).strip("\0 \t\r\n\ufeff").encode()
        _check(plain)
        document = parseString(plain)
    except (ExpatError, ValueError):
        return None
    return document if document.getElementsByTagNameNS(RDF, "RDF") else None


def _check(xml: bytes) -> None:
    """Raise ValueError for a declaration of entities, and for elements too deep inside each other."""
    depth = 0

    def refuse(*_: object) -> NoReturn:
        raise ValueError("XMP has no document type")

    def begin(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ValueError("its elements are too deep inside each other")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.Parse(xml, True)


def _text(document: Document) -> str:
    assert document.documentElement is not None
    return document.documentElement.toxml()


def _remove(document: Document, space: str, name: str) -> None:
    """Remove a property, as an attribute or an element, wherever it is described."""
    for description in document.getElementsByTagNameNS(RDF, "Description"):
        if description.hasAttributeNS(space, name):
            description.removeAttributeNS(space, name)
        for child in _children(description, space, name):
            description.removeChild(child)


def _children(description: Element, space: str, name: str) -> list[Element]:
    return [
        child for child in description.getElementsByTagNameNS(space, name) if child.parentNode is description
    ]


def _content(element: Element) -> str:
    return "".join(str(node.data) for node in element.childNodes if node.nodeType == node.TEXT_NODE)
