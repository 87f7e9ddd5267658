"""Load `colorgan serve`, in a process of its own, with good requests and hostile ones.

    python benchmarks/serving.py PHOTOS_DIR
    python benchmarks/serving.py PHOTOS_DIR --requests 1000 --distinct 500 --hostile 200

Good requests are gray JPEGs and PNGs of mixed sizes. Each answer is compared byte for byte with the engine's
result for that photograph, so a client that saw another's picture would be found. So it is with thousands of
small pictures of which no two are alike: each answer must have the luma of its own. The server's CPU seconds
an image are set against those of `colorgan-batch` on the same files, in turns; what starting takes is taken
off. All requests go to one process. Writes `benchmarks/results/serving.json`.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import random
import re
import socket
import statistics
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter
from typing import Any

if not __package__:  # run as a file: its siblings are found by the project's root
    sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
import psutil
from PIL import Image

from benchmarks.photographs import make_photographs
from colorgan import Colorizer
from colorgan.batch.sources import find_images

MEGAPIXELS = (0.1, 0.3, 1.0, 4.0)
COMMAND = (sys.executable, "-m", "colorgan.cli.main")


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--requests", default=10_000, show_default=True, help="Good requests.")
@click.option("--clients", default=32, show_default=True, help="Clients side by side.")
@click.option("--distinct", default=5_000, show_default=True, help="Small pictures, no two alike.")
@click.option("--hostile", default=1_000, show_default=True, help="Hostile uploads.")
@click.option("--slow", default=200, show_default=True, help="Connections that send one byte a second.")
@click.option("--rounds", default=3, show_default=True, help="Turns of the comparison with batch.")
def main(
    photos: Path, requests: int, clients: int, distinct: int, hostile: int, slow: int, rounds: int
) -> None:
    """Measure, print and write down."""
    with TemporaryDirectory() as name:
        folder = Path(name, "photographs")
        make_mixed(photos, folder)
        results: dict[str, Any] = {"requests": requests, "clients": clients}
        with serving() as (process, port):
            results["load"] = load(process, port, folder, requests, clients)
            results["distinct"] = tell_apart(port, distinct, clients)
            results["hostile"] = attack(port, folder, hostile)
            results["slow"] = stall(port, folder, slow)
            results["cpu"] = compare(process, port, folder, rounds)
            results["rss_at_end_mb"] = process.memory_info().rss / 1e6
    text = json.dumps(results, indent=1)
    (Path(__file__).parent / "results" / "serving.json").write_text(text + "\n")
    click.echo(text)


def make_mixed(photos: Path, folder: Path) -> None:
    """Write photographs of four sizes, every third a PNG."""
    folder.mkdir()
    for megapixels in MEGAPIXELS:
        part = folder / f"{megapixels}"
        make_photographs(photos, part, megapixels, 12)
        for path in find_images(part)[::3]:
            with Image.open(path) as image:
                image.save(path.with_suffix(".png"), compress_level=1)
            path.unlink()


@contextmanager
def serving() -> Iterator[tuple[psutil.Process, int]]:
    """A service, and its port."""
    command = [*COMMAND, "serve", "--port", "0", "--header-timeout", "30"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r":(\d+)/", process.stdout.readline())
            assert found
            yield psutil.Process(process.pid), int(found[1])
        finally:
            process.terminate()


def ask(port: int, data: bytes, kind: str = "application/octet-stream") -> tuple[int, bytes]:
    """Status and body of the answer to an upload."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", "/colorize", data, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds that a process used until now."""
    times = process.cpu_times()
    return float(times.user + times.system)


def load(process: psutil.Process, port: int, folder: Path, requests: int, clients: int) -> dict[str, Any]:
    """Many good requests; memory is looked at all the while."""
    colorizer = Colorizer()
    files = [path.read_bytes() for path in find_images(folder)]
    expected = [hashlib.sha256(colorizer.colorize(data).data).digest() for data in files]
    seconds, codes, memory = [0.0] * requests, Counter[str](), list[float]()
    over = Event()

    def look() -> None:
        while not over.wait(0.5):
            memory.append(process.memory_info().rss / 1e6)

    def one(number: int) -> None:
        which = number % len(files)
        started = perf_counter()
        code, data = ask(port, files[which])
        seconds[number] = perf_counter() - started
        is_own = hashlib.sha256(data).digest() == expected[which]
        codes[str(code) if is_own or code != 200 else "of another"] += 1

    watcher = Thread(target=look)
    watcher.start()
    begun, cpu = perf_counter(), cpu_of(process)
    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(one, random.Random(0).sample(range(requests), requests)))
    taken, cpu = perf_counter() - begun, cpu_of(process) - cpu
    over.set()
    watcher.join()
    quarter = max(1, len(memory) // 4)
    starts = range(0, 4 * quarter, quarter)
    return {
        "answers": codes,
        "images_per_s": requests / taken,
        "p50_s": statistics.median(seconds),
        "p99_s": sorted(seconds)[int(0.99 * (requests - 1))],
        "cpu_s_per_image": cpu / requests,
        "rss_mb_by_quarter": [max(memory[at : at + quarter], default=0) for at in starts],
    }


def tell_apart(port: int, number: int, clients: int) -> dict[str, Any]:
    """Count answers to small pictures, no two alike, that have another luma than their own."""

    def one(seed: int) -> str:
        levels = np.random.default_rng(seed).integers(40, 200, (4, 4), np.uint8)
        gray = np.asarray(Image.fromarray(levels).resize((48, 32), Image.Resampling.NEAREST))
        code, data = ask(port, b"P5 48 32 255\n" + gray.tobytes())  # PGM: answered as PNG
        if code != 200:
            return str(code)
        with Image.open(io.BytesIO(data)) as image:
            is_own = np.abs(np.asarray(image.convert("L"), int) - gray).max() <= 2
        return "200" if is_own else "of another"

    with ThreadPoolExecutor(clients) as threads:
        return {"answers": Counter(threads.map(one, range(number)))}


def attack(port: int, folder: Path, number: int) -> dict[str, Any]:
    """Uploads that are no photographs, or claim too much, or break off."""
    good = find_images(folder)[0].read_bytes()
    png = next(path for path in find_images(folder) if path.suffix == ".png").read_bytes()
    chance = random.Random(1)

    def broken_off() -> tuple[int, bytes]:
        with socket.create_connection(("127.0.0.1", port)) as peer:
            head = b"POST /colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
            peer.sendall(head % len(good) + good[: len(good) // 2])
        return 0, b""

    def bomb(side: int) -> bytes:
        """A whole PNG of one gray, whose bytes are a thousandth of its pixels."""
        with io.BytesIO() as buffer:
            Image.new("L", (side, side), 90).save(buffer, "PNG")
            return buffer.getvalue()

    def large_tiff() -> bytes:
        with io.BytesIO() as buffer:
            Image.new("1", (40_000, 40_000)).save(buffer, "TIFF", compression="group4")
            return buffer.getvalue()

    bombs = [bomb(12_000), large_tiff()]
    claim = b"IHDR" + struct.pack(">IIBBBBB", 1 << 16, 1 << 16, 8, 0, 0, 0, 0)
    kinds: list[Callable[[], tuple[int, bytes]]] = [
        lambda: ask(port, bombs[0]),
        lambda: ask(port, bombs[1]),
        lambda: ask(port, png[:12] + claim + struct.pack(">I", zlib.crc32(claim)) + png[33:]),
        lambda: ask(port, good[: chance.randrange(len(good))]),
        lambda: ask(port, chance.randbytes(10_000)),
        lambda: ask(port, good[:1000] + chance.randbytes(len(good) - 1000)),
        lambda: ask(port, b"<html>" * 100),
        lambda: ask(port, good, "text/html"),
        lambda: ask(port, b""),
        broken_off,
    ]

    def one(at: int) -> int:
        try:
            return kinds[at % len(kinds)]()[0]
        except OSError:
            return -1

    with ThreadPoolExecutor(16) as threads:
        codes = Counter(map(str, threads.map(one, range(number))))
    return {"answers": codes, "good_after": ask(port, good)[0]}


def stall(port: int, folder: Path, number: int) -> dict[str, Any]:
    """Connections at one byte a second, in headers or in bodies, and a good request beside them."""
    good, over = find_images(folder)[0].read_bytes(), Event()
    head = b"POST /colorize HTTP/1.1\r\nHost: localhost\r\n"
    peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(number)]
    for at, peer in enumerate(peers):
        peer.sendall(head if at % 2 else head + b"Content-Length: 100000\r\n\r\n")

    def trickle() -> None:
        while not over.wait(1):
            for peer in peers:
                with suppress(OSError):
                    peer.sendall(b"x")

    sender = Thread(target=trickle)
    sender.start()
    over.wait(3)
    seconds = []
    for _ in range(5):
        started = perf_counter()
        code, _ = ask(port, good)
        seconds.append(perf_counter() - started if code == 200 else float("nan"))
    over.set()
    sender.join()
    for peer in peers:
        peer.close()
    return {"connections": number, "next_good_s": seconds}


def compare(process: psutil.Process, port: int, folder: Path, rounds: int) -> dict[str, Any]:
    """CPU seconds an image, served and in batches, in turns."""
    files = [path.read_bytes() for path in find_images(folder)]
    served, batch = list[float](), list[float]()
    for _ in range(rounds):
        before = cpu_of(process)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda data: ask(port, data), files * 2))
        served.append((cpu_of(process) - before) / (2 * len(files)))
        batch.append((batch_cpu(folder) - batch_cpu(find_images(folder)[0])) / (len(files) - 1))
    ratios = [one / other for one, other in zip(served, batch, strict=True)]
    return {"served": served, "batch": batch, "ratio_median": statistics.median(ratios)}


def batch_cpu(source: Path) -> float:
    """CPU seconds of `colorgan-batch` on a folder or a file, starting included."""
    import resource

    def used() -> float:
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return spent.ru_utime + spent.ru_stime

    before = used()
    with TemporaryDirectory() as results:
        subprocess.run([*COMMAND, "batch", source, results, "--quiet"], check=True)
    return used() - before


if __name__ == "__main__":
    main()
