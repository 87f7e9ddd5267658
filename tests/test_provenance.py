"""Results say that their colors are invented, and lose nothing else that was said."""

from pathlib import Path
from xml.dom.minidom import Document, parseString

import pytest
from samples import chunk, png, shown

from colorgan.photo.xmp import INVENTED, IPTC, OURS, Credit, Origin, credit_of
from colorgan.photo.xmp_packet import MM, RDF, read_packet

CREDIT = Credit("generator.onnx", "ab" * 32)
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
REFERENCE = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
ORIGIN = Origin("scan.tif", "cd" * 32)

RICH = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:e="{IPTC}"
    e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture">
  <dc:title><rdf:Alt><rdf:li xml:lang="de">K\u00f6ln &amp; Bonn</rdf:li></rdf:Alt></dc:title>
  <e:AISystemUsed>another</e:AISystemUsed>
</rdf:Description></rdf:RDF></x:xmpmeta>
{" " * 2000}
<?xpacket end="w"?>""".encode()


def read(xmp: bytes) -> Document:
    text = xmp.decode()
    assert text.startswith("<?xpacket begin=")
    assert text.endswith('<?xpacket end="w"?>')
    return parseString(text[text.index("?>") + 2 : text.rindex("<?")])


def credited(xmp: bytes | None, origin: Origin = ORIGIN) -> bytes:
    return CREDIT.added_to(read_packet(xmp or b""), origin)[0]


def values(xmp: bytes, name: str, space: str = IPTC) -> list[str]:
    descriptions = read(xmp).getElementsByTagNameNS(RDF, "Description")
    found = [description.getAttributeNS(space, name) for description in descriptions]
    return [value for value in found if value]


@pytest.mark.parametrize("xmp", [None, b"", RICH, b"not XMP", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"])
def test_the_source_and_the_model_are_named_once(xmp: bytes | None) -> None:
    once = credited(xmp)
    for marked in (once, credited(once)):
        assert values(marked, "DigitalSourceType") == [INVENTED]
        (system,) = values(marked, "AISystemUsed")
        assert "generator.onnx" in system
        assert "ab" * 32 in system


def test_all_else_stays() -> None:
    marked = read(credited(RICH))
    (title,) = marked.getElementsByTagNameNS("http://purl.org/dc/elements/1.1/", "title")
    assert title.toxml().count("K\u00f6ln &amp; Bonn") == 1
    assert not marked.getElementsByTagNameNS(IPTC, "AISystemUsed")  # that of another system


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + RICH.replace(
        b"Bonn", b"&b;"
    )
    assert len(credited(bomb)) < 3000


def test_a_models_name_is_no_markup(tmp_path: Path) -> None:
    path = tmp_path / 'a"><b.onnx'
    path.touch()
    (system,) = values(credit_of(path).added_to(None)[0], "AISystemUsed")
    assert 'a"><b.onnx' in system


def with_history(events: str) -> bytes:
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:m="{MM}"><r:RDF xmlns:r="{RDF}"
    xmlns:e="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"><r:Description m:DocumentID="xmp.did:1"
    m:InstanceID="xmp.iid:2">{events}</r:Description></r:RDF></x:xmpmeta>""".encode()


@pytest.mark.parametrize("form", ["list", "hollow list", "hollow", "none"])
def test_history_goes_on_and_the_original_is_named(form: str, tmp_path: Path) -> None:
    events = {
        "list": '<m:History><r:Seq><r:li e:action="created"/></r:Seq></m:History>',
        "hollow list": "<m:History><r:Seq/></m:History>",
        "hollow": "<m:History/>",
        "none": "",
    }[form]
    marked = credited(with_history(events))
    document = read(marked)
    (history,) = document.getElementsByTagNameNS(MM, "History")
    found = [li.getAttributeNS(EVENT, "action") for li in history.getElementsByTagNameNS(RDF, "li")]
    assert found == (["created", "edited"] if form == "list" else ["edited"])
    (derived,) = document.getElementsByTagNameNS(MM, "DerivedFrom")
    assert derived.getAttributeNS(REFERENCE, "filePath") == "scan.tif"
    assert derived.getAttributeNS(REFERENCE, "documentID") == "xmp.did:1"
    assert derived.getAttributeNS(REFERENCE, "instanceID") == "xmp.iid:2"
    assert values(marked, "OriginalSHA256", OURS) == ["cd" * 32]
    assert values(marked, "OriginalDocumentID", MM) == ["xmp.did:1"]
    (identity,) = values(marked, "DocumentID", MM)
    assert identity not in ("", "xmp.did:1")
    assert credited(with_history(events)) == marked
    lines = shown(png(None, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + marked)), tmp_path)
    for name, value in (
        ("DerivedFromFilePath", "scan.tif"),
        ("HistoryAction", "edited"),
        ("DocumentID", identity),
    ):
        assert any(name in line and value in line for line in lines.splitlines())
    assert "Warning" not in lines


def test_what_does_not_change_stays_byte_for_byte() -> None:
    packet = RICH[RICH.index(b"<x:") : RICH.index(b"</x:") + 12]
    marked = credited(packet)
    for part in (b"K\xc3\xb6ln &amp; Bonn", b'xmlns:e="', b"  <dc:title><rdf:Alt>"):
        assert part in marked
    assert b'<rdf:RDF xmlns:rdf="http' in marked


def test_a_file_without_a_name_or_bytes_is_not_named() -> None:
    assert b"DerivedFrom" not in credited(None, Origin())
    assert b"DocumentID" not in credited(None, Origin())
    nameless = read(credited(None, Origin("", "cd" * 32)))
    assert not nameless.getElementsByTagNameNS(MM, "DerivedFrom")
