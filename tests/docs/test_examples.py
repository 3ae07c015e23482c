"""Validation of every example of the guides by CDK, cfn-lint, the packs of cdk-nag, and checkov."""

from __future__ import annotations

import filecmp
import json
import re
from pathlib import Path
from typing import Any

import every_example
import pytest

from tests.docs.synthesis import FILES, ROOT, synthesis, synthesise, title
from tests.judges import PACKS, checkov_findings, lint_findings, open_findings

REGION_TABLE = json.loads((ROOT / "constructs/mlops_constructs/region_types.json").read_text())

each_example = pytest.mark.parametrize("file", FILES, ids=title)


@each_example
def test_an_example_says_what_it_shows_and_its_stack_is_named_for_it(file: Path) -> None:
    text = file.read_text()

    assert text.startswith('"""')
    assert re.search(rf"^class {every_example.stack_name(file)}\(cdk\.Stack\):", text, re.M)


@each_example
def test_two_syntheses_of_an_example_are_identical(file: Path, tmp_path: Path) -> None:
    first, second = synthesis(file), synthesise(file, tmp_path)

    names = [path.name for path in first.directory.glob("*.template.json")]
    assert names
    differing = filecmp.cmpfiles(first.directory, second.directory, names, shallow=False)
    assert differing == (names, [], [])


@each_example
def test_cloudformation_accepts_an_example_in_every_region_that_has_its_types(file: Path) -> None:
    example = synthesis(file)
    missing = REGION_TABLE["missing"]
    without = {region for kind in example.resource_types() for region in missing.get(kind, ())}
    regions = [region for region in REGION_TABLE["regions"] if region not in without]

    assert lint_findings(example.template_file.read_text(), regions) == []


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
@each_example
def test_a_security_pack_finds_nothing_open(file: Path, pack: Any) -> None:
    assert not open_findings(pack, synthesis(file).stack)


@pytest.fixture(scope="session")
def found_by_checkov(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("templates")
    for file in FILES:
        (folder / f"{file.stem}.json").write_text(synthesis(file).template_file.read_text())
    return checkov_findings(folder)


@each_example
def test_checkov_finds_nothing_open(file: Path, found_by_checkov: dict[str, list[str]]) -> None:
    assert not found_by_checkov[f"{file.stem}.json"]
