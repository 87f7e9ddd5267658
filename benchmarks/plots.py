"""Draw the figures in `benchmarks/results/` as PNGs beside them.

python -m benchmarks.plots
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from benchmarks.report import RESULTS

INK, COLORS = "#333333", ("#2b6a99", "#c0392b", "#8a9a5b", "#d8a13a", "#7d6b91", "#6c7a89")

Report = dict[str, Any]


def main() -> None:
    """Draw what there is."""
    mpl.use("agg")
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    plots: dict[str, Callable[[Report], Figure]] = {
        "backends": draw_backends,
        "end_to_end": draw_end_to_end,
        "scaling": draw_scaling,
        "ablation": draw_ablation,
    }
    for name, draw in plots.items():
        if (path := RESULTS / f"{name}.json").exists():
            report = json.loads(path.read_text())
            figure = draw(report)
            figure.text(0.01, 0.005, machine(report), fontsize=7, color=INK)
            figure.savefig(path.with_suffix(".png"), dpi=120)
            print(path.with_suffix(".png"))


def draw_backends(report: Report) -> Figure:
    """Images/s of each contender, a panel for each size and batch, the fastest above."""
    panels = sorted({(row["size"], row["batch_size"]) for row in report["rows"]})
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.4 * len(panels), 3.6), squeeze=False, layout="constrained"
    )
    for axis, (size, batch) in zip(axes[0], panels, strict=True):
        rows = [row for row in report["rows"] if (row["size"], row["batch_size"]) == (size, batch)][::-1]
        rates = [batch / row["median"] for row in rows]
        margins = [rate * row["margin"] / row["median"] for rate, row in zip(rates, rows, strict=True)]
        colors = [COLORS[0] if row["ciede2000"] < 0.1 else COLORS[3] for row in rows]
        bars = axis.barh([row["contender"] for row in rows], rates, xerr=margins, color=colors, ecolor=INK)
        axis.bar_label(bars, [f"{rate:.1f}" for rate in rates], padding=6)
        axis.set(title=f"{size} px, batch {batch}", xlabel="images/s", xlim=(0, 1.25 * max(rates)))
    figure.suptitle("One forward pass (yellow: colors differ by a mean CIEDE2000 of 0.1 or more)")
    leave_room(figure, 0.05)
    return figure


def draw_end_to_end(report: Report) -> Figure:
    """Images/s of the engine, the plain loop and the limits, a group for each corpus."""
    rows = report["rows"]
    names = list(rows[0]["images_per_second"])
    figure, axis = plt.subplots(figsize=(9, 4.2), layout="constrained")
    for number, name in enumerate(names):
        at = [place + (number - len(names) / 2) * 0.16 + 0.08 for place in range(len(rows))]
        rates = [row["images_per_second"][name] for row in rows]
        bars = axis.bar(at, rates, 0.15, label=name, color=COLORS[number], alpha=1 if number < 2 else 0.45)
        if number < 2:
            axis.bar_label(bars, [f"{rate:.1f}" for rate in rates], fontsize=7, padding=1)
    axis.set(yscale="log", ylabel="images/s")
    labels = [
        f"{row['corpus'].replace(', ', chr(10))}\n{row['share_of_the_least_limit']:.0%}" for row in rows
    ]
    axis.set_xticks(range(len(rows)), labels)
    axis.legend(ncols=5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.12))
    figure.text(
        0.01,
        0.045,
        "Below each corpus: colorgan's share of the least limit (model, decode, write).",
        fontsize=7,
    )
    leave_room(figure, 0.08)
    return figure


def draw_scaling(report: Report) -> Figure:
    """Images/s and memory along each sweep."""
    sweeps = list(dict.fromkeys(row["sweep"] for row in report["rows"]))
    figure, axes = plt.subplots(
        2, len(sweeps), figsize=(2.9 * len(sweeps), 4.4), squeeze=False, layout="constrained"
    )
    for column, sweep in enumerate(sweeps):
        rows = [row for row in report["rows"] if row["sweep"] == sweep]
        values = [row["value"] for row in rows]
        for axis, key, label in zip(
            axes[:, column], ("images_per_second", "megabytes"), ("images/s", "peak memory, MB"), strict=True
        ):
            heights = [row[key] for row in rows]
            axis.plot(values, heights, "o-", color=COLORS[0])
            axis.set(xscale="log", xlabel=sweep, ylim=(0, 1.1 * max(heights)))
            axis.set_xticks(values, [f"{value:g}" for value in values], minor=False)
            axis.minorticks_off()
            if column == 0:
                axis.set_ylabel(label)
    leave_room(figure, 0.05)
    return figure


def draw_ablation(report: Report) -> Figure:
    """CIEDE2000 against colorfulness, a curve over saturations for each way to train."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True, layout="constrained")
    for axis, gray in zip(axes, ("clean", "aged"), strict=True):
        for number, row in enumerate(report["rows"]):
            points = [(each["colorfulness_ratio"], each["ciede2000"]) for each in row[gray]]
            line, color = ("-", "--")[number // 5], COLORS[number % 5]  # five can be told apart
            axis.plot(*zip(*points, strict=True), line, color=color, label=row["variant"], linewidth=1)
            axis.plot(*points[0], "o", color=color, markersize=4)
        axis.axhline(report["rows"][0]["colorless_ciede2000"], color=INK, linewidth=0.7)
        axis.set(title=f"{gray} gray", xlabel="colorfulness ratio", xlim=(0.2, 1), ylim=(None, 16))
    axes[0].set(ylabel="CIEDE2000 (line: colorless)")
    axes[1].legend(frameon=False, fontsize=7)
    figure.suptitle("Dots: chroma as predicted; along the curves: up to three times as strong")
    leave_room(figure, 0.05)
    return figure


def leave_room(figure: Figure, below: float) -> None:
    """Keep this share of the figure free for what is written below."""
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, below, 1, 1 - below))


def machine(report: Report) -> str:
    """What the figures are from, in a line."""
    about = report["machine"]
    device = about.get("gpu", f"{about['processors']} cores of {about['processor']}")
    return f"{device}; {report.get('runs_on', '')} {about['system']}, revision {about.get('revision', '')}"


if __name__ == "__main__":
    main()
