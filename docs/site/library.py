"""Reference of the library: one page for each area, with every name of its `__all__`."""

import ast
from collections.abc import Iterator, Mapping

from docs.site.links import ROOT

_SOURCE_ROOTS = ("constructs", "jobs")


def areas() -> Iterator[tuple[str, str, list[str]]]:
    """Yields name, summary and public names of each area of the packages in the source roots."""
    for source_root in _SOURCE_ROOTS:
        for path in sorted((ROOT / source_root).glob("*/*/__init__.py")):
            tree = ast.parse(path.read_text())
            if names := _public_names(tree):
                package = path.parent.relative_to(ROOT / source_root)
                yield ".".join(package.parts), ast.get_docstring(tree) or "", names


def pages() -> dict[str, str]:
    """Returns the text of each page."""
    return {
        f"reference/{area.replace('.', '/')}.md": _page(area, summary, names)
        for area, summary, names in areas()
    }


def navigation() -> list[Mapping[str, object]]:
    """Returns the entries of the navigation: the areas of each package."""
    packages: dict[str, list[str]] = {}
    for page in pages():
        packages.setdefault(page.split("/")[1], []).append(page)
    return [{package: entries} for package, entries in packages.items()]


def _public_names(tree: ast.Module) -> list[str]:
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                names: list[str] = ast.literal_eval(value)
                return names
    return []


def _page(area: str, summary: str, names: list[str]) -> str:
    title = area.partition(".")[2]
    parts = [f"---\ntitle: {title}\n---\n\n# `{area}`\n\n{summary}\n"]
    parts += [f"\n::: {area}.{name}\n" for name in names]
    return "".join(parts)
