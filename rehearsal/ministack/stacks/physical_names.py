"""The generated names of resources, which no other stack has, not even one of the same name.

Source: CloudFormation User Guide, "Name type": CloudFormation generates a unique physical ID.
"""

import hashlib

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners

from rehearsal.ministack.registry import CLOUDFORMATION, patch

_SUFFIX_LENGTH = 13


@patch(
    f"{CLOUDFORMATION}.provisioners:_physical_name",
    why=(
        "A stack that is created again generates the names of its predecessor, and takes over the "
        "resources that the predecessor has retained."
    ),
    until="ministack generates names that are unique for each stack.",
)
def physical_name(
    previous: object,
    stack_name: str,
    logical_id: str,
    *,
    lowercase: bool = False,
    max_len: int = 128,
    seeded: bool = True,
) -> str:
    stack = cloudformation._stacks.get(stack_name) or {}
    seed = provisioners._NAME_SEED.get() if seeded else ""
    # The id of a stack is new with each creation, and stays with updates.
    key = f"{stack.get('StackId', stack_name)}:{logical_id}:{seed}"
    suffix = hashlib.sha256(key.encode()).hexdigest()[:_SUFFIX_LENGTH].upper()
    name = f"{stack_name}-{logical_id}-"[: max(max_len - len(suffix), 0)] + suffix
    return (name.lower() if lowercase else name)[:max_len]
