"""`colorgan serve`: a real process, asked as clients ask, good ones and bad ones."""

import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from commands import call
from conftest import MakePhoto
from PIL import Image
from services import Running, running, saved

from colorgan import ColorizeConfig, Colorizer
from colorgan.config import ServeConfig
from colorgan.errors import UsageError


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with running("--max-upload", "1", "--max-pixels", "1000000", "--if-color", "copy") as started:
        yield started


@pytest.fixture
def photo(make_photo: MakePhoto, tmp_path: Path) -> bytes:
    return saved(make_photo(96, 64), tmp_path / "photo.jpg")


def test_the_result_is_that_of_the_engine(service: Running, photo: bytes) -> None:
    answer = service.color(photo, "?saturation=0.5")
    expected = Colorizer(config=ColorizeConfig(saturation=0.5)).colorize(photo)
    assert answer.code == 200
    assert answer.data == expected.data
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Colorgan-Status"] == "colored"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "bmp"])
def test_a_result_has_the_format_of_its_photograph(
    service: Running, make_photo: MakePhoto, tmp_path: Path, suffix: str
) -> None:
    answer = service.color(saved(make_photo(), tmp_path / f"a.{suffix}"), Content_Type=f"image/{suffix}")
    assert (answer.code, answer.headers["Content-Type"]) == (200, f"image/{suffix}")


def test_a_request_chooses_format_and_quality(service: Running, photo: bytes) -> None:
    small, large = (service.color(photo, f"?format=webp&quality={quality}") for quality in (10, 95))
    assert small.data[8:12] == large.data[8:12] == b"WEBP"
    assert len(small.data) < len(large.data)
    assert service.color(photo, "?quality=auto").data == service.color(photo).data


@pytest.mark.parametrize("format", ["heic", "jxl"])
def test_the_format_that_was_chosen_is_named(service: Running, photo: bytes, format: str) -> None:
    answer = service.color(photo, f"?format={format}")
    assert (answer.code, answer.headers["Content-Type"]) == (200, f"image/{format}")


def test_what_is_in_color_comes_back_as_it_is(
    service: Running, make_photo: MakePhoto, tmp_path: Path
) -> None:
    data = saved(make_photo(mode="RGB"), tmp_path / "a.png")
    answer = service.color(data)
    assert answer.data == data
    assert answer.headers["X-Colorgan-Status"] == "copied"


@pytest.mark.parametrize(
    "query", ["?saturation=5", "?saturation=nan", "?format=exe", "?quality=1&quality=2", "?model=x"]
)
def test_a_wrong_query_is_refused(service: Running, photo: bytes, query: str) -> None:
    answer = service.color(photo, query)
    assert answer.code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.data)["request_id"] == answer.headers["X-Request-ID"]


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims so many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_what_is_no_photograph_is_refused_by_its_fault(service: Running, photo: bytes) -> None:
    assert service.color(bytes(1_000_001)).code == 413
    assert service.color(iter([bytes(300_000)] * 4)).code == 413  # chunked: no length is said before
    assert service.color(bomb(30_000, 30_000)).code == 413
    assert service.color(b"hello").code == 415
    assert service.color(b"<html>", Content_Type="text/html").code == 415
    assert service.color(photo, Content_Encoding="gzip").code == 415
    assert service.color(b"").code == 422
    assert service.color(photo[: len(photo) // 4]).code == 422
    assert service.ask("GET", "/colorize").code == 405
    assert service.ask("GET", "/nothing").code == 404
    assert service.color(photo).code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost@evil.example"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_gets_403(service: Running, photo: bytes, headers: dict[str, str]) -> None:
    answer = service.color(photo, **headers)
    assert answer.code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_names_of_this_machine_are_taken(service: Running, photo: bytes) -> None:
    for name in (f"localhost:{service.port}", f"[::1]:{service.port}", "LOCALHOST"):
        assert service.color(photo, Host=name, Origin=f"http://{name.lower()}").code == 200


def test_a_prediction_ran_before_the_service_says_that_it_is_ready(service: Running) -> None:
    told = json.loads(service.ask("GET", "/ready").data)
    assert told["device"]
    assert told["seconds"] > 0
    assert service.ask("GET", "/health").code == 200


def test_the_service_describes_itself_and_loads_nothing_from_elsewhere(service: Running) -> None:
    api = json.loads(service.ask("GET", "/openapi.json").data)
    assert {"/colorize", "/health", "/ready", "/metrics"} <= api["paths"].keys()
    names = {each["name"] for each in api["paths"]["/colorize"]["post"]["parameters"]}
    assert names == {"saturation", "format", "quality"}
    page = service.ask("GET", "/docs")
    assert page.code == 200
    assert b"<script" not in page.data
    assert b"//" not in page.data.replace(b"http://localhost", b"")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_metrics_count_photographs_and_refusals(service: Running, photo: bytes) -> None:
    def count(name: str) -> float:
        lines = service.ask("GET", "/metrics").data.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    before = count('colorgan_photographs_total{status="colored"}'), count("colorgan_requests_total")
    service.color(photo)
    service.color(b"no")
    assert count('colorgan_photographs_total{status="colored"}') == before[0] + 1
    assert count("colorgan_requests_total") == before[1] + 2
    assert count("colorgan_upload_bytes") == 0


def test_the_whole_address_may_be_asked_for_as_of_a_proxy(service: Running) -> None:
    """RFC 9112, 3.2.2: the host of that counts, whatever the header says."""
    here = f"http://localhost:{service.port}"
    assert service.ask("GET", f"{here}/health").code == 200
    assert service.ask("GET", f"{here}/health", Host="example.org").code == 200
    assert service.ask("GET", here).data == service.ask("GET", "/").data
    assert service.ask("GET", f"{here}/nowhere").code == 404
    assert service.ask("GET", "http://example.org/health", Host="localhost").code == 403


def test_a_request_keeps_the_id_that_it_came_with(service: Running) -> None:
    assert service.ask("GET", "/health", X_Request_ID="a-1").headers["X-Request-ID"] == "a-1"
    assert service.ask("GET", "/health", X_Request_ID="<b>").headers["X-Request-ID"] != "<b>"


def test_clients_at_once_see_their_own_pictures_only(service: Running) -> None:
    def is_own(number: int) -> bool:
        levels = np.random.default_rng(number).integers(40, 200, (4, 4), np.uint8)
        gray = np.asarray(Image.fromarray(levels).resize((48, 32), Image.Resampling.NEAREST))
        answer = service.color(b"P5 48 32 255\n" + gray.tobytes())  # PGM: answered as PNG
        import io

        with Image.open(io.BytesIO(answer.data)) as image:
            return bool(np.abs(np.asarray(image.convert("L"), int) - gray).max() <= 2)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(is_own, range(300)))


def test_slow_senders_are_cut_off_and_hinder_nobody(photo: bytes) -> None:
    with running("--header-timeout", 1, "--body-timeout", 2) as service:
        slow = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(50)]
        for number, each in enumerate(slow):
            each.settimeout(120)
            request = b"POST /colorize HTTP/1.1\r\nHost: localhost\r\n"
            each.sendall(request if number % 2 else request + b"Content-Length: 1000\r\n\r\nx")
        assert service.color(photo).code == 200
        answers = [each.recv(1000) for each in slow]
        assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)
        for each in slow:
            while each.recv(1000):  # until it is closed
                pass
            each.close()


