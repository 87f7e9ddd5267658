"""colorgan-evaluate: how near the colors come to the true ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colorgan.cli.options import Place, command
from colorgan.errors import ImageError, UsageError, reason_of
from colorgan.storage.paths import LOCAL

if TYPE_CHECKING:
    from colorgan.colorizer import Colorizer
    from colorgan.evaluation.metrics import RGB8
    from colorgan.evaluation.perceptual import Fid, Lpips
    from colorgan.evaluation.scores import Scores

    ResultOf = Callable[[Path, RGB8], RGB8]

SHOWN = 8
"""Photographs on each contact sheet."""

ROWS = {
    "CIEDE2000": "ciede2000",
    "chroma error": "chroma_error",
    "PSNR, dB": "psnr",
    "SSIM": "ssim",
    "LPIPS": "lpips",
    "colorfulness": "colorfulness",
    "distance of features": "feature_distance",
    "same class as the truth": "same_class",
}


@command("colorgan-evaluate held_out/ --model my_model.onnx")
@click.argument("truth", metavar="TRUTH_DIR", type=Place())
@click.option("--model", type=Place(), help="File of colorgan-export, or checkpoint.")
@click.option("--results", type=Place(), help="Score these results of colorgan-batch instead.")
@click.option(
    "-o",
    "--output",
    type=Place(),
    default="evaluation",
    show_default=True,
    help="Folder for images.jsonl and the contact sheets worst.jpg and best.jpg.",
)
@click.option(
    "--lpips",
    type=Place(),
    help="Compute LPIPS, too, by torchvision's AlexNet: alexnet-owt-7be5be79.pth.",
)
@click.option(
    "--fid",
    type=Place(),
    help="Compute FID, too, by torch-fidelity's pt_inception-2015-12-05-6726825d.pth.",
)
@click.option(
    "--old",
    type=Place(),
    help="Folder of old photographs, to compare how colorful their results are.",
)
@click.option(
    "--curve", is_flag=True, help="Compute CIEDE2000 at 0.45, 0.55 and 0.65 of the true colorfulness, too."
)
def main(
    truth: Path,
    model: Path | None,
    results: Path | None,
    output: Path,
    lpips: Path | None,
    fid: Path | None,
    old: Path | None,
    curve: bool,
) -> None:
    """Color the gray versions of the photographs in TRUTH_DIR, and compare them with the true ones.

    Each figure is a mean over the photographs with its 95 % interval (bootstrap), beside that of the gray
    photographs. Colorfulness is Hasler and Suesstrunk's, with signed opponents. Features and classes are
    those of EfficientNet-Lite2; skin is found in the true colors (Chai and Ngan 1999).
    """
    from tqdm import tqdm

    from colorgan.batch.sources import require_images
    from colorgan.evaluation.recognition import Recognition
    from colorgan.evaluation.scores import colorless, read_rgb, score, summarize
    from colorgan.evaluation.skin import Skin
    from colorgan.storage.files import make_writable, writing

    if model and results:
        raise UsageError("--results are already colored: leave out --model, or --results")
    if results and (old or curve):
        raise UsageError("--old and --curve color photographs: they need a --model, not --results")
    paths = require_images(truth)
    make_writable(output)
    distance, frechet = _perceptual(lpips, fid)
    colorizer = _open(model) if not results else None
    result_of = _by_model(colorizer) if colorizer else _in_folder(truth, results or truth)
    recognize, skin = Recognition(), Skin()
    scores = []
    for path in tqdm(paths, unit=" images", disable=None):
        try:
            true = read_rgb(path)
            result = result_of(path, true)
            gray = colorless(true)
            recognized = recognize(result, gray, true)._asdict()
            scores.append(replace(score(path.relative_to(truth).as_posix(), result, true), **recognized))
            skin.add(result, gray, true)
            if distance:
                mine, baseline = distance(result, true), distance(gray, true)
                scores[-1] = replace(scores[-1], lpips=mine, colorless_lpips=baseline)
            if frechet:
                frechet.add(result, gray, true)
        except (ImageError, OSError, ValueError) as error:
            reason = error.reason if isinstance(error, ImageError) else reason_of(error)
            click.echo(f"Left out: {path}: {reason}", err=True)
    if not scores:
        raise UsageError(f"{truth}: no photograph in it could be scored")
    with writing(output):
        _write(output, truth, scores, result_of)
    figures = summarize(scores)
    click.echo(f"| {len(scores)} photographs | colored | colorless |")
    click.echo("| --- | ---: | ---: |")
    for label, name in ROWS.items():
        if name in figures:
            click.echo(f"| {label} | {figures[name]} | {figures.get('colorless_' + name, 0)} |")
    if frechet and len(scores) > 1:
        colored, baseline = frechet.values()
        click.echo(f"| FID | {colored:.4g} | {baseline:.4g} |")
    for tone, (near, baseline_near, hue) in skin.rows().items():
        click.echo(f"| CIEDE2000 of {tone} skin | {near} | {baseline_near} |")
        click.echo(f"| hue error of {tone} skin, degrees | {hue} | |")
    if colorizer and old:
        click.echo(_on_old_photographs(colorizer, old, figures["colorfulness"].value))
    if colorizer and curve:
        _show_curve(colorizer, [truth / each.path for each in scores], figures["colorless_ciede2000"].value)
    click.echo(f"Features: {1 - figures['feature_ratio'].value:.1%} of the way from gray to the truth.")
    click.echo(
        f"CIEDE2000 {figures['ciede2000_ratio'].value - 1:+.1%} beside colorless; "
        f"colorfulness {figures['colorfulness_ratio']} of the true. Images: {output}"
    )


def _write(output: Path, truth: Path, scores: list[Scores], result_of: ResultOf) -> None:
    """Write the scores of each photograph, and contact sheets of the worst and the best."""
    import json
    from dataclasses import asdict

    from colorgan.evaluation.scores import contact_sheet, read_rgb
    from colorgan.storage.files import atomic_file

    with atomic_file(output / "images.jsonl") as temporary:
        rows = ({name: value for name, value in asdict(each).items() if value is not None} for each in scores)
        temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
    ranked = sorted(scores, key=lambda each: each.colorless_ciede2000 - each.ciede2000)
    for name, chosen in (("worst", ranked[:SHOWN]), ("best", ranked[::-1][:SHOWN])):
        truths = [(path := truth / each.path, read_rgb(path)) for each in chosen]
        sheet = contact_sheet([(result_of(path, true), true) for path, true in truths])
        with atomic_file(output / f"{name}.jpg") as temporary:
            sheet.save(temporary, "JPEG", quality=90)


def _perceptual(lpips: Path | None, fid: Path | None) -> tuple[Lpips | None, Fid | None]:
    """What was asked for."""
    if not lpips and not fid:
        return None, None
    from colorgan.evaluation.perceptual import Fid, Lpips

    return Lpips(lpips) if lpips else None, Fid(fid) if fid else None


def _open(model: Path | None) -> Colorizer:
    from colorgan.colorizer import Colorizer

    colorizer = Colorizer(model)
    click.echo(f"Running on {colorizer.model.runs_on}.")
    return colorizer


def _by_model(colorizer: Colorizer) -> ResultOf:
    """Color the gray version by the engine."""
    import numpy as np
    from PIL import Image

    return lambda _, true: np.asarray(colorizer(Image.fromarray(true).convert("L")))


def _on_old_photographs(colorizer: Colorizer, folder: Path, modern: float) -> str:
    """How colorful results of photographs without a truth are, beside those of modern ones."""
    import numpy as np

    from colorgan.batch.sources import require_images
    from colorgan.photo.color import colorfulness

    found = [colorfulness(np.asarray(colorizer(path))) for path in require_images(folder)]
    mean = float(np.mean(found))
    return f"Old photographs: colorfulness {mean:.3g} of {len(found)}, {mean / modern:.2f} times the above."


def _show_curve(colorizer: Colorizer, paths: list[Path], colorless: float) -> None:
    """CIEDE2000 at equal colorfulness, beside that of the gray photographs."""
    import numpy as np
    from PIL import Image

    from colorgan.evaluation.scores import read_rgb
    from colorgan.evaluation.strength import RATIOS, at_ratio

    truths = [read_rgb(path) for path in paths]

    def paint(truth: RGB8, saturation: float) -> RGB8:
        colorizer.config = replace(colorizer.config, saturation=saturation)
        return np.asarray(colorizer(Image.fromarray(truth).convert("L")))

    click.echo("| colorfulness ratio | saturation | CIEDE2000 | beside colorless |")
    click.echo("| ---: | ---: | ---: | ---: |")
    for target in RATIOS:
        saturation, reached, difference = at_ratio(paint, truths, target)
        change = difference / colorless - 1
        click.echo(f"| {reached:.2f} | {saturation:.2f} | {difference:.2f} | {change:+.1%} |")


def _in_folder(truth: Path, results: Path) -> ResultOf:
    """Take the result that colorgan-batch made of a photograph of this name."""
    from colorgan.batch.job import PREFIX
    from colorgan.batch.manifest import Manifest
    from colorgan.evaluation.scores import read_rgb

    if not LOCAL.is_folder(results):
        raise UsageError(f"{results}: there is no such folder")
    entries = Manifest(results).entries

    def result_of(path: Path, true: RGB8) -> RGB8:
        relative = path.relative_to(truth)
        entry = entries.get(relative.as_posix())
        output = results / ((entry and entry.output) or relative.with_name(PREFIX + relative.name))
        if not output.is_file():
            raise ImageError(path, f"there is no {output}")
        result = read_rgb(output)
        if result.shape != true.shape:
            raise ImageError(output, f"is {result.shape[1]} x {result.shape[0]} pixels, unlike the truth")
        return result

    return result_of
