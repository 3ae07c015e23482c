"""Command that builds or serves the documentation site.

python -m docs.site build   builds the site into build/docs/site; warnings are errors
python -m docs.site serve   serves it on 127.0.0.1:8000; run it again after editing a page
"""

import subprocess
import sys
from pathlib import Path

from docs.site.content import write_content

FOLDER = Path("build/docs")
ADDRESS = "127.0.0.1:8000"


def main(arguments: list[str]) -> int:
    """Runs a command and returns its exit status."""
    match arguments:
        case ["build"]:
            return build(write_content(FOLDER))
        case ["serve"]:
            command = [_zensical(), "serve", "-a", ADDRESS, "-f", str(write_content(FOLDER))]
            return subprocess.run(command, check=False).returncode
        case _:
            sys.exit(__doc__)


def build(configuration: Path) -> int:
    """Builds a site, prints what Zensical reports, and returns the exit status.

    Zensical's strict mode covers pages and links. Docstrings that cannot be parsed are reported by
    griffe on standard error, and count as errors here, too.
    """
    command = [_zensical(), "build", "--strict", "--clean", "-f", str(configuration)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    sys.stderr.write(done.stderr)
    return done.returncode or int("griffe:" in done.stderr)


def _zensical() -> str:
    return str(Path(sys.executable).with_name("zensical"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
