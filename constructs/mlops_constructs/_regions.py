"""Availability of resource types in regions."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from constructs import IConstruct

from ._environment import environment_of
from ._problems import is_known


@cache
def region_table() -> dict[str, Any]:
    """Returns the supported `regions`, and per type those of them where it is `missing`.

    The table is a copy of the CloudFormation schemas of cfn-lint; a test compares them.
    """
    table: dict[str, Any] = json.loads((Path(__file__).parent / "region_types.json").read_text())
    return table


def region_problems(scope: IConstruct, *resource_types: str) -> list[str]:
    """Checks that the region of a stack has resource types; returns one message per problem.

    A region that is unknown at synthesis, or newer than the table, is not checked.
    """
    region = environment_of(scope).region
    if not is_known(region):
        return []
    table = region_table()
    return [
        f"region: got {region}, where CloudFormation has no {resource_type}; allowed are "
        f"{', '.join(sorted(set(table['regions']) - set(table['missing'][resource_type])))}"
        for resource_type in resource_types
        if region in table["missing"][resource_type]
    ]
