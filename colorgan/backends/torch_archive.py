"""Look at a torch.export archive before PyTorch opens it, which would run what it finds there.

`torch.export.load` unpickles payloads that a table marks as pickles, constants that are objects, and example
inputs that `weights_only=True` refuses. It evaluates shape expressions as Python, and resolves an operator's
name to any attribute of torch (PyTorch 2.15: `_package.py`, `serialize.py`). An archive of colorgan-export
needs none of that: it holds raw tensors, operators of ATen, and sums and products of sizes. Anything else is
a reason to refuse it.
"""

from __future__ import annotations

import io
import json
import pickle
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from colorgan.errors import ModelError

MEMBERS = re.compile(
    r"[^/]+/(data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|data/sample_inputs/model\.pt|models/model\.json|extra/\w+"
    r"|archive_format|archive_version|byteorder|version|\.data/\w+)"
)
OPERATOR = re.compile(r"torch\.ops\.aten\.\w+\.\w+")
SIZE = re.compile(r"((Mul|Add|Integer|Symbol)\(|'s\d+'|(positive|integer)=True|-?\d+|[), ])*|(\d+\*)?s\d+")
"""A size, as `Mul(Integer(16), Symbol('s1', positive=True, integer=True))`, or the name of one, `16*s1`."""


def load_program(path: Path, strings: dict[str, str] | None = None) -> torch.export.ExportedProgram:
    """Open an archive that can run no code, fill `strings` from its extra files; else raise ModelError."""
    check_archive(path)
    try:
        # By its name, PyTorch would want the suffix .pt2; and 2.11 warns of how it maps what it reads.
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given buffer is not writable")
            return torch.export.load(file, extra_files=strings)
    except Exception as error:  # PyTorch raises whatever it stumbles over
        raise ModelError(path, "is not a torch.export file of a network, or it is damaged") from error


def check_archive(path: Path) -> None:
    """Raise ModelError if loading the archive could do anything but make a network of its tensors."""
    try:
        with ZipFile(path) as archive:
            _check_members(path, archive)
    except (BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelError(path, "is not a torch.export archive, or it is damaged") from error


def _check_members(path: Path, archive: ZipFile) -> None:
    for name in archive.namelist():
        if not MEMBERS.fullmatch(name):
            raise ModelError(
                path, f"holds {name!r}, which a model of colorgan-export does not; it is not loaded"
            )
        if name.endswith(".pt"):
            try:
                torch.load(io.BytesIO(archive.read(name)), weights_only=True)
            except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
                raise ModelError(
                    path, f"holds a pickle with code in it ({name}); it is not loaded"
                ) from error
        elif name.endswith(".json"):
            for key, value in _entries(json.loads(archive.read(name))):
                if not _is_harmless(key, value):
                    raise ModelError(
                        path, f"holds {key!r}: {value!r:.60}, which could run code; it is not loaded"
                    )


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """All keys with their values, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _entries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _entries(inner)


def _is_harmless(key: str, value: Any) -> bool:
    if key == "use_pickle":
        return value is False
    if key == "target":
        return isinstance(value, str) and bool(OPERATOR.fullmatch(value))
    if key == "expr_str":
        return isinstance(value, str) and bool(SIZE.fullmatch(value))
    if key == "range_constraints":
        return isinstance(value, dict) and all(SIZE.fullmatch(name) for name in value)
    if key in ("in_spec", "out_spec") and value is not None:  # JSON in JSON; other types import modules
        types = {inner for name, inner in _entries(json.loads(value)) if name == "type"}
        return types <= {None, "builtins.tuple", "builtins.list", "builtins.dict"}
    return key not in ("as_operator", "as_custom_obj") or value is None
