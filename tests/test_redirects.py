"""Models from web servers, which may redirect."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from colorgan.storage.objects import ObjectPath
from colorgan.storage.paths import locate


class Moved(BaseHTTPRequestHandler):
    """Everything is at plain http now, and there it is a model."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200 if self.path == "/there" else 302)
        self.send_header("Location", "/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Moved.asked = []
    with HTTPServer(("127.0.0.1", 0), Moved) as started:
        thread = Thread(target=started.serve_forever, daemon=True)
        thread.start()
        yield started
        started.shutdown()
        thread.join()


def test_a_redirect_to_plain_http_is_refused_before_it_is_followed(server: HTTPServer) -> None:
    model = locate("https://host/model.onnx", ("https",))
    assert isinstance(model, ObjectPath)
    store = model.store
    assert store.cat_file(f"http://127.0.0.1:{server.server_port}/there") == b""  # what is asked for itself
    with pytest.raises(OSError, match="http://"):
        store.cat_file(f"http://127.0.0.1:{server.server_port}/model.onnx")
    assert Moved.asked == ["/there", "/model.onnx"]
