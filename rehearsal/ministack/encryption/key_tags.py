"""Tags of KMS keys as IAM evaluates them: up to five minutes late.

"It might take up to five minutes for tag and alias changes to affect KMS key authorization": ABAC
for AWS KMS, in the KMS Developer Guide. A condition on `aws:ResourceTag` finds no tags on a key
that is new, and the former ones on a key whose tags have just changed.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.services import kms

from rehearsal.ministack.registry import patch, patch_value
from rehearsal.ministack.request_scope import current_scope

TAG_DELAY_SECONDS = 300.0
_FORMER = "_former_tags"  # the former tags, and until when authorization sees them
_WHY = "A condition sees the tags of a key at once, which AWS does not guarantee."
_UNTIL = "ministack delays the tags of keys for authorization."

Tags = list[dict[str, str]]


@patch_value("ministack.services.tagging:_RESOURCE_TAG_COLLECTORS[kms]", why=_WHY, until=_UNTIL)
def key_tags(previous: object) -> Callable[[], Iterator[tuple[str, Tags]]]:
    return _keys


@patch(
    "ministack.services.kms:_tag_resource",
    "ministack.services.kms:_untag_resource",
    why=_WHY,
    until=_UNTIL,
)
def change_tags(previous: Callable[[Any], Any], data: Any) -> Any:
    key = kms._resolve_key(data.get("KeyId", ""))
    if key is not None:
        seen = [{"TagKey": name, "TagValue": value} for name, value in authorized_tags(key).items()]
        until = time.time() + TAG_DELAY_SECONDS
        key[_FORMER] = {"tags": copy.deepcopy(seen), "until": until}
    return previous(data)


def authorized_tags(key: Mapping[str, Any]) -> dict[str, str]:
    """Returns the tags of a key that conditions see now."""
    now = time.time()
    former = key.get(_FORMER)
    if former and now < former["until"]:
        tags = former["tags"]
    else:
        tags = key.get("Tags") if now >= key["CreationDate"] + TAG_DELAY_SECONDS else None
    return {tag["TagKey"]: tag["TagValue"] for tag in tags or []}


def _keys() -> Iterator[tuple[str, Tags]]:
    scope = current_scope()
    for key_id, key in kms._keys.items():
        tags = [{"Key": name, "Value": value} for name, value in authorized_tags(key).items()]
        yield scope.arn("kms", f"key/{key_id}"), tags
