"""colorgan doctor: check the installation, and name a remedy for each problem."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

import click

from colorgan.cli.options import command

COLORS = {"ok": "green", "note": "yellow", "problem": "red"}


@command("colorgan doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document instead of a table.")
def main(as_json: bool) -> None:
    """Check packages, codecs, processors, memory and devices, and run the model on each device.

    Exits with 0 if photographs can be colorized on this machine, else with 1.
    """
    from colorgan.doctor import Verdict, examine

    checks = []
    for check in examine():
        checks.append(check)
        if not as_json:
            verdict = f"{check.verdict.value:<8}"
            if "NO_COLOR" not in os.environ:
                verdict = click.style(verdict, fg=COLORS[check.verdict.value])
            remedy = f"\n{'':25}remedy: {check.remedy}" if check.remedy else ""
            click.echo(f"{verdict}{check.name:<17}{check.detail}{remedy}")
    healthy = all(check.verdict is not Verdict.PROBLEM for check in checks)
    if as_json:
        click.echo(json.dumps({"healthy": healthy, "checks": [asdict(check) for check in checks]}, indent=1))
    elif healthy:
        click.echo("Photographs can be colored on this machine.")
    else:
        click.echo("Photographs cannot be colored on this machine; see the problems above.")
    sys.exit(0 if healthy else 1)
