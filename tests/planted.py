"""What is planted in a process of colorgan: photographs that do something to whoever opens them."""

import os
from pathlib import Path

OPENED = """
import os, signal, time
from PIL import Image
opened = Image.open
def open(file, *arguments, **options):
    beginning = file.read(2000)
    file.seek(0)
    if b"{mark}" in beginning:
        {action}
    return opened(file, *arguments, **options)
Image.open = open
"""


def plant(folder: Path, mark: str, action: str) -> str:
    """Make a PYTHONPATH with which a process runs an action once it opens a photograph that has a mark."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(OPENED.format(mark=mark, action=action))
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def kill(signal: str = "SIGKILL") -> str:
    """What a damaged decoder does, or the kernel where memory does not suffice, to whatever process."""
    return f"os.kill(os.getpid(), signal.{signal}); time.sleep(60)"  # where another thread ends the process
