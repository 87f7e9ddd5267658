"""Results say that their colors are invented, and lose nothing else that was said."""

from pathlib import Path
from xml.dom.minidom import Document, parseString

import pytest

from colorgan.photo.xmp import ENHANCED, IPTC, RDF, Credit, credit_of

CREDIT = Credit("generator.onnx", "ab" * 32)

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


def values(xmp: bytes, name: str) -> list[str]:
    descriptions = read(xmp).getElementsByTagNameNS(RDF, "Description")
    found = [description.getAttributeNS(IPTC, name) for description in descriptions]
    return [value for value in found if value]


@pytest.mark.parametrize("xmp", [None, b"", RICH, b"not XMP", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"])
def test_the_source_and_the_model_are_named_once(xmp: bytes | None) -> None:
    once = CREDIT.added_to(xmp)
    for marked in (once, CREDIT.added_to(once)):
        assert values(marked, "DigitalSourceType") == [ENHANCED]
        (system,) = values(marked, "AISystemUsed")
        assert "generator.onnx" in system
        assert "ab" * 32 in system


def test_all_else_stays() -> None:
    marked = read(CREDIT.added_to(RICH))
    (title,) = marked.getElementsByTagNameNS("http://purl.org/dc/elements/1.1/", "title")
    assert title.toxml().count("K\u00f6ln &amp; Bonn") == 1
    assert not marked.getElementsByTagNameNS(IPTC, "AISystemUsed")  # that of another system


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + RICH.replace(
        b"Bonn", b"&b;"
    )
    assert len(CREDIT.added_to(bomb)) < 2000


def test_a_models_name_is_no_markup(tmp_path: Path) -> None:
    path = tmp_path / 'a"><b.onnx'
    path.touch()
    (system,) = values(credit_of(path).added_to(None), "AISystemUsed")
    assert 'a"><b.onnx' in system
