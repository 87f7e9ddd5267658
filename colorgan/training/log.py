"""What a run leaves for those who watch it: metrics.jsonl, always, and TensorBoard's files."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from torchvision.utils import save_image

from colorgan.errors import RunError, reason_of
from colorgan.storage.files import atomic_file, writing


class RunLog:
    """Scalars and sample grids of a run that is at this step; what was noted of later steps goes."""

    def __init__(self, folder: Path, step: int) -> None:
        self.folder, self.step = folder, step
        self.metrics, self._events = folder / "metrics.jsonl", folder / "tensorboard"
        self._report = threading.excepthook

    def __enter__(self) -> Self:
        try:
            lines = self.metrics.read_text().splitlines(keepends=True) if self.metrics.exists() else []
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= self.step]
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{self.metrics}: cannot be read ({reason_of(error)})") from error
        with writing(self.metrics), atomic_file(self.metrics) as temporary:
            temporary.write_text("".join(kept))
        threading.excepthook = self._leave_out_failed_writes
        with writing(self._events):
            self._board = SummaryWriter(str(self._events), purge_step=self.step + 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with writing(self._events):
                self._board.close()
        finally:
            threading.excepthook = self._report

    def scalars(self, step: int, values: Mapping[str, float], group: str) -> None:
        """Note values by name; one that is no number is noted as null."""
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
        self._note({"step": step, "group": group} | finite)
        with writing(self._events):
            for name, value in values.items():
                self._board.add_scalar(f"{group}/{name}", value, step)
            self._board.flush()

    def unreadable(self, step: int, reasons: Iterable[str]) -> None:
        """Note photographs that could not be read."""
        for reason in reasons:
            self._note({"step": step, "group": "unreadable", "reason": reason})

    def grid(self, step: int, images: Tensor) -> None:
        """Write a grid, RGB (3, H, W) in [0, 1], to samples/."""
        path = self.folder / "samples" / f"step_{step:08d}.png"
        with writing(path):
            path.parent.mkdir(exist_ok=True)
            save_image(images, path)
        with writing(self._events):
            self._board.add_image("samples", images, step)
            self._board.flush()

    def _leave_out_failed_writes(self, error: threading.ExceptHookArgs) -> None:
        """TensorBoard's thread would show a traceback of what `flush` raises again, to end the run."""
        if not isinstance(error.exc_value, OSError):
            self._report(error)

    def _note(self, entry: Mapping[str, object]) -> None:
        with writing(self.metrics), self.metrics.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def means_of(steps: list[dict[str, Tensor]]) -> dict[str, float]:
    """The means of what some steps gave, by name; the names are those of the last step."""
    names = steps[-1].keys()
    alike = [step for step in steps if step.keys() == names]
    means = torch.stack([torch.stack([step[name] for name in names]) for step in alike]).mean(0)
    return dict(zip(names, means.tolist(), strict=True))
