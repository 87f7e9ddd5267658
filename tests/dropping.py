"""Photographs dropped on a page that colors them, and what is downloaded from it."""

import base64
import functools
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import wait_until
from commands import call
from PIL import Image

from colorgan.photo.xmp import INVENTED

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "export/examples/node_modules/onnxruntime-web"

DROP = """files => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  const drop = document.querySelector("#drop");
  for (const kind of ["dragenter", "dragover", "drop"])
    drop.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
ALL_DONE = "!document.querySelector('#download').disabled"
READY = "document.querySelector('#status').textContent === 'Ready.'"
CREDIT = INVENTED.encode()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def page_alone(folder: Path) -> Iterator[str]:
    """The address of the page that colors by itself, written to a folder, on a plain file server."""
    if not RUNTIME.is_dir():
        pytest.skip("needs onnxruntime-web: `npm install` in export/examples")
    assert call("page", folder, "--onnxruntime-web", RUNTIME).exit_code == 0
    handler = functools.partial(Silent, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def drop(page: Any, **files: bytes) -> None:
    drop_all(page, files)


def drop_all(page: Any, files: dict[str, bytes]) -> None:
    page.evaluate(DROP, [[name, base64.b64encode(data).decode()] for name, data in files.items()])


def downloaded(page: Any) -> dict[str, bytes]:
    """What is in the ZIP of all results."""
    wait_until(page, ALL_DONE)
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.locator("#download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def is_colored(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        return bool(np.asarray(image.convert("YCbCr"))[..., 1:].std() > 1)
