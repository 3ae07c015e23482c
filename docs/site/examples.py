"""Pages of the examples: what each shows, the resources of its template, its code."""

import ast
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docs.site.links import ROOT

RESOURCES = Path(__file__).with_name("example_resources.json")
"""Number of resources of each type in the template of each example; a test compares it."""
_FOLDER = ROOT / "docs/examples"


@dataclass(frozen=True)
class Example:
    """The page of an example."""

    source: str
    page: str
    text: str


def files() -> list[Path]:
    """Returns the files of the examples, in a fixed order."""
    return sorted(path for path in _FOLDER.glob("*/*.py") if path.parent.name != "image")


def name(file: Path) -> str:
    """Returns the key of an example: its area and its name."""
    return f"{file.parent.name}/{file.stem}"


def resources(template: Mapping[str, Any]) -> dict[str, int]:
    """Returns the number of resources of each type in a template."""
    counted = Counter(one["Type"] for one in template["Resources"].values())
    counted.pop("AWS::CDK::Metadata", None)
    return dict(sorted(counted.items()))


def pages() -> list[Example]:
    """Returns the pages of all examples."""
    recorded = json.loads(RESOURCES.read_text())
    if missing := [name(file) for file in files() if name(file) not in recorded]:
        raise KeyError(
            f"{RESOURCES.name} lacks {', '.join(missing)}; record them with "
            "python -m pytest --record tests/docs/test_example_resources.py"
        )
    return [_page(file, recorded[name(file)]) for file in files()]


def navigation(examples: Sequence[Example]) -> list[Mapping[str, object]]:
    """Returns the entries of the navigation: the examples of each area."""
    areas: dict[str, list[str]] = {}
    for example in examples:
        areas.setdefault(Path(example.page).parent.name, []).append(example.page)
    return [{area: entries} for area, entries in areas.items()]


def _page(file: Path, counted: Mapping[str, int]) -> Example:
    code = file.read_text()
    docstring = ast.get_docstring(ast.parse(code)) or ""
    summary, _, rest = docstring.partition("\n")
    title = file.stem.replace("_", " ").capitalize()
    rows = [f"| `{kind}` | {number} |" for kind, number in counted.items()]
    stack = "".join(word.capitalize() for word in file.stem.split("_"))
    lines = [
        f"# {title}",
        "",
        summary,
        rest.strip("\n"),
        "",
        "```sh",
        f'npx cdk deploy --app "python docs/examples/every_example.py" Stores {stack}',
        "```",
        "",
        "## Code",
        "",
        f'```python title="{file.relative_to(ROOT)}"',
        code.rstrip("\n"),
        "```",
        "",
        "## Resources of the template",
        "",
        "| type | number |",
        "|---|---|",
        *rows,
    ]
    return Example(
        str(file.relative_to(ROOT)), f"examples/{name(file)}.md", "\n".join(lines) + "\n"
    )
