"""colorgan-batch: a folder of black-and-white photographs in, the same in color out."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from colorgan.batch.outcome import Outcome, Status
from colorgan.cli.options import Place, command, config_options, given, shown, stop_at_interrupt
from colorgan.config import ClusterConfig, ColorizeConfig
from colorgan.errors import UsageError
from colorgan.storage.paths import FOR_MODELS, STORES, AnyPath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from colorgan.batch.job import Job
    from colorgan.batch.timing import StageTimes
    from colorgan.cluster.driver import Cluster
    from colorgan.colorizer import Colorizer

NAMED_FAILURES = 10

REMARKS = {
    Status.COPIED: "already in color, copied",
    Status.SKIPPED: "already in color, left out",
    Status.DONE: "done before",
    Status.FAILED: "failed",
    Status.IGNORED: "not an image, left alone",
}


@command("colorgan-batch scans/ results/ --report")
@click.argument("input", metavar="INPUT")
@click.argument("results", metavar="RESULTS_DIR", type=Place(*STORES))
@click.option(
    "--model",
    type=Place(*FOR_MODELS),
    help="File of colorgan-export, or checkpoint.  [default: the model in the package]",
)
@click.option("--include", multiple=True, help="Take only paths or names like this, such as '1911/*.jpg'.")
@click.option("--exclude", multiple=True, help="Leave out paths or names like this.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Work on so many files at most.")
@click.option("--shard", metavar="I/N", help="Work on the I-th of N parts: for runs side by side.")
@click.option("--prefix", default="colorized_", show_default=True, help="Goes before each result's name.")
@click.option("--report", is_flag=True, help="Write RESULTS_DIR/report/index.html, a page to look at them.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="What runs it: this machine, or a Ray cluster, in parts.",
)
@click.option("--strict", is_flag=True, help="Stop at the first failure.")
@click.option("--dry-run", is_flag=True, help="Name the files that would be worked on, and do nothing.")
@config_options(ColorizeConfig)
@config_options(ClusterConfig)
def main(
    input: str,
    results: AnyPath,
    model: AnyPath | None,
    report: bool,
    strict: bool,
    dry_run: bool,
    limit: int | None,
    shard: str | None,
    engine: str,
    **options: Any,
) -> None:
    """Color the photographs in the folder INPUT and its sub-folders into RESULTS_DIR.

    INPUT may also be a single file, @LIST for the files that the file LIST names, one on each line, or - for
    those that standard input names. Each is written as colorized_NAME, in its sub-folder. What is in color
    already is copied as it is. The same command again goes on where it was stopped.

    Photographs, results and model may be in object storage: s3://BUCKET/FOLDER, gs:// or az://.
    """
    from colorgan.batch.job import Job
    from colorgan.batch.sharding import Shard
    from colorgan.colorizer import Colorizer
    from colorgan.photo.pillow import prepare_pillow

    prepare_pillow()
    selection = {name: options.pop(name) for name in ("include", "exclude", "prefix")}
    cluster = ClusterConfig(**given(ClusterConfig, options))
    if report and (shard or engine == "ray"):
        raise UsageError("--report: when all parts are done, colorgan report makes a page of them")
    if report and not isinstance(results, Path):
        raise UsageError("--report: copy the results to this machine; colorgan report makes a page of them")
    if cluster != ClusterConfig() and engine != "ray":
        raise UsageError("--address, --actors and what each gets are for --engine ray")
    selection["shard"] = Shard.parse(shard) if shard else None
    job = Job.plan(input, results, limit=limit or 0, **selection)
    config = ColorizeConfig(**given(ColorizeConfig, options))
    if dry_run:
        preview(Colorizer(model, config), job)
    elif engine == "ray":
        from colorgan.cluster.driver import Cluster

        with Cluster(model, config, cluster) as workers:
            colorize(Colorizer(model, config), job, strict, report, workers)
    else:
        colorize(Colorizer(model, config), job, strict, report)


def preview(colorizer: Colorizer, job: Job) -> None:
    """Print the files that a run would work on, and count the others."""
    from colorgan.batch.manifest import Manifest

    counts: Counter[Status | None] = Counter()
    for item in colorizer.pending(job, Manifest.read(job.destination, job.shard)):
        counts[item.status if isinstance(item, Outcome) else None] += 1
        if not isinstance(item, Outcome):
            click.echo(shown(job.relative(item)))
        elif item.status is Status.FAILED:
            click.echo(f"{shown(job.relative(item.path))}: {item.error}", err=True)
    click.echo(f"{counts.pop(None, 0)} files to work on{remarks(counts)}. Nothing was done.", err=True)


def colorize(
    colorizer: Colorizer, job: Job, strict: bool, report: bool, cluster: Cluster | None = None
) -> None:
    """Run the job, say what came of it, and leave with its exit code."""
    from colorgan.batch.manifest import manifest_path
    from colorgan.batch.timing import StageTimes
    from colorgan.report.thumbnails import Thumbnails

    click.echo(f"Running on {cluster.runs_on if cluster else colorizer.model.runs_on}.")
    start, times = perf_counter(), StageTimes()
    images = sum(map(job.takes, job.files()))
    with stop_at_interrupt() as stop:
        if cluster:
            outcomes = cluster.run(colorizer, job, stop, times)
        else:
            thumbnails = Thumbnails.of(Path(job.destination)) if report else None
            outcomes = colorizer.run(job, stop, times, thumbnails)
        counts, failures = follow(outcomes, job, stop, strict, images)
    seconds = perf_counter() - start
    click.echo(
        f"{counts[Status.COLORED]} of {images} images colored in {seconds:.1f} s "
        f"({counts[Status.COLORED] / seconds:.1f} images/s){remarks(counts)}. Results: {job.destination}"
    )
    if shares := times.shares():
        (bottleneck, most), *others = shares.items()
        rest = ", ".join(f"{stage} {share:.0%}" for stage, share in others)
        work = f"{most:.0%} of the work" + (f" ({rest})" if rest else "")
        busy = times.seconds["model"] / colorizer.model.at_once / seconds
        device = "" if cluster else f" The device was {busy:.0%} busy."
        click.echo(f"Bottleneck: {bottleneck}, {work}.{device}")
    if report:
        show(colorizer, job, times, counts[Status.COLORED], seconds)
    for failure in failures:
        click.echo(f"Failed: {shown(job.relative(failure.path))}: {failure.error}", err=True)
    if counts[Status.FAILED] > len(failures):
        more = counts[Status.FAILED] - len(failures)
        where = manifest_path(job.destination, job.shard)
        click.echo(f"Failed: {more} more, named in {where}", err=True)
    if strict and failures:
        click.echo("Stopped at a failure, as --strict asks; the same command again goes on.", err=True)
    elif stop.is_set():
        click.echo("Stopped; run the same command again to go on.", err=True)
        sys.exit(130)
    sys.exit(1 if failures else 0)


def show(colorizer: Colorizer, job: Job, times: StageTimes, images: int, seconds: float) -> None:
    """Write the report of the run."""
    from datetime import datetime

    from colorgan.report import RunSummary, write_report

    model, now = colorizer.model, datetime.now().astimezone().isoformat(" ", "seconds")
    summary = RunSummary(
        now, seconds, images, model.runs_on, model.credit.model, model.license, model.card, times.shares()
    )
    click.echo(f"Report: {write_report(Path(job.destination), summary)}")


def follow(
    outcomes: Iterator[Outcome], job: Job, stop: Event, strict: bool, images: int
) -> tuple[Counter[Status], list[Outcome]]:
    """Show how a run goes on under a progress bar; count, and keep the first failures."""
    from tqdm import tqdm

    counts: Counter[Status] = Counter()
    failures: list[Outcome] = []
    with tqdm(total=min(images, job.limit or images), unit=" images", disable=None) as bar:
        for outcome in outcomes:
            counts[outcome.status] += 1
            if outcome.status is Status.DONE:
                bar.total = min(images - counts[Status.DONE], job.limit or images)
            elif outcome.status is not Status.IGNORED:
                bar.update()
            if outcome.status is Status.FAILED:
                bar.set_postfix(failed=counts[Status.FAILED], refresh=False)
                failures += [outcome] if len(failures) < NAMED_FAILURES else []
                if strict:
                    stop.set()
    return counts, failures


def remarks(counts: Counter[Any]) -> str:
    """What became of the files that were not colored."""
    return "".join(f"; {counts[status]} {remark}" for status, remark in REMARKS.items() if counts[status])
