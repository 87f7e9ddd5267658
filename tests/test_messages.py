"""All that a user can read, in one file: a message that is changed shows in the diff of messages.txt.

`python tests/test_messages.py` writes it anew.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SNAPSHOT = Path(__file__).with_name("messages.txt")

TELLING = re.compile(r"\w*Error|BadParameter|Check|Outcome|_leave|echo|fail|option|say|secho|setting")
"""Names of calls whose arguments are shown, single words among them too."""

WORDS = re.compile(r"[^\W\d_]{2,}[,;:.)]* [\w{(\"'-]")
"""What reads as a message wherever it stands: a constant, a table, a variable that is raised later."""

LETTER = re.compile(r"[^\W\d_]")

Text = tuple[int, int, str]
"""Line, column, and what stands there."""


def rendered(node: ast.JoinedStr | ast.FormattedValue | ast.expr) -> str:
    """An f-string with its expressions in braces."""
    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.JoinedStr(values=values):
            return "".join(map(rendered, values))
        case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
            how = f"!{chr(conversion)}" if conversion > 0 else ""
            return f"{{{ast.unparse(value)}{how}{':' + rendered(spec) if spec else ''}}}"
    raise AssertionError(ast.dump(node))


def is_command(node: ast.AST) -> bool:
    """Whether it is a function that click runs, whose docstring is its help."""
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(re.match(r"command\(|click\.(command|group)", ast.unparse(each)) for each in decorators)


def texts(node: ast.AST, told: bool = False) -> Iterator[Text]:
    """The messages in a part of a source; all strings with a letter in them where they are `told`."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.Constant(value=str(text)) if WORDS.search(text) or (told and LETTER.search(text)):
            yield node.lineno, node.col_offset, text
        case ast.JoinedStr(values=values):
            text = rendered(node)
            own = " ".join(rendered(part) if isinstance(part, ast.Constant) else "{}" for part in values)
            if WORDS.search(own) or (told and LETTER.search(own)):
                yield node.lineno, node.col_offset, text
            values = [part.value for part in values if isinstance(part, ast.FormattedValue)]
            for value in values:
                yield from texts(value)
            return
        case ast.FunctionDef() if is_command(node) and (text := ast.get_docstring(node) or ""):
            yield node.body[0].lineno, 0, text
        case ast.Call(func=function):
            told = TELLING.fullmatch(ast.unparse(function).split(".")[-1]) is not None
    for child in ast.iter_child_nodes(node):
        yield from texts(child, told)


def messages() -> str:
    """Every message, by module in order of appearance; a line each."""
    paths = {path.resolve() for room in ("colorgan", "cli", "export") for path in (ROOT / room).rglob("*.py")}
    lines = []
    for path in sorted(paths):
        if "examples" in path.parts:
            continue
        found = [text for *_, text in sorted(texts(ast.parse(path.read_text(encoding="utf-8"))))]
        name = path.relative_to(ROOT).as_posix()
        lines += ["", f"# {name}", *(text.replace("\n", "\\n") for text in found)] if found else []
    return "\n".join(lines[1:]) + "\n"


def test_every_message_is_as_it_was_last_approved() -> None:
    assert messages() == SNAPSHOT.read_text(encoding="utf-8"), "run: python tests/test_messages.py"


def test_messages_are_found_wherever_they_stand() -> None:
    source = '''
"""Not a module's docstring."""
ADVICE = {"gray": "hardly any color"}
@command("colorgan x")
def main() -> None:
    """Help of a command."""
def f(path, n):
    """Not that of a function."""
    reason = f"{n} of {path!r} are too many: {n:.1f}"
    raise ModelError(path, "damaged")
    click.echo(f"done: {'with some doubt' if n else ''}", err=True)
    return "no-message", {"key": n}
'''
    assert [text for *_, text in sorted(texts(ast.parse(source)))] == [
        "hardly any color",
        "colorgan x",
        "Help of a command.",
        "{n} of {path!r} are too many: {n:.1f}",
        "damaged",
        "done: {'with some doubt' if n else ''}",
        "with some doubt",
    ]


if __name__ == "__main__":
    SNAPSHOT.write_text(messages(), encoding="utf-8")
