"""Models that fail, hang, end the process, or predict what is no color."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.campaign.archive import check_complete, check_whole, contents, ended, run
from benchmarks.campaign.tally import Tally

Predict = Callable[[np.ndarray], object]


def _raise(error: BaseException) -> None:
    raise error


def _shape(luma: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    return np.zeros((len(luma), 2, *luma.shape[2:]), dtype)


MODELS: dict[str, Predict] = {
    "raises": lambda _: _raise(RuntimeError("as a driver does")),
    "out of memory": lambda _: _raise(MemoryError()),
    "ends the process": lambda _: os.kill(os.getpid(), signal.SIGSEGV),
    "exits": lambda _: os._exit(3),
    "NaN": lambda luma: _shape(luma) + np.nan,
    "inf": lambda luma: _shape(luma) + np.inf,
    "NaN as bytes": lambda luma: (_shape(luma) + np.nan).astype(np.uint8),
    "another shape": lambda luma: _shape(luma, np.uint8)[:, :, :-1],
    "too few": lambda luma: _shape(luma, np.uint8)[:0],
    "nothing": lambda _: None,
    "hangs": lambda _: time.sleep(10**6),
}


def break_models(scans: Path, good: dict[str, bytes], folder: Path) -> Tally:
    """Run with each broken model: no result may come of it, and a good model then makes all of them."""
    tally = Tally()
    for name, predict in MODELS.items():
        results, said = folder / "broken", folder / "said"
        shutil.rmtree(results, ignore_errors=True)
        process = run(scans, results, said, _with(predict))
        tally.tries += 1
        if name == "hangs":
            for _ in range(2):
                time.sleep(5)
                os.kill(process.pid or 0, signal.SIGTERM)
        died = (-signal.SIGSEGV, 3)
        ended(
            process,
            said,
            tally,
            name,
            (*died, 130) if name in ("ends the process", "exits", "hangs") else (1, 4),
        )
        for made, data in contents(results).items():
            if data != good.get(made):  # that in color is copied, for which no model is asked
                tally.count("half_written", f"{name}: {made} of no color")
        if ended(run(scans, results, said), said, tally, f"after {name}", (0,)) is not None:
            check_complete(scans, results, good, tally, f"after {name}")
        check_whole(results, good, tally, name)
    return tally


def _with(predict: Predict) -> Callable[[], None]:
    """What makes a process use a broken model."""

    def patch() -> None:
        from colorgan.backends import onnx_runtime

        broken: Any = lambda _, luma: predict(luma)  # noqa: E731
        onnx_runtime.OnnxRuntimeBackend.predict = broken  # type: ignore[method-assign]

    return patch
