"""Every example of the guides is deployed to the rehearsal's AWS, used, and deleted again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.conftest import Account
from tests.docs.synthesis import FILES, STORES, synthesis, title
from tests.docs.uses import USES

EXAMPLES = [file for file in FILES if file != STORES]


@pytest.mark.parametrize("file", EXAMPLES, ids=title)
def test_an_example_is_deployed_used_and_deleted(file: Path, account: Account) -> None:
    example = synthesis(file)

    outputs = account.create(example)
    if file.stem in USES:
        USES[file.stem](account, outputs)
    account.delete(example)
