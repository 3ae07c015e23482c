"""Facts that a release depends on: the projects of this repository, their version, the changelog.

python3 .ci/release.py projects      prints the folder of each project, one per line
python3 .ci/release.py check v1.2.3  fails unless every project and the changelog have this version
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def projects(root: Path = ROOT) -> list[Path]:
    """Returns the folders with a `pyproject.toml` at the top level and one level below."""
    found = [root / "pyproject.toml", *sorted(root.glob("[a-z]*/pyproject.toml"))]
    return [path.parent for path in found if "project" in tomllib.loads(path.read_text())]


def problems(tag: str, root: Path = ROOT) -> list[str]:
    """Returns one message for each mismatch between a tag, the projects and the changelog.

    Args:
        tag: the tag of the release: `v` and the version, such as `v1.2.3`.
        root: the repository. Defaults to this one.
    """
    found = []
    for folder in projects(root):
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        if tag != f"v{project['version']}":
            found.append(
                f"{project['name']}: got the tag {tag} and the version {project['version']}; "
                "set the version in pyproject.toml to that of the tag"
            )
    heading = rf"^## \[{re.escape(tag.removeprefix('v'))}\] - \d{{4}}-\d{{2}}-\d{{2}}$"
    if not re.search(heading, (root / "CHANGELOG.md").read_text(), re.M):
        found.append(
            f"CHANGELOG.md: has no section for {tag}; rename Unreleased to [VERSION] - YYYY-MM-DD"
        )
    return found


def main(arguments: list[str]) -> None:
    """Runs a command."""
    match arguments:
        case ["projects"]:
            for folder in projects():
                sys.stdout.write(f"{folder}\n")
        case ["check", tag]:
            if found := problems(tag):
                sys.exit("\n".join(found))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
