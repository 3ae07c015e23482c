"""Tags of KMS keys as IAM knows them: up to five minutes late.

"It might take up to five minutes for tag and alias changes to affect KMS key authorization": ABAC
for AWS KMS, in the KMS Developer Guide. So a condition on `aws:ResourceTag` finds no tags on a key
that is new, and the former ones on a key whose tags have just changed.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.services import kms, tagging

from rehearsal.ministack.scope import current_scope

TAG_DELAY_SECONDS = 300.0
_FORMER = "_former_tags"  # what the tags were, and until when authorization sees them

Tags = list[dict[str, str]]


def install() -> None:
    """Lets every authorization of the use of a key see its tags late."""
    tagging._RESOURCE_TAG_COLLECTORS["kms"] = _keys
    kms._tag_resource = _remembering(kms._tag_resource)
    kms._untag_resource = _remembering(kms._untag_resource)


def authorized_tags(key: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a key that conditions see now."""
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


def _remembering(stock: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def change(data: Any) -> Any:
        key = kms._resolve_key(data.get("KeyId", ""))
        if key is not None:
            seen = [
                {"TagKey": name, "TagValue": value} for name, value in authorized_tags(key).items()
            ]
            until = time.time() + TAG_DELAY_SECONDS
            key[_FORMER] = {"tags": copy.deepcopy(seen), "until": until}
        return stock(data)

    return change
