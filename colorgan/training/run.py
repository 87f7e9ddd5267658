"""A run from its first or its latest step to its last: steps, reports, validations, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from threading import Event

import torch

from colorgan.devices import peak_memory
from colorgan.errors import ModelError, RunError
from colorgan.networks.checkpoint import State, mark_checkpoint, save_checkpoint
from colorgan.training.dataset import worker_failures
from colorgan.training.engine import gather, take_buffers_of_first
from colorgan.training.log import RunLog, means_of
from colorgan.training.monitor import CollapseWatch
from colorgan.training.photographs import Photograph
from colorgan.training.trainer import Scalars, Trainer
from colorgan.training.validation import Validation, compare, grid_of, mean_of, share
from colorgan.version import __version__

REPORT_EVERY = 20
"""Steps from one line in metrics.jsonl to the next: reading a figure waits for the device."""

MEET_EVERY = 5
"""Steps after which processes agree on whether to stop; between them, they share gradients alone."""

NO_NUMBER = "the loss is no longer a number; resume with a lower --learning-rate"

Say = Callable[[str], None]
OnStep = Callable[[Scalars], object]


class Run:
    """A trainer at work in a folder.

    Checkpoints go to `folder`: `step_00001234.pt` and so on, of which `last.pt` and `best.pt` (least
    CIEDE2000) are other names; figures to `metrics.jsonl` and `tensorboard/`, sample grids to `samples/`.
    """

    def __init__(
        self, trainer: Trainer, validation: Sequence[Photograph], data: str, folder: Path, say: Say
    ) -> None:
        self.trainer, self.validation, self.data = trainer, validation, data
        self.folder, self.tell = folder, say
        self.best: Validation | None = None
        self.is_first = trainer.fabric.is_global_zero
        self._noted: set[str] = set()
        self._window: list[Scalars] = []
        """What the steps since the last report gave; the values stay on the device until they are needed."""
        self._watch = CollapseWatch()
        self._since = time.monotonic(), trainer.step
        """When the last report was, and at which step."""

    def say(self, text: str) -> None:
        """Tell the user; of several processes, the first one does."""
        if self.is_first:
            self.tell(text)

    def resume(self, path: Path, state: State) -> None:
        """Take up the run that the checkpoint at `path` holds."""
        try:
            self.trainer.restore(state)
            self.best = Validation(**state["best"]) if state["best"] else None
            device = self.trainer.fabric.device
            self._window = [{name: step[name].to(device) for name in step} for step in state["window"]]
            data = state["data"]
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ModelError(path, f"cannot be resumed from ({error})") from error
        if data != self.data:
            self.say("The photographs differ from those that this run began with; it continues with these.")

    @worker_failures()
    def go(self, stop: Event, on_step: OnStep) -> bool:
        """Train until the last step, or until `stop` is set; say whether the last step was reached.

        Either way, what was learned is saved.
        """
        with RunLog(self.folder, self.trainer.step) if self.is_first else nullcontext() as log:
            saved = time.monotonic()
            self._since = saved, self.trainer.step
            for scalars, stopped in self._steps(stop, on_step):
                self._window.append(scalars)
                epoch_ends = self.trainer.step % self.trainer.order.steps_per_epoch == 0
                late = time.monotonic() - saved > 60 * self.trainer.config.save_minutes
                if epoch_ends or self.trainer.step % REPORT_EVERY == 0:
                    shown = self._report(log)
                if epoch_ends:
                    self.say(f"epoch {self.trainer.epoch}: {shown}")
                result = self._validate(log) if epoch_ends and self._is_due() else None
                if self.is_first and (result or stopped or late):
                    if not scalars["generator"].isfinite():
                        raise RunError(NO_NUMBER)
                    self.save(result)
                    saved = time.monotonic()
        return self.trainer.step == self.trainer.last_step

    def save(self, validation: Validation | None = None) -> Path:
        """Write a checkpoint, mark it as the last, and as the best if it is; remove those too many."""
        path = self.folder / f"step_{self.trainer.step:08d}.pt"
        is_best = validation is not None and (self.best is None or validation.ciede2000 < self.best.ciede2000)
        self.best = validation if is_best else self.best
        state: State = {
            "generator_config": self.trainer.generator.config.to_dict(),
            "training_config": self.trainer.config.to_dict(),
            "versions": {"colorgan": __version__, "torch": str(torch.__version__)},
            "data": self.data,
            "best": asdict(self.best) if self.best else None,
            "window": self._window,
        }
        save_checkpoint(path, state | self.trainer.state())
        mark_checkpoint(path, self.folder / "last.pt")
        if is_best:
            mark_checkpoint(path, self.folder / "best.pt")
        checkpoints = sorted(self.folder.glob("step_*.pt"), key=lambda each: each.stat().st_mtime_ns)
        for old in checkpoints[: -self.trainer.config.keep]:
            old.unlink(missing_ok=True)  # best.pt is a name of its own
        return path

    def _steps(self, stop: Event, on_step: OnStep) -> Iterator[tuple[Scalars, bool]]:
        """The steps, each with whether it is the last, as some process has been told to stop."""
        for scalars in self.trainer.steps():
            on_step(scalars)
            alone, meet = self.trainer.fabric.world_size == 1, self.trainer.step % MEET_EVERY == 0
            stopped = (alone or meet) and any(gather(self.trainer.fabric, stop.is_set()))
            yield scalars, stopped
            if stopped:
                break

    def _is_due(self) -> bool:
        """Whether this epoch ends with a validation."""
        trainer = self.trainer
        return trainer.epoch % trainer.config.save_every == 0 or trainer.step == trainer.last_step

    def _report(self, log: RunLog | None) -> str:
        step, reports = self.trainer.step, gather(self.trainer.fabric, means_of(self._window))
        means = {name: sum(report[name] for report in reports) / len(reports) for name in reports[0]}
        self._window.clear()
        self._gather_unreadable()
        if not log:
            return ""
        (before, then), self._since = self._since, (time.monotonic(), step)
        speed = (step - then) * self.trainer.order.per_step / max(1e-6, self._since[0] - before)
        log.scalars(step, means, "training")
        log.scalars(step, {"images_per_s": speed}, "speed")
        log.unreadable(step, sorted(self.trainer.unreadable - self._noted))
        self._noted |= self.trainer.unreadable
        if not math.isfinite(means["generator"]):
            raise RunError(NO_NUMBER)
        for advice in self._watch(means):
            self.say(f"At step {step}: {advice}.")
        figures = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
        return f"{figures}, {speed:.1f} images/s"

    def _validate(self, log: RunLog | None) -> Validation:
        trainer, fabric = self.trainer, self.trainer.fabric
        take_buffers_of_first(fabric, trainer.mean_generator)
        mine = share(self.validation, fabric.global_rank, fabric.world_size)
        scores, rows = compare(trainer.mean_generator, mine, trainer.config.size, trainer.unreadable)
        of_all = [score for some in gather(fabric, scores) for score in some]
        self._gather_unreadable()
        if not of_all:
            raise RunError(f"no validation photograph could be read, such as {self.validation[0].path}")
        result = mean_of(of_all)
        if log:
            log.scalars(trainer.step, asdict(result), "validation")
        if log and rows:
            log.grid(trainer.step, grid_of(rows))
        self.say(
            f"validation: L1 {result.l1:.4f}, CIEDE2000 {result.ciede2000:.2f} "
            f"(colorless {result.colorless_ciede2000:.2f}), PSNR {result.psnr:.1f} dB, "
            f"SSIM {result.ssim:.3f}, colorfulness {result.colorfulness_ratio:.2f} of the true"
        )
        return result

    def _gather_unreadable(self) -> None:
        """Let each process know what any of them could not read."""
        self.trainer.unreadable.update(*gather(self.trainer.fabric, self.trainer.unreadable))


@worker_failures()
def rehearse(trainer: Trainer) -> str:
    """Do two steps; say what they took, and what the whole run would take."""
    steps = trainer.steps()
    next(steps)  # the first one waits for the workers, and for the compiler
    start = time.perf_counter()
    next(steps)["generator"].item()
    seconds = time.perf_counter() - start
    left = trainer.last_step - trainer.step + 2
    on_gpu = trainer.fabric.device.type == "cuda"
    memory = torch.cuda.max_memory_allocated() if on_gpu else peak_memory()
    return (
        f"a step of {trainer.order.per_step} images: {seconds:.2f} s, "
        f"{trainer.order.per_step / seconds:.1f} images/s; {memory / 1e9:.1f} GB at most; "
        f"{left} steps: about {_duration(left * seconds)}, validations apart"
    )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
