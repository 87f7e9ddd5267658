"""XMP packets: found one's way through once, and changed at the places that change, byte for byte else."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax.saxutils import quoteattr, unescape

from colorgan.photo.damage import PictureError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TIFF = "http://ns.adobe.com/tiff/1.0/"
NOTE = "http://ns.adobe.com/xmp/note/"
MM = "http://ns.adobe.com/xap/1.0/mm/"

Name = tuple[str, str]
"""The namespace of a property, and its name there."""
ORIENTATION, EXTENSION, HISTORY = (TIFF, "Orientation"), (NOTE, "HasExtendedXMP"), (MM, "History")

# XMP specification, part 1, 7.3: what stands around a packet.
BEGIN, END = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'.encode(), b'<?xpacket end="w"?>'
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

TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Property(NamedTuple):
    """Where a property stands in a packet, be it an attribute or an element."""

    name: Name
    start: int
    end: int
    value: str
    """Its text; of an element with others in it, their source."""


@dataclass
class Packet:
    """A packet that can be read, and where in it things are."""

    text: bytes = field(repr=False)
    """In UTF-8, without what stands around it."""
    properties: list[Property] = field(default_factory=list)
    """Of the picture: what its rdf:Description elements hold."""
    described: list[tuple[int, int]] = field(default_factory=list)
    """Where those elements begin and end."""
    spaces: dict[str, str] = field(default_factory=dict)
    """Prefixes that are declared around them."""
    end: int = 0
    """Where rdf:RDF ends: before the tag that ends it, or after its one tag if it is hollow."""
    hollow: bytes = b""
    """The name in the one tag of an rdf:RDF that holds nothing."""
    events: int = 0
    """The end of the list in xmpMM:History; 0: there is no list that one can add to."""

    @property
    def orientation(self) -> int:
        """The orientation that it gives, as in EXIF; 0 if it gives none."""
        value = self.value(ORIENTATION)
        return int(value) if value in tuple("12345678") else 0

    def value(self, name: Name) -> str:
        """The text of a property; empty if there is none."""
        return next((each.value for each in self.properties if each.name == name), "")

    def changed(self, without: Collection[Name], more: bytes = b"", event: bytes = b"") -> bytes:
        """The packet without these properties, with `more` at its end; `event` belongs into its history."""
        edits = [(each.start, each.end, b"") for each in self.properties if each.name in without]
        if event and self.events:
            edits.append((self.events, self.events, event))
        if self.hollow:
            edits.append((self.end - 2, self.end, b">" + more + b"</" + self.hollow + b">"))
        else:
            edits.append((self.end, self.end, more))
        return _edited(self.text, edits)

    def inner(self) -> bytes:
        """Its rdf:Description elements, each with the prefixes that are declared around it."""
        parts = []
        for start, end in self.described:
            tag = _tag_at(self.text, start)
            declared = {attribute[1] for attribute in ATTRIBUTE.finditer(tag)}
            around = {f"xmlns:{prefix}" if prefix else "xmlns": uri for prefix, uri in self.spaces.items()}
            missing = "".join(
                f" {name}={quoteattr(uri)}" for name, uri in around.items() if name.encode() not in declared
            )
            place = start + 1 + len(_name_in(tag))
            parts.append(self.text[start:place] + missing.encode() + self.text[place:end])
        return b"".join(parts)


def read_packet(xmp: bytes) -> Packet | None:
    """Parse a packet; None if it is damaged, has no rdf:RDF element, or could be a trap."""
    encoding = next((name for start, name in ENCODINGS.items() if xmp.startswith(start)), "utf-8-sig")
    try:
        text = INSTRUCTIONS.sub("", xmp.decode(encoding)).strip("\0 \t\r\n\ufeff").encode()
        return _Reader(text).packet
    except (ExpatError, ValueError):
        return None


class _Reader:
    """Goes through a packet once."""

    def __init__(self, text: bytes) -> None:
        self.packet = Packet(text)
        self._path: list[Name] = []
        self._starts: list[int] = []
        parser = self._parser = ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.Parse(text, True)
        if not self.packet.end:
            raise PictureError("it has no rdf:RDF")

    def _refuse(self, *_: object) -> NoReturn:
        raise PictureError("XMP has no document type")

    def _declare(self, prefix: str | None, uri: str) -> None:
        if (RDF, "RDF") not in self._path and not self.packet.end:
            self.packet.spaces[prefix or ""] = uri

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        at, key = self._parser.CurrentByteIndex, _key(name)
        self._path.append(key)
        self._starts.append(at)
        if len(self._path) > DEEPEST:
            raise PictureError("its elements are too deep inside each other")
        if self._depth() == 1 and key == (RDF, "Description") and attributes:
            self._take_attributes(at, attributes)

    def _depth(self) -> int:
        """Elements between the first rdf:RDF and where the parser is; -1 outside of it."""
        if self.packet.end or (RDF, "RDF") not in self._path:
            return -1
        return len(self._path) - 1 - self._path.index((RDF, "RDF"))

    def _take_attributes(self, at: int, attributes: dict[str, str]) -> None:
        tag = _tag_at(self.packet.text, at)
        places = {match[1]: match.span() for match in ATTRIBUTE.finditer(tag)}
        for full_name, value in attributes.items():
            uri, *rest = full_name.split(" ")
            if len(rest) == 2 and uri != RDF:
                name, prefix = rest
                start, end = places[f"{prefix}:{name}".encode()]
                self.packet.properties.append(Property((uri, name), at + start, at + end, value.strip()))

    def _end(self, _: str) -> None:
        at, text, depth = self._parser.CurrentByteIndex, self.packet.text, self._depth()
        start, key = self._starts.pop(), self._path[-1]
        if depth in range(4):
            tag = _tag_at(text, start)
            is_hollow = start + len(tag) == at and tag.endswith(b"/>")
            end = at if is_hollow else text.index(b">", at) + 1
            if depth == 0:
                self.packet.end, self.packet.hollow = at, _name_in(tag) if is_hollow else b""
            elif depth == 1 and key == (RDF, "Description"):
                self.packet.described.append((start, end))
            elif depth == 2 and self._path[-2] == (RDF, "Description"):
                inside = b"" if is_hollow else text[start + len(tag) : at]
                value = unescape(inside.decode(), {"&quot;": '"', "&apos;": "'"}).strip()
                self.packet.properties.append(Property(key, start, end, value))
            elif depth == 3 and self._path[-2] == HISTORY and key == (RDF, "Seq") and not is_hollow:
                self.packet.events = at
        self._path.pop()


def _tag_at(text: bytes, at: int) -> bytes:
    tag = TAG.match(text, at)
    assert tag is not None
    return tag[0]


def _name_in(tag: bytes) -> bytes:
    return tag[1:].split(None, 1)[0].rstrip(b"/>")


def _key(name: str) -> Name:
    uri, *rest = name.split(" ")
    return (uri, rest[0]) if rest else ("", uri)


def _edited(text: bytes, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
    parts, at = [], 0
    for start, end, new in sorted(edits):
        parts += [text[at:start], new]
        at = end
    return b"".join((*parts, text[at:]))


def element(name: str, fields: dict[str, str], inside: bytes = b"") -> bytes:
    """An element with these attributes."""
    attributes = "".join(f" {key}={quoteattr(_printable(value))}" for key, value in fields.items())
    return f"<{name}{attributes}>".encode() + inside + f"</{name}>".encode()


def _printable(value: str) -> str:
    """Without characters that XML has no place for: bytes of a name that is not UTF-8, and controls."""
    return value if value.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in value)


def wrapped(packet: bytes) -> bytes:
    """A packet as it stands in a file."""
    return BEGIN + packet + END


NOTHING = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'.encode()
EMPTY = _Reader(NOTHING).packet
"""A packet that says nothing."""
