"""Deployment, use and deletion of every example of the guides in the rehearsal's AWS."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.docs.conftest import Account
from tests.docs.synthesis import FILES, STORES, synthesis, title
from tests.docs.uses import USES

# CodeArtifact's packages come from the internet, to which the rehearsal has no access.
REFUSED = {
    "packages_without_internet": "AWS::CodeArtifact::Domain",
    "shadow_experiment": "AWS::SageMaker::InferenceExperiment",
}
EXAMPLES = [file for file in FILES if file != STORES and file.stem not in REFUSED]


@pytest.mark.parametrize("file", EXAMPLES, ids=title)
def test_an_example_is_deployed_used_and_deleted(file: Path, account: Account) -> None:
    example = synthesis(file)

    outputs = account.create(example)
    if file.stem in USES:
        USES[file.stem](account, outputs)
    account.delete(example)


@pytest.mark.parametrize("stem", REFUSED)
def test_an_example_that_the_rehearsal_cannot_deploy_is_refused_by_name(
    stem: str, account: Account
) -> None:
    (file,) = (one for one in FILES if one.stem == stem)

    with pytest.raises(ClientError, match=f"Unrecognized resource types: .*{REFUSED[stem]}"):
        account.create(synthesis(file))
