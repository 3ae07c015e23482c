"""Scripts that builds run from their buildspec, so that no push to a repository changes them."""

from functools import cache
from pathlib import Path

_SCRIPTS = Path(__file__).parents[1] / "runtime"


@cache
def written_script(name: str) -> str:
    """Returns the command that writes a script; the shell expands nothing in it.

    Args:
        name: name of the script's file, which the command writes to /tmp.
    """
    script = (_SCRIPTS / name).read_text(encoding="utf-8")
    return f"cat > /tmp/{name} <<'END_OF_CHECK'\n{script}END_OF_CHECK\n"
