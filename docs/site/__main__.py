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
    options = {"build": ["build", "--strict", "--clean"], "serve": ["serve", "-a", ADDRESS]}
    if len(arguments) != 1 or arguments[0] not in options:
        sys.exit(__doc__)
    configuration = write_content(FOLDER)
    program = Path(sys.executable).with_name("zensical")
    command = [str(program), *options[arguments[0]], "-f", str(configuration)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
