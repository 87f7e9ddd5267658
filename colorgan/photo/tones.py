"""Which tones are far from those of sRGB, so that a file with them is not what its samples seem to be."""

from __future__ import annotations

from colorgan.photo.damage import PictureError

PQ, HLG = 16, 18
UNLIKE_SRGB = {
    5: "gamma 2.8",
    8: "linear",
    9: "logarithmic",
    10: "logarithmic",
    PQ: "PQ",
    17: "SMPTE 428",
    HLG: "HLG",
}
"""Transfer functions by their numbers (ITU-T H.273, table 3). PQ and HLG are for HDR displays."""

OF_LIBJXL = {"_PeQ".encode("utf-16-be"): PQ, "_HLG".encode("utf-16-be"): HLG}
"""How libjxl ends the descriptions of profiles that it makes for them; those for gray say it only there."""
HEADER, TAG = 128, 12


def check_tones(transfer: int) -> None:
    """Raise ValueError for a transfer function that is far from that of sRGB."""
    if name := UNLIKE_SRGB.get(transfer):
        raise PictureError(f"its tones are not those of sRGB ({name}); convert it to sRGB")


def check_profile(profile: bytes) -> None:
    """Raise ValueError for a color profile for HDR displays, as its tag cicp says (ICC.1:2022, 9.2.17).

    Other profiles say of themselves what their tones are, and results have them, too.
    """
    found = next((number for mark, number in OF_LIBJXL.items() if mark in profile), 0)
    count = int.from_bytes(profile[HEADER : HEADER + 4])
    for at in range(HEADER + 4, min(HEADER + 4 + TAG * count, len(profile)), TAG):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8])
            found = (profile[start + 9 : start + 10] or b"\0")[0]
    if found in (PQ, HLG):
        check_tones(found)
