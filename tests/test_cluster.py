"""A Ray cluster gives what one machine gives, whatever becomes of its actors."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner
from commands import counts
from conftest import MakePhoto, contents

ray = pytest.importorskip("ray")

from colorgan import ColorizeConfig, Colorizer, Outcome, Status  # noqa: E402
from colorgan.batch.job import Job  # noqa: E402
from colorgan.batch.manifest import Manifest  # noqa: E402
from colorgan.batch.manifest_store import NAME, SHARDS  # noqa: E402
from colorgan.batch.timing import StageTimes  # noqa: E402
from colorgan.cli.main import main  # noqa: E402
from colorgan.cluster.actor import Actor  # noqa: E402
from colorgan.cluster.driver import Cluster  # noqa: E402
from colorgan.config import ClusterConfig  # noqa: E402
from colorgan.errors import RunError, UsageError  # noqa: E402

pytestmark = pytest.mark.slow
COUNT = 60
TWO = ClusterConfig(actors=2, cpus_per_actor=1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, make_photo: MakePhoto) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(COUNT):
        make_photo(200 + number, 150, seed=number).save(folder / f"{'sub/' * (number % 2)}{number:02}.jpg")
    (folder / "bad.jpg").write_bytes(b"no")
    (folder / "notes.txt").write_text("not an image")
    points = '[{ x = 0.3, y = 0.4, color = "skyblue" }]'
    (folder / "corrections.toml").write_text(f'[[photo]]\npath = "02.jpg"\npoints = {points}\n')
    return folder


@pytest.fixture(scope="module")
def alone(exports: dict[str, Path], photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one machine."""
    results = tmp_path_factory.mktemp("alone")
    list(Colorizer(exports["onnx"]).run(Job.plan(photos, results)))
    return results


@pytest.fixture
def cluster(exports: dict[str, Path]) -> Iterator[Cluster]:
    with Cluster(exports["onnx"], ColorizeConfig(), TWO) as cluster:
        yield cluster


def color(cluster: Cluster, photos: Path, results: Path, stop: Event | None = None) -> Iterator[Outcome]:
    colorizer = Colorizer(cluster.model, cluster.config)
    return cluster.run(colorizer, Job.plan(photos, results), stop or Event(), StageTimes())


def what_became(folder: Path) -> dict[str, tuple[str, str | None, str]]:
    entries = Manifest(folder).entries.values()
    return {entry.path: (entry.status, entry.output, entry.made_by) for entry in entries}


def assert_same(results: Path, alone: Path) -> None:
    assert contents(results) == contents(alone)
    assert what_became(results) == what_became(alone)
    assert not list((results / SHARDS).glob("*.jsonl"))
    assert len((results / NAME).read_text().splitlines()) == COUNT + 1


def test_two_actors_give_what_one_machine_gives_and_do_it_once(
    cluster: Cluster, photos: Path, alone: Path, tmp_path: Path
) -> None:
    outcomes = list(color(cluster, photos, tmp_path))
    counts = Counter(outcome.status for outcome in outcomes)
    assert counts == {Status.COLORED: COUNT, Status.FAILED: 1, Status.IGNORED: 1}
    assert_same(tmp_path, alone)
    again = Counter(outcome.status for outcome in color(cluster, photos, tmp_path))
    assert again == {Status.DONE: COUNT, Status.FAILED: 1, Status.IGNORED: 1}
    assert_same(tmp_path, alone)


def test_an_actor_that_is_killed_changes_nothing(
    cluster: Cluster, photos: Path, alone: Path, tmp_path: Path
) -> None:
    victim = next(iter(cluster.actors))
    process = ray.get(victim.__ray_call__.remote(lambda _: os.getpid()))
    for number, _ in enumerate(color(cluster, photos, tmp_path)):
        if number == 5:
            os.kill(process, signal.SIGKILL)
    assert victim not in cluster.actors
    assert len(cluster.actors) == 2
    assert_same(tmp_path, alone)


class Fragile(Actor):
    """An actor that dies with one part of the work, whatever it is."""

    def color(self, job: Job) -> dict[str, float]:
        for path, *_ in job.listed or ():
            if path.name == "07.jpg":
                os.kill(os.getpid(), signal.SIGKILL)
        return super().color(job)


def test_a_part_that_ends_actor_after_actor_condemns_nobody(
    exports: dict[str, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr("colorgan.cluster.driver.Actor", Fragile)
    monkeypatch.setattr("colorgan.cluster.driver.ATTEMPTS", 2)
    with (
        Cluster(exports["onnx"], ColorizeConfig(), TWO) as cluster,
        pytest.raises(RunError),
    ):
        list(color(cluster, photos, tmp_path))
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    monkeypatch.undo()
    with Cluster(exports["onnx"], ColorizeConfig(), TWO) as cluster:
        counts = Counter(outcome.status for outcome in color(cluster, photos, tmp_path))
    assert counts[Status.FAILED] == 1  # bad.jpg
    assert counts[Status.COLORED] + counts[Status.DONE] == COUNT


def test_what_goes_wrong_in_an_actor_is_said_as_it_would_be_here(
    cluster: Cluster, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / SHARDS).write_text("in the way")
    with pytest.raises(UsageError):
        list(color(cluster, photos, tmp_path))


def test_a_command_that_is_interrupted_goes_on(
    exports: dict[str, Path], photos: Path, alone: Path, tmp_path: Path
) -> None:
    words = ["batch", str(photos), str(tmp_path), "--model", str(exports["onnx"]), "--engine", "ray"]
    words += ["--actors", "2", "--cpus-per-actor", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "colorgan.cli.main", *words], stderr=subprocess.PIPE, start_new_session=True
    )
    while process.poll() is None and not list(tmp_path.glob("*.jpg")):
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all that was started
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    done = set(contents(tmp_path))
    assert done
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 1, result.output  # the bad file
    assert counts(result)["done"] == len(done)
    assert_same(tmp_path, alone)


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--engine", "ray", "--address", "127.0.0.1:1"], 2, "127.0.0.1:1"),
        (["--engine", "ray", "--report"], 2, "--report"),
        (["--engine", "ray", "--address", "here:there"], 2, "here:there"),
        (["--actors", "2"], 2, "--engine ray"),
        (["--engine", "ray", "--actors", "99"], 3, "--actors"),
    ],
)
def test_wrong_usage_is_one_line(
    photos: Path, tmp_path: Path, options: list[str], code: int, named: str
) -> None:
    result = CliRunner().invoke(main, ["batch", str(photos), str(tmp_path), *options])
    assert result.exit_code == code
    assert len(result.stderr.splitlines()) == 1
    assert named in result.stderr
