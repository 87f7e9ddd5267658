"""Runs and listings of buckets, for tests with the fixtures `bucket` and `scans`."""

from click.testing import CliRunner, Result
from conftest import SECRET

from colorgan.cli.main import main
from colorgan.storage.objects import OBJECTS, ObjectListing, ObjectPath
from colorgan.storage.protocol import ignore


def batch(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["batch", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert SECRET not in result.output
    return result


def objects(folder: ObjectPath) -> dict[str, bytes]:
    found = ObjectListing(folder, hidden=True).files(ignore)
    return {path.relative_to(folder).as_posix(): OBJECTS.read(path)[0] for path, *_ in found}


def images(folder: ObjectPath) -> dict[str, bytes]:
    return {name: data for name, data in objects(folder).items() if name.endswith(".jpg")}
