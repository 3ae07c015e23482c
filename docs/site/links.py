"""Links of the repository's documents, rewritten for the pages of the site."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FILES = "files"
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^[ ]*```.*?^[ ]*```$)", re.M | re.S)


class Links:
    """Writes pages, and lets their links lead to pages or to copies of files.

    Args:
        folder: the folder of the pages.
        pages: page of each document of the repository, by their paths.
    """

    def __init__(self, folder: Path, pages: Mapping[str, str]) -> None:
        self._folder = folder
        self._pages = pages

    def write(self, page: str, text: str, source: str) -> None:
        """Writes a page.

        Args:
            page: its path below the folder of the pages.
            text: its text, in which links are relative to the source.
            source: path of the document in the repository.
        """
        parts = _FENCE.split(text)
        rewritten = [
            part if position % 2 else _LINK.sub(lambda link: self._link(link, page, source), part)
            for position, part in enumerate(parts)
        ]
        path = self._folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(rewritten))

    def _link(self, link: re.Match[str], page: str, source: str) -> str:
        target = os.path.normpath(Path(source).parent / link[1])
        reached = self._pages.get(target) or self._copy(target)
        place = os.path.relpath(reached, Path(page).parent)
        return f"]({place}{link[2] or ''})"

    def _copy(self, target: str) -> str:
        """Copies a file that is no page, and returns where it is."""
        if (self._folder / target).exists():
            return target  # a generated page names another one
        if not (ROOT / target).is_file():
            return target  # the strict build reports it
        copied = f"{_FILES}/{target}.txt"
        (self._folder / copied).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / target, self._folder / copied)
        return copied
