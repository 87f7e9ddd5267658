"""Lines of manifests: by their schema, of other versions, and of strangers."""

import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from conftest import MakePhoto, job_into, told

from colorgan import Colorizer, Status
from colorgan.batch.entry import VERSION, Entry, parse
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME
from colorgan.storage.files import sha256_of

SCHEMA = json.loads((files("colorgan.batch") / "manifest.schema.json").read_text("utf-8"))


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """One of everything that a manifest tells of."""
    folder = tmp_path / "photos"
    folder.mkdir()
    make_photo().save(folder / "a.jpg")
    make_photo().save(folder / "b.png")
    make_photo(256, 256, "RGB").save(folder / "c.jpg")
    (folder / "d.jpg").write_bytes(b"no")
    (folder / "e.psd").write_bytes(b"\0\0\0\x18ftypheic")
    return folder


def lines_of(results: Path) -> dict[str, dict[str, object]]:
    lines = [json.loads(line) for line in (results / NAME).read_text().splitlines()]
    return {line["path"]: line for line in lines}


def test_lines_are_as_the_schema_says(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "out")
    lines = lines_of(tmp_path / "out")
    assert {path: line["status"] for path, line in lines.items()} == {
        "a.jpg": "colored",
        "b.png": "colored",
        "c.jpg": "copied",
        "d.jpg": "failed",
        "e.psd": "not_read",
    }
    for line in lines.values():
        validator.validate(line)
    assert not validator.is_valid(lines["a.jpg"] | {"output": None})
    assert not validator.is_valid(lines["d.jpg"] | {"error": ""})
    assert not validator.is_valid(lines["a.jpg"] | {"status": "coloured"})
    assert set(SCHEMA["properties"]) == {"version", *Entry.__slots__}


def test_lines_hold_sizes_and_hashes_of_input_and_result(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "out")
    written = [line for line in lines_of(tmp_path / "out").values() if line["output"]]
    assert {"a.jpg", "b.png"} <= {line["path"] for line in written}
    for line in written:
        result = tmp_path / "out" / str(line["output"])
        assert line["sha256"] == sha256_of(photos / str(line["path"]))
        assert (line["output_size"], line["output_sha256"]) == (result.stat().st_size, sha256_of(result))


def test_a_newer_line_counts_and_stays_as_it_is(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    """Fault 29."""
    colorizer, results = Colorizer(exports["onnx"]), tmp_path / "out"
    colorizer.colorize_folder(photos, results)
    newer = [line | {"version": VERSION + 1, "mood": [1]} for line in lines_of(results).values()]
    (results / NAME).write_text("".join(json.dumps(line) + "\n" for line in newer))
    outcomes = {o.path.name: o.status for o in colorizer.colorize_folder(photos, results)}
    assert outcomes["a.jpg"] is outcomes["b.png"] is outcomes["c.jpg"] is Status.DONE
    assert {line["path"] for line in lines_of(results).values() if line.get("mood") == [1]} == {
        "a.jpg",
        "b.png",
        "c.jpg",
    }


def test_a_newer_line_whose_fields_mean_something_else_is_kept(tmp_path: Path) -> None:
    line = {
        "version": VERSION + 7,
        "path": "a.jpg",
        "status": "adored",
        "output": {"page": 3},
        "seconds": "1 s",
    }
    (tmp_path / NAME).write_text(json.dumps(line) + "\n")
    with Manifest.open(job_into(tmp_path)) as manifest:
        assert manifest.entries["a.jpg"].output is None
        manifest.record(told(tmp_path, "b.jpg"))
    assert lines_of(tmp_path)["a.jpg"] == line


def test_lines_of_version_1_are_read_and_count(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    colorizer, results = Colorizer(exports["onnx"]), tmp_path / "out"
    colorizer.colorize_folder(photos, results)
    names = [
        "path",
        "status",
        "output",
        "how",
        "size",
        "mtime_ns",
        "made_by",
        "seconds",
        "error",
        "colorfulness",
        "etag",
    ]
    words = {"luma_kept": "luma kept", "encoded": "encoded, as its luma has two scans"}
    older = [
        {name: line[name] for name in names} | {"how": words.get(str(line["how"]), line["how"])}
        for line in lines_of(results).values()
    ]
    (results / NAME).write_text("".join(json.dumps(line) + "\n" for line in older))
    entries = Manifest(results).entries
    assert (entries["a.jpg"].how, entries["a.jpg"].note) == ("luma_kept", "")
    assert (entries["b.png"].how, entries["b.png"].note) == ("encoded", "its luma has two scans")
    outcomes = {o.path.name: o.status for o in colorizer.colorize_folder(photos, results)}
    assert outcomes["a.jpg"] is outcomes["b.png"] is outcomes["c.jpg"] is Status.DONE


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[1]",
        "{}",
        '{"path": "a.jpg"',
        '{"path": 5, "status": "colored"}',
        '{"path": "a.jpg", "status": ["colored"]}',
        '{"path": "a.jpg", "status": "colored", "output": 7}',
        '{"path": "a.jpg", "status": "colored", "output": "../secret.jpg"}',
        '{"path": "a.jpg", "status": "colored", "output": "/etc/passwd"}',
        '{"path": "a.jpg", "status": "colored", "output": "a/../../b.jpg"}',
        '{"path": "\\ud800.jpg", "status": "colored"}',
        '{"path": "a.jpg", "status": "colored", "output": "\\ud800.jpg"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_line_of_ours_or_leads_out_of_the_folder_is_left_out(line: str) -> None:
    """Fault 35 among others: nobody follows such a path, be it for a report, a status or the next run."""
    assert parse(line) is None


def test_every_field_of_the_schema_is_in_the_docs() -> None:
    docs = (Path(__file__).parents[1] / "docs" / "operate.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in docs.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall("`([a-z0-9_]+)`", row)}
    assert SCHEMA["properties"].keys() <= named
