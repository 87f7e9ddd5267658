"""Run the tests that need a CUDA device, and write down how each came out.

    python -m benchmarks.gpu_tests

Writes `benchmarks/results/gpu_tests.json`: passed, failed or skipped for each test, with its seconds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import click

from benchmarks.report import write_report

ROOT = Path(__file__).parents[1]


@click.command()
def main() -> None:
    """Run `pytest -m gpu`; exits as pytest does."""
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "--numprocesses", "0"]
        code = subprocess.run([*command, f"--junitxml={report}"], cwd=ROOT).returncode
        cases = list(ElementTree.parse(report).iter("testcase"))
    rows = [
        {"test": case.get("name"), "outcome": outcome(case), "seconds": float(case.get("time", 0))}
        for case in cases
    ]
    click.echo(write_report("gpu_tests", {"exit_code": code, "rows": rows}), err=True)
    sys.exit(code)


def outcome(case: ElementTree.Element) -> str:
    """Passed, or the reason why not."""
    for child in case:
        if child.tag in ("failure", "error", "skipped"):
            return f"{child.tag}: {child.get('message', '')}".partition("\n")[0]
    return "passed"


if __name__ == "__main__":
    main()
