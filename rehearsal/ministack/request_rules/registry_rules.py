"""Rules of Amazon ECR's requests.

Sources name operations and shapes of the Amazon ECR API Reference.
"""

import json

from rehearsal.framework.rules.kinds import forbids, only_with, rule
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules

_REPOSITORY = {"repositoryName": "own"}
_POLICY = '{"rules": []}'
_WITH_EXCLUSION = ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
_FILTERS = "imageTagMutabilityExclusionFilters"
_FILTER = {f"{_FILTERS}[0].filterType": "WILDCARD", f"{_FILTERS}[0].filter": "latest"}


def _lifecycle(call: Call) -> list[str]:
    try:
        rules = json.loads(str(call.get("lifecyclePolicyText")))["rules"]
        priorities = [one["rulePriority"] for one in rules]
    except (ValueError, TypeError, KeyError):
        return [
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            "'Lifecycle policy validation failure: the text is no lifecycle policy'"
        ]
    if len(set(map(str, priorities))) < len(priorities):
        return [
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            "'Lifecycle policy validation failure: rulePriority must be unique'"
        ]
    return []


RULES = Catalogue(
    "ecr",
    forbids(
        "repositories-of-page",
        "DescribeRepositories",
        "repositoryNames",
        "maxResults",
        "nextToken",
        source="DescribeRepositories, maxResults: can't be used with repositoryNames",
        fails={"repositoryNames": ["own"], "maxResults": 5},
        passes={"repositoryNames": ["own"]},
    ),
    forbids(
        "images-of-page",
        "DescribeImages",
        "imageIds",
        "maxResults",
        "nextToken",
        source="DescribeImages, maxResults: can't be used with imageIds",
        fails={**_REPOSITORY, "imageIds[0].imageTag": "a", "maxResults": 5},
        passes={**_REPOSITORY, "imageIds[0].imageTag": "a"},
    ),
    only_with(
        "repository-key",
        "CreateRepository",
        "kmsKey",
        "encryptionType",
        ("KMS", "KMS_DSSE"),
        at="encryptionConfiguration",
        source="EncryptionConfiguration, kmsKey: if you use the KMS encryption type",
        fails={
            **_REPOSITORY,
            "encryptionConfiguration.encryptionType": "AES256",
            "encryptionConfiguration.kmsKey": "alias/own",
        },
        passes={
            **_REPOSITORY,
            "encryptionConfiguration.encryptionType": "KMS",
            "encryptionConfiguration.kmsKey": "alias/own",
        },
    ),
    only_with(
        "mutability-filters",
        ("CreateRepository", "PutImageTagMutability"),
        _FILTERS,
        "imageTagMutability",
        _WITH_EXCLUSION,
        source="Preventing image tags from being overwritten: exclusion filters",
        fails={**_REPOSITORY, "imageTagMutability": "IMMUTABLE", **_FILTER},
        passes={**_REPOSITORY, "imageTagMutability": _WITH_EXCLUSION[0], **_FILTER},
    ),
    rule(
        "lifecycle-policy",
        "PutLifecyclePolicy",
        "lifecyclePolicyText is JSON with rules of different priorities.",
        _lifecycle,
        source="PutLifecyclePolicy; Lifecycle policy parameters: rulePriority must be unique",
        fails={**_REPOSITORY, "lifecyclePolicyText": "x" * 100},
        passes={**_REPOSITORY, "lifecyclePolicyText": _POLICY + " " * 100},
    ),
    *tag_rules("ecr", tags="tags", source="TagResource, tags; Tag"),
    error="InvalidParameterException",
)
