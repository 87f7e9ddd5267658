"""colorgan prepare: pack a folder of photographs into shards for training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from colorgan.cli.options import Place, command, config_options, given
from colorgan.config import PrepareConfig


@command("colorgan prepare photos/ shards/ --size 288 --min-colorfulness 10 --drop-duplicates")
@click.argument("data_dir", type=Place())
@click.argument("shards_dir", type=Place())
@config_options(PrepareConfig)
def main(data_dir: Path, shards_dir: Path, **options: Any) -> None:
    """Resize the photographs in DATA_DIR once, into shards that colorgan-train reads faster.

    Shards are tar files. SHARDS_DIR/index.jsonl locates each photograph, and lists which were left out, and
    why. Run the same command again to resume, or to add new photographs.
    """
    from tqdm import tqdm

    from colorgan.training.shards import Packing

    packing = Packing(data_dir, shards_dir, PrepareConfig(**given(PrepareConfig, options)))
    kept, left_out = 0, []
    with tqdm(total=len(packing.left), unit="image", leave=False, disable=None) as bar:
        for entry in packing.run():
            bar.update()
            if "left_out" in entry:
                left_out.append(f"Left out: {entry['source']}: {entry['left_out']}")
            else:
                kept += 1
    for line in left_out:
        click.echo(line, err=True)
    click.echo(f"{kept} photographs kept, {len(left_out)} left out: {packing.index}")
