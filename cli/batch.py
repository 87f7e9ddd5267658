"""colorgan-batch: colorize a folder of black-and-white photographs."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from colorgan.batch.outcome import Outcome, Status
from colorgan.cli.exit_codes import shown, stop_at_interrupt
from colorgan.cli.options import Place, command, config_options, given
from colorgan.cli.output import Output, output_options
from colorgan.cli.summary import failures_in, remarks
from colorgan.cli.tally import follow
from colorgan.cli.unused import Unused
from colorgan.config import ClusterConfig, ColorizeConfig
from colorgan.errors import ExitCode, UsageError
from colorgan.storage.objects import FOR_MODELS, STORES
from colorgan.storage.paths import AnyPath, on_disk, seen_from

if TYPE_CHECKING:
    from colorgan.batch.job import Job
    from colorgan.batch.timing import StageTimes
    from colorgan.cluster.driver import Cluster
    from colorgan.colorizer import Colorizer


@command("colorgan-batch scans/ results/ --report")
@click.argument("input", metavar="INPUT")
@click.argument("results", metavar="RESULTS_DIR", type=Place(*STORES))
@click.option(
    "--model",
    type=Place(*FOR_MODELS),
    help="Model: a file of colorgan-export, or a checkpoint.  [default: the one in the package]",
)
@click.option("--include", multiple=True, help="Process only paths or names like this: '1911/*.jpg'.")
@click.option("--exclude", multiple=True, help="Skip paths or names like this.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Process at most N files.")
@click.option("--shard", metavar="I/N", help="Process part I of N: for runs side by side.")
@click.option("--prefix", default="colorized_", show_default=True, help="Prefix of result file names.")
@click.option(
    "--corrections",
    type=Place(*STORES),
    help="TOML file with corrections.  [default: corrections.toml in RESULTS_DIR, else in INPUT]",
)
@click.option(
    "--read",
    metavar="all|I/N",
    default="",
    is_flag=False,
    flag_value="all",
    help="Read finished results, and make those again whose bytes changed: all, or part I of N.",
)
@click.option("--report", is_flag=True, help="Write RESULTS_DIR/report/index.html to review the results.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Run on this machine, or on a Ray cluster.",
)
@click.option("--strict", is_flag=True, help="Stop at the first failure.")
@click.option("--retry-failed", is_flag=True, help="Retry files that crashed an earlier run.")
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    default=0,
    help="Leave files changed in the last SECONDS for the next run: for a folder that is being filled.",
)
@click.option(
    "--fail-on-unread",
    is_flag=True,
    help="Exit with 1 if INPUT has pictures of unsupported formats, such as camera raw.",
)
@click.option("--dry-run", is_flag=True, help="List the files to process, and do nothing.")
@config_options(ColorizeConfig)
@config_options(ClusterConfig)
@output_options
def main(
    input: str,
    results: AnyPath,
    model: AnyPath | None,
    report: bool,
    strict: bool,
    retry_failed: bool,
    fail_on_unread: bool,
    dry_run: bool,
    limit: int | None,
    shard: str | None,
    engine: str,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Colorize the photographs in the folder INPUT and its sub-folders into RESULTS_DIR.

    INPUT may also be one file, @LIST for a file that lists paths, one per line, or - for a list on standard
    input. Each result is written as colorized_NAME, in the same sub-folder. Photographs already in color are
    copied. Run the same command again to resume.

    Photographs, results and model may be in object storage: s3://BUCKET/FOLDER, gs:// or az://.
    """
    from colorgan.batch.job import Job
    from colorgan.batch.sharding import Shard
    from colorgan.colorizer import Colorizer
    from colorgan.photo.pillow import prepare_pillow

    prepare_pillow()
    chosen = ("include", "exclude", "prefix", "corrections", "settle", "read")
    selection = {name: options.pop(name) for name in chosen}
    cluster = ClusterConfig(**given(ClusterConfig, options))
    if report and (shard or engine == "ray"):
        problem = "--report cannot be combined with --shard or --engine ray"
        raise UsageError(f"{problem}; run `colorgan report RESULTS_DIR` afterwards")
    if report:
        on_disk(results, "--report needs results on disk; copy them and run `colorgan report RESULTS_DIR`")
    if cluster != ClusterConfig() and engine != "ray":
        raise UsageError("--address, --actors and the options per actor need --engine ray")
    selection["shard"] = Shard.parse(shard) if shard else None
    job = Job.plan(input, results, limit=limit or 0, retry_failed=retry_failed, **selection)
    batch = Batch(job, Output(as_json, quiet, verbose), strict, report, fail_on_unread)
    config = ColorizeConfig(**given(ColorizeConfig, options))
    if dry_run:
        Unused(batch).tell()
        preview(Colorizer(model, config), job, batch.output)
    elif engine == "ray":
        from colorgan.cluster.driver import Cluster

        with Cluster(model, config, cluster) as started:
            colorize(Colorizer(model, config), batch, started)
    else:
        colorize(Colorizer(model, config), batch)