def test_what_finds_no_room_may_come_again(make_photo: MakePhoto, tmp_path: Path) -> None:
    large = saved(make_photo(3000, 2000), tmp_path / "large.png")
    with running("--queue", 1, "--workers", 1) as service, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(service.color, [large] * 8))
    codes = [answer.code for answer in answers]
    assert set(codes) == {200, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.code == 503)


def test_too_many_connections_are_refused_at_once() -> None:
    with running("--connections", 3) as service:
        held = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(3)]
        time.sleep(0.2)
        assert service.ask("GET", "/health").code == 503
        for each in held:
            each.close()


def test_told_to_stop_it_finishes_what_was_begun(make_photo: MakePhoto, tmp_path: Path) -> None:
    large = saved(make_photo(4000, 3000), tmp_path / "large.png")
    with running("--workers", 1) as service, ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(service.color, large) for _ in range(3)]
        for _ in range(600):
            inside = b"colorgan_photographs_inside 3.0" in service.ask("GET", "/metrics").data
            if inside or any(answer.done() for answer in answers):
                break
        assert service.stop() == 0
        assert [answer.result().code for answer in answers] == [200, 200, 200]


def test_what_is_not_done_in_time_is_refused_before_the_service_stops(
    make_photo: MakePhoto, tmp_path: Path
) -> None:
    large = saved(make_photo(4000, 3000), tmp_path / "large.png")
    with (
        running("--workers", 1, "--drain-timeout", 0.1, errors=True) as service,
        ThreadPoolExecutor(3) as threads,
        socket.create_connection(("127.0.0.1", service.port)) as slow,
    ):
        slow.settimeout(120)
        slow.sendall(b"POST /colorize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        answers = [threads.submit(service.color, large) for _ in range(3)]
        for _ in range(600):
            metrics = service.ask("GET", "/metrics").data
            if b"colorgan_photographs_inside 3.0" in metrics or any(answer.done() for answer in answers):
                break
        assert service.stop() == 0
        assert slow.recv(1000).startswith(b"HTTP/1.1 503")
        assert {answer.result().code for answer in answers} <= {200, 503}
        assert service.process.stdout
        assert service.process.stderr
        assert "everything" not in service.process.stdout.read()
        said = service.process.stderr.read()
    assert "--drain-timeout" in said
    assert "Traceback" not in said


def test_nothing_is_written(photo: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("TMPDIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "tmp"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    with running() as service:
        assert service.color(photo, "?format=tiff").code == 200
        assert service.color(photo[:100]).code == 422
        assert service.stop() == 0
    assert [*tmp_path.glob("here/**/*"), *tmp_path.glob("tmp/**/*")] == []


def test_an_address_that_others_reach_needs_its_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="allow-host"):
        ServeConfig(host="0.0.0.0")
    assert "photos.example.org" in ServeConfig(host="0.0.0.0", allow_host="Photos.example.org").names
    assert call("serve", "--host", "0.0.0.0").exit_code == 2
    assert call("serve", "--processes", "2").exit_code == 2  # it is one
    assert call("serve", "--host", "192.0.2.1", "--allow-host", "x").exit_code == 2
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert call("serve", "--port", str(taken.getsockname()[1])).exit_code == 2
