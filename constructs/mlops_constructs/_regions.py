"""Which regions know a resource type, so that a stack is refused before AWS refuses it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from ._problems import is_known


@cache
def region_table() -> dict[str, Any]:
    """`regions` that the library claims, and per type the ones of them that are `missing` it.

    The table is a copy of the CloudFormation schemas that cfn-lint carries; a test compares them.
    """
    table: dict[str, Any] = json.loads((Path(__file__).parent / "region_types.json").read_text())
    return table


def region_problems(scope: IConstruct, *resource_types: str) -> list[str]:
    """What is missing in the region of a stack; nothing while the region is not known.

    A region younger than the table is not judged: what only AWS can know is not guessed.
    """
    region = cdk.Stack.of(scope).region
    if not is_known(region):
        return []
    table = region_table()
    return [
        f"region: got {region}, where CloudFormation has no {resource_type}; allowed are "
        f"{', '.join(sorted(set(table['regions']) - set(table['missing'][resource_type])))}"
        for resource_type in resource_types
        if region in table["missing"][resource_type]
    ]
