"""Say in a photograph's XMP that its colors were invented, and by what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.dom.minidom import Document, Element, parseString
from xml.parsers.expat import ExpatError

from colorgan.storage.files import sha256_of
from colorgan.version import __version__

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
ENHANCED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
"""IPTC's term for a picture that an algorithm has added to (NewsCodes, Digital Source Type)."""

EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'.encode()

# XMP specification, part 1, 7.3: what stands around a packet.
BEGIN, END = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', '<?xpacket end="w"?>'
INSTRUCTIONS = re.compile(rb"<\?.*?\?>", re.DOTALL)


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

    def added_to(self, xmp: bytes | None) -> bytes:
        """The XMP packet with these properties, in place of others of their names; all else stays.

        A packet that cannot be read is replaced.
        """
        document = _read(xmp or EMPTY) or _read(EMPTY)
        assert document is not None
        for name in self.properties:
            for description in document.getElementsByTagNameNS(RDF, "Description"):
                if description.hasAttributeNS(IPTC, name):
                    description.removeAttributeNS(IPTC, name)
                for child in _children(description, name):
                    description.removeChild(child)
        description = document.createElementNS(RDF, "rdf:Description")
        description.setAttribute("xmlns:rdf", RDF)
        description.setAttribute("xmlns:Iptc4xmpExt", IPTC)
        description.setAttribute("rdf:about", "")
        for name, value in self.properties.items():
            description.setAttribute(f"Iptc4xmpExt:{name}", value)
        document.getElementsByTagNameNS(RDF, "RDF")[0].appendChild(description)
        assert document.documentElement is not None
        return f"{BEGIN}{document.documentElement.toxml()}{END}".encode()


def credit_of(path: Path) -> Credit:
    """Name a model file."""
    return Credit(path.name, sha256_of(path))


def _read(xmp: bytes) -> Document | None:
    """Parse a packet that has an rdf:RDF element; entities, of which XMP has no need, could be a trap."""
    if b"<!DOCTYPE" in xmp or b"<!ENTITY" in xmp:
        return None
    try:
        document = parseString(INSTRUCTIONS.sub(b"", xmp).strip(b"\0 \t\r\n"))
    except (ExpatError, ValueError):
        return None
    return document if document.getElementsByTagNameNS(RDF, "RDF") else None


def _children(description: Element, name: str) -> list[Element]:
    return [
        child for child in description.getElementsByTagNameNS(IPTC, name) if child.parentNode is description
    ]
