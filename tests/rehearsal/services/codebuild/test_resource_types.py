"""Properties of AWS::CodeBuild::Project that its API does not have."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloudformation.resource_requests import ResourceFailure
from rehearsal.services.codebuild.resource_types import _to_request

ROLE = "arn:aws:iam::111111111111:role/reads"


@pytest.mark.parametrize("visibility", [{}, {"Visibility": "PRIVATE"}])
def test_a_private_project_may_name_the_role_of_readers(visibility: dict[str, Any]) -> None:
    assert _to_request({"Name": "one", "ResourceAccessRole": ROLE, **visibility}) == {"Name": "one"}


def test_a_public_project_is_rejected_by_name() -> None:
    with pytest.raises(ResourceFailure, match="Visibility"):
        _to_request({"Name": "one", "ResourceAccessRole": ROLE, "Visibility": "PUBLIC_READ"})
