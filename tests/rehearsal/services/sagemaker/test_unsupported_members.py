"""Members that the rehearsal rejects at the API, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import xform_name

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.service import SageMaker
from rehearsal.services.sagemaker.unsupported_members import UNSUPPORTED
from tests.rehearsal.fakes import CALLER

CREATED = [
    (operation, path)
    for operation, paths in UNSUPPORTED.items()
    if operation.startswith("Create")
    for path in paths
]


def having(path: str) -> dict[str, Any]:
    """A request with nothing but the member at a path."""
    head, _, rest = path.partition(".")
    name, _, value = head.partition("=")
    inner: Any = having(rest) if rest else {"True": True}.get(value, value or {"any": "thing"})
    many = name.endswith("[]")
    return {name.removesuffix("[]"): [inner] if many else inner}


@pytest.mark.parametrize(("operation", "path"), CREATED)
def test_create_rejects_the_member_by_name(service: SageMaker, operation: str, path: str) -> None:
    create = service.operation(xform_name(operation))
    assert create is not None
    name = path.replace("[]", "[0]")

    with pytest.raises(AwsError) as rejected:
        create(having(path), CALLER)

    assert rejected.value.message == (
        f"The rehearsal does not implement {name} of {operation}: remove it."
    )
