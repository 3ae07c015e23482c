"""Names of immutable resources: a prefix and a hash of everything that replaces them."""

import hashlib
import json
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

HASH_LENGTH = 10


def content_hash(scope: IConstruct, content: Any) -> str:
    """The hash of `content` as it will stand in the template.

    A Model and an EndpointConfig cannot be changed in AWS: new content needs a new resource, and
    CloudFormation creates it under a new name before it deletes the old one. So every input that
    replaces the resource must be in `content`.
    """
    resolved = cdk.Stack.of(scope).resolve(content)
    text = json.dumps(resolved, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]
