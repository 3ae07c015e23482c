"""The rehearsal imports no module that a later Python does not have."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Source: https://docs.python.org/3.12/whatsnew/3.12.html#removed and the page of 3.13.
REMOVED = {
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils",
    "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes",
    "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
}  # fmt: skip


def imported(path: Path) -> set[str]:
    """Returns the first parts of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_no_module_that_python_3_12_or_3_13_has_removed_is_imported() -> None:
    files = list((ROOT / "rehearsal").rglob("*.py"))
    assert len(files) > 400
    wrong = {str(path.relative_to(ROOT)): imported(path) & REMOVED for path in files}
    assert not {path: names for path, names in wrong.items() if names}
