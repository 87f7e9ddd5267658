"""Say in a photograph's XMP that its colors were invented, by what, and what it was before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from colorgan.photo.xmp_packet import (
    EMPTY,
    EXTENSION,
    HISTORY,
    MM,
    NOTE,
    ORIENTATION,
    RDF,
    Name,
    Packet,
    element,
    wrapped,
)
from colorgan.storage.files import sha256_of
from colorgan.version import __version__

IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OURS = "https://github.com/colorgan/colorgan/ns/1.0/"
"""The namespace of what no standard has a property for."""
SPACES = {
    "rdf": RDF,
    "Iptc4xmpExt": IPTC,
    "xmpMM": MM,
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "colorgan": OURS,
    "xmpNote": NOTE,
}

INVENTED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a picture that a trained generator has added to (NewsCodes, Digital Source Type).

`algorithmicallyEnhanced` is for corrections that leave the main content alone, such as less noise.
"""

REPLACED: frozenset[Name] = frozenset(
    {
        *((IPTC, name) for name in ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed")),
        *((MM, name) for name in ("DerivedFrom", "DocumentID", "InstanceID")),
        *((OURS, name) for name in ("OriginalName", "OriginalSHA256")),
    }
)
"""Properties that hold for one file, and not for what is made of it."""


@dataclass(frozen=True)
class Origin:
    """The file of a photograph that is colored."""

    name: str = ""
    """Without its folder; empty if it has none."""
    sha256: str = ""
    """Of its bytes, in hexadecimal; empty if it is no file."""


UNKNOWN = Origin()


@dataclass(frozen=True)
class Credit:
    """The model that colored a photograph."""

    model: str
    sha256: str

    @property
    def properties(self) -> dict[str, str]:
        """Properties of the IPTC Photo Metadata Standard 2025.1, extension schema."""
        return {
            "DigitalSourceType": INVENTED,
            "AISystemUsed": f"colorgan, model {self.model}, SHA-256 {self.sha256}",
            "AISystemVersionUsed": __version__,
        }

    def added_to(
        self, packet: Packet | None, origin: Origin = UNKNOWN, *, upright: bool = False, longest: int = 0
    ) -> tuple[bytes, bytes]:
        """The packet with these properties, and with the origin, in place of others of their names.

        All else stays byte for byte, but for the orientation, which is spent if `upright`. A packet with more
        than `longest` bytes (0: no limit) becomes two: one with the credit and an extended one, whose digest
        is to replace `DIGEST` (XMP, part 3, 1.1.3.1). Otherwise the second is empty.
        """
        packet = packet or EMPTY
        without = REPLACED | {EXTENSION} | ({ORIENTATION} if upright else set())
        event = self._event(packet, origin)
        history = b""
        if not packet.events and "li" not in packet.value(HISTORY):  # else it is of a form of its own
            without |= {HISTORY}
            history = element("xmpMM:History", {}, element("rdf:Seq", {}, event))
        fields = self._fields(packet, origin)
        derived = self._derived(packet, origin)
        whole = wrapped(packet.changed(without, _description(fields, derived + history), event))
        if not longest or len(whole) <= longest:
            return whole, b""
        more = _description({}, history) if history else b""
        main = _description(fields | {"xmpNote:HasExtendedXMP": DIGEST}, derived)
        return wrapped(EMPTY.changed((), main)), packet.changed(without, more, event)

    def _fields(self, packet: Packet, origin: Origin) -> dict[str, str]:
        fields = {f"Iptc4xmpExt:{name}": value for name, value in self.properties.items()}
        if origin.sha256:
            fields["colorgan:OriginalSHA256"] = origin.sha256
            fields["xmpMM:DocumentID"] = f"xmp.did:{self._id(origin)}"
            fields["xmpMM:InstanceID"] = f"xmp.iid:{self._id(origin)}"
            first = packet.value((MM, "DocumentID"))
            if first and not packet.value((MM, "OriginalDocumentID")):
                fields["xmpMM:OriginalDocumentID"] = first
        return fields

    def _derived(self, packet: Packet, origin: Origin) -> bytes:
        """What the result is derived from; of its parts, XMP has none for a digest (part 2, 8.2.4.2)."""
        fields = {
            "stRef:filePath": origin.name,
            "stRef:documentID": packet.value((MM, "DocumentID")),
            "stRef:instanceID": packet.value((MM, "InstanceID")),
        }
        there = {name: value for name, value in fields.items() if value}
        return element("xmpMM:DerivedFrom", there) if there and origin.sha256 else b""

    def _event(self, packet: Packet, origin: Origin) -> bytes:
        """A line of the history. It has no time, so that the same photograph gives the same file."""
        fields = {
            "stEvt:action": "edited",
            "stEvt:parameters": f"colors invented by a generator, model {self.model}",
            "stEvt:softwareAgent": f"colorgan {__version__}",
        }
        if origin.sha256:
            fields["stEvt:instanceID"] = f"xmp.iid:{self._id(origin)}"
        return element("rdf:li", DECLARED | fields) if packet.events else element("rdf:li", fields)

    def _id(self, origin: Origin) -> str:
        """The same for the same file, model and version."""
        return str(uuid5(NAMESPACE_URL, f"{OURS}{origin.sha256}/{self.sha256}/{__version__}"))


DIGEST = "DIGEST-OF-THE-EXTENDED-PACKET-00"
"""As long as a digest: 32 letters."""
DECLARED = {f"xmlns:{prefix}": uri for prefix, uri in SPACES.items() if prefix in ("rdf", "stEvt")}


def _description(fields: dict[str, str], inside: bytes = b"") -> bytes:
    text = inside.decode()
    used = {name.partition(":")[0] for name in fields} | {"rdf"}
    spaces = {
        f"xmlns:{prefix}": uri for prefix, uri in SPACES.items() if prefix in used or f"{prefix}:" in text
    }
    return element("rdf:Description", spaces | {"rdf:about": ""} | fields, inside)


def credit_of(path: Path) -> Credit:
    """Name a model file."""
    return Credit(path.name, sha256_of(path))
