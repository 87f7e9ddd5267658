"""The page for photographs, served by `colorgan serve` and alone in the browser, in real Chromium."""

import base64
import functools
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import chromium, wait_until, watched
from commands import call
from conftest import MakePhoto, linear_gray_profile
from PIL import Image, ImageCms
from reports import HOSTILE
from services import Running, running, saved

from colorgan import Colorizer
from colorgan.photo.image import Photo
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with running() as started:
        yield started


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page that colors by itself, on a plain file server."""
    if not RUNTIME.is_dir():
        pytest.skip("needs onnxruntime-web: `npm install` in export/examples")
    folder = tmp_path_factory.mktemp("alone") / "page"
    assert call("page", folder, "--onnxruntime-web", RUNTIME).exit_code == 0
    handler = functools.partial(Silent, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(params=["served", "alone"])
def address(request: pytest.FixtureRequest) -> str:
    """Of the page, in either form."""
    if request.param == "served":
        return str(request.getfixturevalue("service").url)
    return str(request.getfixturevalue("alone"))


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


def test_photographs_are_dropped_colored_and_downloaded(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, wrong = watched(browser, address)
    wait_until(page, READY)
    names = [*HOSTILE, "a.png"]
    photos = {name: saved(make_photo(96, 64, seed=at), tmp_path / "x.jpg") for at, name in enumerate(names)}
    photos["a.png"] = saved(make_photo(96, 64), tmp_path / "a.png")
    drop_all(page, photos)
    results = downloaded(page)
    assert len(results) == len(names)
    assert "colorized_a.png" in results
    assert all(is_colored(data) and CREDIT in data for data in results.values())
    assert page.locator("#grid .words").first.inner_text().startswith(HOSTILE[0])
    assert wrong == []
    page.close()


def test_the_edge_between_before_and_after_moves_by_key_and_by_mouse(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, wrong = watched(browser, address)
    drop(page, a=saved(make_photo(400, 300), tmp_path / "a.jpg"))
    wait_until(page, "document.querySelector('dialog').open")  # of a single one
    wait_until(page, "document.querySelector('#viewer-after').complete")
    page.keyboard.press("End")
    assert page.evaluate("document.querySelector('#split').value") == "100"
    before = page.locator(".compare").screenshot()
    page.keyboard.press("Home")
    after = page.locator(".compare").screenshot()
    assert not is_colored(before)
    assert is_colored(after)
    box = page.locator("#viewer-after").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10)
    page.mouse.up()
    assert abs(float(page.evaluate("document.querySelector('#split').value")) - 25) <= 2
    page.keyboard.press("Escape")
    wait_until(page, "document.activeElement.className === 'card'")  # the focus is back
    assert wrong == []
    page.close()


def test_saturation_colors_again(browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path) -> None:
    page, wrong = watched(browser, address)
    drop(
        page, a=saved(make_photo(96, 64), tmp_path / "a.png"), b=saved(make_photo(96, 64), tmp_path / "b.jpg")
    )
    wait_until(page, ALL_DONE)
    page.locator("#saturation").focus()
    page.keyboard.press("Home")
    wait_until(page, "document.querySelector('#saturation-words').textContent === '0.0'")
    results = downloaded(page)
    assert not any(is_colored(data) for data in results.values())
    assert wrong == []
    page.close()


def test_what_fails_is_named_and_the_rest_is_done(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, wrong = watched(browser, address)
    good = saved(make_photo(), tmp_path / "a.jpg")
    colored = saved(make_photo(mode="RGB"), tmp_path / "b.png")
    drop_all(page, {"good.jpg": good, "cut.jpg": good[:200], "text.jpg": b"hello", "color.png": colored})
    results = downloaded(page)
    assert results.keys() == {"colorized_good.jpg", "colorized_color.png"}
    assert results["colorized_color.png"] == colored
    assert page.locator("li.failed").count() == 2
    assert [each for each in wrong if "415" not in each and "422" not in each] == []
    page.close()


def test_every_control_is_named_and_reached_by_key(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, _ = watched(browser, address)
    drop_all(page, {f"{n}.jpg": saved(make_photo(seed=n), tmp_path / f"{n}.jpg") for n in range(2)})
    wait_until(page, ALL_DONE)
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("(document.activeElement.id || document.activeElement.className)"))
    assert reached == [
        "files",
        "folder",
        "saturation",
        "download",
        "clear",
        "card",
        "button",
        "card",
        "button",
    ]
    told = page.locator("body").aria_snapshot()
    for words in (
        "Choose photographs",
        "Choose a folder",
        "Saturation",
        "Download colorized_0.jpg",
        "2 of 2 done",
    ):
        assert words in told
    page.close()


@pytest.mark.parametrize(
    "options",
    [{"viewport": {"width": 360, "height": 640}}, {"color_scheme": "dark"}],
    ids=["phone", "dark"],
)
def test_nothing_is_cut_off(browser: Any, service: Running, options: dict[str, Any]) -> None:
    page, wrong = watched(browser, service.url, **options)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
    assert wrong == []
    page.close()


def test_a_folder_keeps_its_sub_folders_and_leaves_hidden_files_out(
    browser: Any, service: Running, make_photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "scans/1911").mkdir(parents=True)
    make_photo().save(tmp_path / "scans/1911/a.jpg")
    make_photo().save(tmp_path / "scans/.hidden.jpg")
    page, wrong = watched(browser, service.url)
    page.set_input_files("#folder", tmp_path / "scans")
    assert downloaded(page).keys() == {"scans/1911/colorized_a.jpg"}
    assert wrong == []
    page.close()


def test_alone_nothing_is_requested_after_loading(
    browser: Any, alone: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    context = browser.new_context()
    page, wrong = watched(context, alone)
    wait_until(page, READY)
    context.set_offline(True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    drop(page, a=saved(make_photo(96, 64), tmp_path / "a.jpg"))
    assert len(downloaded(page)) == 1
    assert not [url for url in asked if not url.startswith("blob:")]
    assert wrong == []
    context.close()


def test_alone_the_colors_are_those_of_the_engine(
    browser: Any, alone: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    photo = saved(make_photo(200, 150), tmp_path / "a.png")
    page, _ = watched(browser, alone)
    drop_all(page, {"a.png": photo})
    (result,) = downloaded(page).values()
    with Image.open(io.BytesIO(result)) as image:
        difference = np.asarray(image.convert("RGB"), int) - np.asarray(Colorizer()(photo), int)
    assert np.abs(difference).max() <= 4
    page.close()


def test_alone_a_jpeg_keeps_exif_profile_and_comment(
    browser: Any, alone: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "a house", 6
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="shelf 7"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    gray, toned = make_photo(96, 64), make_photo(96, 64).convert("RGB")
    options = {"exif": exif, "comment": b"box 3", "xmp": xmp}
    page, _ = watched(browser, alone)
    photos = {
        "toned.jpg": saved(toned, tmp_path / "a.jpg", icc_profile=srgb, **options),
        "gray.jpg": saved(gray, tmp_path / "b.jpg", icc_profile=linear_gray_profile(), **options),
        "plain.png": saved(gray, tmp_path / "c.png", exif=exif),
        "plain.webp": saved(gray, tmp_path / "d.webp", exif=exif.tobytes(), xmp=xmp),
    }
    drop_all(page, photos)
    results = downloaded(page)
    images = {name: Image.open(io.BytesIO(data)) for name, data in results.items()}
    assert images.keys() == {f"colorized_{name}" for name in (*list(photos)[:3], "plain.webp.png")}
    for name, image in images.items():
        image.load()
        assert image.size == (64, 96), name
        assert image.getexif()[0x010E] == "a house"
        assert image.getexif()[0x0112] == 1  # upright now
        assert CREDIT in results[name]
        assert (b"shelf 7" in results[name]) == ("plain.png" not in name)
    assert images["colorized_toned.jpg"].info["icc_profile"] == srgb
    assert "icc_profile" not in images["colorized_gray.jpg"].info  # it was applied
    assert images["colorized_gray.jpg"].info["comment"] == b"box 3"
    page.close()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_alone_every_orientation_is_applied(
    browser: Any, alone: str, make_photo: MakePhoto, tmp_path: Path, suffix: str
) -> None:
    photos = {}
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        photos[f"{orientation}.{suffix}"] = saved(
            make_photo(64, 40), tmp_path / f"a.{suffix}", exif=exif.tobytes(), quality=95
        )
    page, _ = watched(browser, alone)
    drop_all(page, photos)
    results = downloaded(page)
    assert len(results) == 8
    for (name, photo), result in zip(photos.items(), results.values(), strict=True):
        shown, turned = (np.asarray(Photo.of(Path(name), data).luma(), int) for data in (photo, result))
        assert shown.shape == turned.shape, name
        assert np.abs(shown - turned).mean() < 2, name
    page.close()


def test_alone_other_formats_are_refused_by_name(
    browser: Any, alone: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, wrong = watched(browser, alone)
    gray = make_photo()
    frames = saved(gray, tmp_path / "b.webp", save_all=True, append_images=[make_photo(seed=1)])
    drop_all(
        page,
        {
            "a.tif": saved(gray, tmp_path / "a.tif"),
            "b.webp": frames,
            "c.gif": saved(gray, tmp_path / "c.gif"),
            "d.jpg": saved(gray, tmp_path / "d.jpg"),
        },
    )
    wait_until(page, ALL_DONE)
    told = page.locator("li.failed .words").all_text_contents()
    assert len(told) == 3
    assert "TIFF" in told[0]
    assert "GIF" in told[2]
    assert wrong == []
    page.close()


def test_the_page_is_written_to_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a").touch()
    (tmp_path / "runtime").mkdir()
    assert call("page", tmp_path / "full", "--onnxruntime-web", tmp_path / "runtime").exit_code == 2
    assert call("page", tmp_path / "new", "--onnxruntime-web", tmp_path / "runtime").exit_code == 2
    assert not (tmp_path / "new").exists()
    for name in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"):
        (tmp_path / "runtime" / name).write_text("")
    for _ in range(2):  # a second time over the first
        assert call("page", tmp_path / "new", "--onnxruntime-web", tmp_path / "runtime").exit_code == 0
    about = json.loads((tmp_path / "new/model.json").read_text())
    assert about["native_size"] > 0
    assert "Content-Security-Policy" in (tmp_path / "new/index.html").read_text()
