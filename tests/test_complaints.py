"""The fifteen complaints that users of comparable projects raise most: each has tests here.

Their names begin with `test_complaint_<number>_`; each would fail on the project complained about.

1 CodeCommit as the only source; 2 a new model that does not reach the endpoint; 3 an update that
forgets the scaled instances; 4 scale to zero misunderstood; 5 no scaling; 6 no capture, queue or
package; 7 a feature group replaced with its data; 8 what a deleted domain leaves; 9 idle cost;
10 rights of launch roles; 11 deployments across accounts; 12 boundaries, paths and races of roles;
13 drift without retraining or notice; 14 monitors that fail opaquely; 15 one app, no batch, names
that change.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
NAME = re.compile(r"test_complaint_(\d+)_")


@cache
def answered() -> set[int]:
    """The numbers of the complaints that some test answers."""
    return {
        int(found[1])
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (found := NAME.match(node.name))
    }


@pytest.mark.parametrize("number", range(1, 16))
def test_a_complaint_is_answered(number: int) -> None:
    assert number in answered()
