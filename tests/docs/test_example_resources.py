"""The resources that the site lists for each example, compared with its template."""

import json

import every_example
import pytest

from docs.site import examples
from tests.docs.synthesis import synthesis


def test_the_site_lists_the_resources_of_every_example(request: pytest.FixtureRequest) -> None:
    """`pytest --record` with this file records a change."""
    found = {
        examples.name(file): examples.resources(synthesis(file).template)
        for file in every_example.example_files()
    }
    if request.config.getoption("--record"):
        examples.RESOURCES.write_text(json.dumps(found, indent=1) + "\n")

    assert json.loads(examples.RESOURCES.read_text()) == found