@dataclass(frozen=True)
class Batch:
    """A job, and how to report it."""

    job: Job
    output: Output
    strict: bool
    report: bool
    fail_on_unread: bool


def preview(colorizer: Colorizer, job: Job, output: Output) -> None:
    """Print the files that a run would process, and count the others."""
    from colorgan.batch.manifest import Manifest
    from colorgan.batch.pending import pending

    counts: Counter[Status] = Counter()
    to_do = 0
    manifest = Manifest(job.destination, job.shard)
    for item in pending(job, manifest, colorizer.made_by(job), colorizer.config.overwrite):
        if not isinstance(item, Outcome):
            to_do += 1
            output.event("file", path=job.name_of(item.path), status="to_do")
            if not (output.as_json or output.quiet):
                click.echo(shown(job.relative(item.path)))
            continue
        counts[item.status] += 1
        if item.status.is_failure:
            output.warn(f"{shown(job.relative(item.path))}: {item.error}")
    output.event("summary", to_do=to_do, counts=counts, exit_code=ExitCode.DONE)
    if not output.quiet:
        click.echo(f"{to_do} files to process{remarks(counts, Counter())}. Nothing was done.", err=True)


def colorize(colorizer: Colorizer, batch: Batch, cluster: Cluster | None = None) -> None:
    """Run the job, print a summary, and exit with its code."""
    from colorgan.batch.counting import Count
    from colorgan.batch.manifest_store import manifest_path
    from colorgan.batch.timing import StageTimes
    from colorgan.report.thumbnails import Thumbnails

    job, output = batch.job, batch.output
    output.say(f"Running on {cluster.runs_on if cluster else colorizer.model.runs_on}.")
    start, times = perf_counter(), StageTimes()
    with stop_at_interrupt() as stop:
        count = Count(job, stop)
        if cluster:
            outcomes = cluster.run(colorizer, job, stop, times)
        else:
            thumbnails = Thumbnails.of(Path(job.destination)) if batch.report else None
            outcomes = colorizer.run(job, stop, times, thumbnails)
        unused = Unused(batch, stop)
        tally = follow(outcomes, batch, stop, count, unused)
        images = count.whole()
        unused.tell()
    seconds = perf_counter() - start
    counts, colored = tally.counts, tally.counts[Status.COLORED]
    output.say(
        f"{colored} of {images} images colored in {seconds:.1f} s ({colored / seconds:.1f} images/s)"
        f"{remarks(counts, tally.kinds)}. Results: {job.destination}"
    )
    if shares := times.shares():
        (bottleneck, most), *others = shares.items()
        rest = ", ".join(f"{stage} {share:.0%}" for stage, share in others)
        work = f"{most:.0%} of the work" + (f" ({rest})" if rest else "")
        busy = times.seconds["model"] / colorizer.model.at_once / seconds
        device = "" if cluster else f" The device was {busy:.0%} busy."
        output.say(f"Bottleneck: {bottleneck}, {work}.{device}")
    if batch.report:
        show(colorizer, batch, times, colored, seconds)
    for failure in tally.failures:
        output.warn(f"Failed: {shown(job.relative(failure.path))}: {failure.error}")
    if (more := failures_in(counts) - len(tally.failures)) > 0:
        output.warn(f"Failed: {more} more, named in {manifest_path(job.destination, job.shard)}")
    exit_code = ExitCode.DONE
    if tally.failures or (batch.fail_on_unread and tally.kinds):
        exit_code = ExitCode.SOME_FAILED
    if batch.strict and tally.failures:
        output.warn("Stopped at a failure, as --strict asks; run the same command again to continue.")
    elif stop.is_set():
        output.warn("Stopped; run the same command again to continue.")
        exit_code = ExitCode.INTERRUPTED
    output.event(
        "summary",
        images=images,
        seconds=round(seconds, 3),
        counts=counts,
        not_read=tally.kinds,
        results=str(job.destination),
        exit_code=exit_code,
    )
    sys.exit(exit_code)


def show(colorizer: Colorizer, batch: Batch, times: StageTimes, images: int, seconds: float) -> None:
    """Write the report of the run."""
    from datetime import datetime

    from colorgan.report import RunSummary, write_report

    model, now = colorizer.model, datetime.now().astimezone().isoformat(" ", "seconds")
    results, corrections = Path(batch.job.destination), batch.job.corrections
    summary = RunSummary(
        now,
        seconds,
        images,
        model.runs_on,
        model.credit.model,
        model.license,
        model.card,
        times.shares(),
        source=seen_from(results, batch.job.root),
        corrections=seen_from(results, corrections.source) if corrections.source else "",
    )
    page = write_report(results, summary, corrections)
    batch.output.say(f"Report: {page}")
    batch.output.event("report", path=str(page))
