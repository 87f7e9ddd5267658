// Says in a photograph's XMP that its colors were invented, as photo/xmp.py does.

const RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
const TIFF = "http://ns.adobe.com/tiff/1.0/";
const EMPTY = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="${RDF}"/></x:xmpmeta>`;

// The packet with the credit, as bytes; a packet that cannot be read is replaced.
export function credited(packet, credit) {
  const found = packet && parsed(new TextDecoder().decode(packet));
  const xml = found || parsed(EMPTY);
  for (const description of xml.getElementsByTagNameNS(RDF, "Description")) {
    for (const name of Object.keys(credit)) remove(description, IPTC, name);
    remove(description, TIFF, "Orientation");
  }
  const description = xml.createElementNS(RDF, "rdf:Description");
  description.setAttributeNS(RDF, "rdf:about", "");
  for (const [name, value] of Object.entries(credit)) description.setAttributeNS(IPTC, `Iptc4xmpExt:${name}`, value);
  xml.getElementsByTagNameNS(RDF, "RDF")[0].append(description);
  const text = new XMLSerializer().serializeToString(xml.documentElement);
  return new TextEncoder().encode(`<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>${text}<?xpacket end="w"?>`);
}

function parsed(text) {
  if (text.includes("<!DOCTYPE")) return null;
  const bare = text.replace(/<\?.*?\?>/gs, "").replace(/^[\0\s\ufeff]+|[\0\s]+$/g, "");
  const xml = new DOMParser().parseFromString(bare, "application/xml");
  const isBroken = xml.getElementsByTagName("parsererror").length || !xml.getElementsByTagNameNS(RDF, "RDF").length;
  return isBroken ? null : xml;
}

function remove(description, space, name) {
  description.removeAttributeNS(space, name);
  for (const child of [...description.children])
    if (child.namespaceURI === space && child.localName === name) child.remove();
}
