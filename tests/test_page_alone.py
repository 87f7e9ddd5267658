"""The page that colors in the browser alone, in real Chromium: what it keeps, and what it refuses."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import wait_until, watched
from conftest import MakePhoto, linear_gray_profile
from dropping import ALL_DONE, CREDIT, READY, downloaded, drop, drop_all
from PIL import Image, ImageCms
from services import saved

from colorgan import Colorizer
from colorgan.photo.image import Photo


def test_nothing_is_requested_after_loading(
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


def test_the_colors_are_those_of_the_engine(
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


def test_a_jpeg_keeps_exif_profile_and_comment(
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
def test_every_orientation_is_applied(
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


def test_other_formats_are_refused_by_name(
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
