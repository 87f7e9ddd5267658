"""A service in a process of its own, as tests of it and of its page see it."""

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Answer:
    code: int
    headers: http.client.HTTPMessage
    data: bytes


@dataclass
class Running:
    """A service, by its address."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Answer:
        """Send a request, with `_` for `-` in names of headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def color(self, data: Any, query: str = "", **headers: str) -> Answer:
        return self.ask("POST", f"/colorize{query}", data, **headers)

    def stop(self) -> int:
        """Tell it to stop; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@contextmanager
def running(*options: object, errors: bool = False) -> Iterator[Running]:
    """`colorgan serve` with these options, on a port that is free; `errors`: what it says of them is kept."""
    command = [sys.executable, "-m", "colorgan.cli.main", "serve", "--port", "0", *map(str, options)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    kept = subprocess.PIPE if errors else None
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=kept, text=True, env=environment
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.search(r":(\d+)/", line)
            assert found, line
            yield Running(process, int(found[1]))
        finally:
            process.kill()


def saved(image: Any, path: Path, **options: Any) -> bytes:
    """The bytes of an image, in the format that the path names."""
    image.save(path, **options)
    return path.read_bytes()
