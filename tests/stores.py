"""An S3 server, and runs and listings of buckets in it, for tests with the fixtures `bucket` and `scans`."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result

from colorgan.cli.main import main
from colorgan.storage.objects import OBJECTS, ObjectPath, walk_objects
from colorgan.storage.protocol import ignore

SECRET = "a-secret-that-nobody-is-to-see"


class Server:
    """An S3 server, as a test sees it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def order(self, *faults: tuple[str, str, int, int]) -> None:
        """Make requests fail: method, end of the path, status, how many."""
        request = Request(f"{self.url}/-/faults", json.dumps(faults).encode(), method="PUT")
        urlopen(request).close()

    def requests(self, method: str) -> list[str]:
        """Paths of the requests since the last order."""
        with urlopen(f"{self.url}/-/requests") as response:
            return [path for verb, path, _ in json.load(response) if verb == method]


@contextmanager
def started(port: Path) -> Iterator[Server]:
    """The server in a process of its own, which writes its port to a file; the environment names it."""
    command = [sys.executable, str(Path(__file__).with_name("s3_server.py")), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                if port.exists() or process.poll() is not None:
                    break
                time.sleep(0.1)
            server = Server(int(port.read_text()))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("AWS_ACCESS_KEY_ID", "someone")
                patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
                patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
                patch.setenv("AWS_ENDPOINT_URL", server.url)
                yield server
        finally:
            process.kill()


def batch(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["batch", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert SECRET not in result.output
    return result


def objects(folder: ObjectPath, ending: str = "") -> dict[str, bytes]:
    """All objects whose names end so; one that changes while it is read is an error."""
    names = {
        path.relative_to(folder).as_posix(): path for path, *_ in walk_objects(folder, ignore, hidden=True)
    }
    return {name: OBJECTS.read(path)[0] for name, path in names.items() if name.endswith(ending)}


def images(folder: ObjectPath) -> dict[str, bytes]:
    """Results, not the notes and manifests beside them, which a run keeps changing."""
    return objects(folder, ".jpg")
