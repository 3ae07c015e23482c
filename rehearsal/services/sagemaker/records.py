"""Records of resources, shaped as the responses of Describe operations."""

import datetime
import secrets
import string
from typing import Any

Record = dict[str, Any]
"""A resource. Values are replaced, never changed in place, so that responses can share them."""

_LOWER = string.ascii_lowercase + string.digits


def now() -> datetime.datetime:
    """Returns the present time with the resolution of SageMaker's responses, milliseconds."""
    moment = datetime.datetime.now(datetime.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def random_id(length: int) -> str:
    """Returns lower-case letters and digits, as in the ids that SageMaker generates."""
    return "".join(secrets.choice(_LOWER) for _ in range(length))
