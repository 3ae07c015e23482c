"""The documentation site: complete, and without a link that leads nowhere."""

import tomllib
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.site import commands, examples, library, settings
from docs.site.__main__ import build
from docs.site.content import write_content
from tests.constructs import public_api


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the pages and the site that is built from them."""
    folder = tmp_path_factory.mktemp("docs") / "content"
    assert build(write_content(folder)) == 0
    return folder


class _Page(HTMLParser):
    """Anchors, links and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := given.get(key))}
        if tag == "a" and (link := given.get("href")):
            self.links.add(link)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@cache
def _page(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text())
    return page


def _pages(content: Path) -> Iterator[Path]:
    yield from sorted((content / "site").rglob("*.html"))


def test_every_public_name_has_an_entry(content: Path) -> None:
    documented = {anchor for path in _pages(content) for anchor in _page(path).anchors}

    names = {f"{area}.{name}" for area, _, exported in library.areas() for name in exported}
    recorded = {line.partition("(")[0].partition(":")[0] for line in public_api.lines()}
    assert names <= documented
    # Methods, properties and factories too, inherited ones under the class that has them.
    assert {f"mlops_constructs.{name}" for name in recorded} <= documented


def test_every_setting_has_an_entry(content: Path) -> None:
    page = _page(content / "site/reference/settings/index.html")

    paths = [key.path for key in settings.all_keys()]
    assert "accounts.ALIAS.id" in paths
    assert [path for path in paths if path not in page.text] == []


def test_every_command_has_an_entry(content: Path) -> None:
    page = _page(content / "site/reference/commands/index.html")

    names = [name for name, _ in commands.commands()]
    assert "rehearse project create" in names
    assert [name for name in names if name not in page.text] == []


def test_every_example_has_a_page_with_its_resources(content: Path) -> None:
    for file in examples.files():
        page = _page(content / f"site/examples/{examples.name(file)}/index.html")

        assert any(text.startswith("AWS::") for text in page.text), file


def test_every_page_is_in_the_navigation(content: Path) -> None:
    nav = tomllib.loads((content / "zensical.toml").read_text())["project"]["nav"]
    pages = {str(path.relative_to(content / "pages")) for path in content.rglob("pages/**/*.md")}

    assert set(_leaves(nav)) == pages


def _leaves(nav: object) -> Iterator[str]:
    match nav:
        case str():
            yield nav
        case dict():
            for entry in nav.values():
                yield from _leaves(entry)
        case list():
            for entry in nav:
                yield from _leaves(entry)


def test_every_internal_link_leads_to_a_page_and_an_anchor(content: Path) -> None:
    site = content / "site"
    broken = [
        f"{path.relative_to(site)}: {link}"
        for path in _pages(content)
        if path.name != "404.html"  # it is served at any address, so its links are absolute
        for link in _page(path).links
        if not _resolves(link, path, site)
    ]

    assert broken == []


def _resolves(link: str, path: Path, site: Path) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site.resolve()) or not target.is_file():
        return False
    return not parts.fragment or unquote(parts.fragment) in _page(target).anchors


@pytest.mark.parametrize("link", ["absent.md", "other.md#absent"])
def test_the_build_fails_on_a_broken_link(link: str, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/index.md").write_text(f"# Home\n\n[link]({link})\n")
    (tmp_path / "pages/other.md").write_text("# Other\n")
    configuration = tmp_path / "zensical.toml"
    configuration.write_text('[project]\nsite_name = "x"\ndocs_dir = "pages"\nsite_dir = "site"\n')

    assert build(configuration) != 0


def test_the_build_fails_on_a_docstring_that_cannot_be_parsed(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/index.md").write_text("# Home\n\n::: odd.function\n")
    (tmp_path / "odd.py").write_text(
        'def function(a):\n    """Returns.\n\n    Args:\n        a\n    """\n'
    )
    configuration = tmp_path / "zensical.toml"
    configuration.write_text(
        '[project]\nsite_name = "x"\ndocs_dir = "pages"\nsite_dir = "site"\n'
        f'[project.plugins.mkdocstrings.handlers.python]\npaths = ["{tmp_path}"]\n'
    )

    assert build(configuration) != 0


def test_the_content_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        write_content(folder)

    assert _texts(first) == _texts(second)


def _texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
