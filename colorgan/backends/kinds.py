"""What kind of model a file is, by its content: a name can say anything."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from colorgan.errors import ModelError
from colorgan.storage.paths import LOCAL


class Kind(StrEnum):
    """The kinds of model files."""

    ONNX = "ONNX"
    TORCHSCRIPT = "TorchScript"
    TORCH_EXPORT = "torch.export"
    CHECKPOINT = "checkpoint"


SUFFIXES = {
    ".onnx": Kind.ONNX,
    ".pt": Kind.CHECKPOINT,
    ".torchscript": Kind.TORCHSCRIPT,
    ".pt2": Kind.TORCH_EXPORT,
}
"""Names that promise a kind."""

CARRY_CODE = (Kind.TORCHSCRIPT, Kind.TORCH_EXPORT)
"""Kinds that are not to be taken from strangers (docs/export.md)."""


def kind_of(path: Path) -> Kind:
    """Tell the kind of the file; what is no archive is taken for ONNX, and that is seen when it is opened.

    Raises ModelError if there is no file, if it holds machine code, or if its suffix promises another
    kind than that of its content, which can carry code.
    """
    kind = _kind_of_content(path)
    promised = SUFFIXES.get(path.suffix.lower(), kind)
    if kind is not promised and kind in CARRY_CODE:
        right = next(suffix for suffix, named in SUFFIXES.items() if named is kind)
        reason = f"is a {kind} file, not {promised}, and can carry code"
        raise ModelError(path, f"{reason}; if you trust it, rename it to *{right}")
    return kind


def _kind_of_content(path: Path) -> Kind:
    if not LOCAL.is_file(path):
        raise ModelError(path, "there is no such model file")
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, OSError):
        return Kind.ONNX
    if any("/aotinductor/" in name or name.endswith((".so", ".dll", ".dylib", ".cubin")) for name in names):
        raise ModelError(path, "holds compiled machine code (AOTInductor), which is never loaded; use ONNX")
    if any(name.endswith("/archive_format") or "/models/" in name for name in names):
        return Kind.TORCH_EXPORT
    return Kind.TORCHSCRIPT if any("/code/" in name for name in names) else Kind.CHECKPOINT
