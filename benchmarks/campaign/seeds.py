"""Small whole files of every kind that is read, or refused by name: what the mutations begin with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from colorgan.colorizer import Colorizer

TESTS = Path(__file__).parents[2] / "tests"
DESCRIBED = {
    "IFD0:Artist": "J. Smith",
    "XMP-dc:Title": "Markt in Köln",
    "IPTC:Caption-Abstract": "a caption",
    "Comment": "a comment",
}
"""What exiftool writes into each, if it is there: readers of metadata are tried as well."""


def seeds(colorizer: Colorizer) -> dict[str, bytes]:
    """The files of tests/kinds*.py, described, by names with suffixes; and results, which `restore` reads."""
    sys.path.append(str(TESTS))
    kinds: list[Any] = []
    for name, rows in (("kinds_others", "OTHERS"), ("kinds_tiff", "TIFFS"), ("kinds_refused", "REFUSED")):
        kinds += getattr(__import__(name), rows)
    files = {f"{kind.name}.{kind.suffix}": kind.make() for kind in kinds}
    files = {name.replace("/", " "): data for name, data in files.items()}
    with TemporaryDirectory(prefix="colorgan-seeds-") as folder:
        for number, data in enumerate(files.values()):
            Path(folder, str(number)).write_bytes(data)
        tags = [f"-{tag}={words}" for tag, words in DESCRIBED.items()]
        command = ["exiftool", "-m", "-q", "-q", "-overwrite_original", *tags, folder]
        try:
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL, timeout=300)
        except FileNotFoundError:
            print("exiftool is not installed: files without metadata are tried", file=sys.stderr)
        described = {name: Path(folder, str(number)).read_bytes() for number, name in enumerate(files)}
    kept = ("grayscale JPEG.jpg", "JPEG XL made of a grayscale JPEG.JXL")
    return described | {f"result of {name}": colorizer.colorize(described[name]).data for name in kept}
