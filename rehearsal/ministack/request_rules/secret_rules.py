"""Rules of the requests of AWS Secrets Manager and AWS KMS.

Sources name operations and shapes of the API references of the two services.
"""

from rehearsal.framework.rules.kinds import bounded, exclusive, matching, without
from rehearsal.framework.rules.rule import Catalogue
from rehearsal.framework.rules.tagging import tag_rules

_VALUES = ("CreateSecret", "PutSecretValue", "UpdateSecret")
_ALIASES = ("CreateAlias", "UpdateAlias", "DeleteAlias")
_SECRET = {"Name": "own", "ClientRequestToken": "a" * 32}
_KEY = "11111111-1111-1111-1111-111111111111"

SECRETS = Catalogue(
    "secretsmanager",
    exclusive(
        "value",
        _VALUES,
        "SecretString",
        "SecretBinary",
        source="CreateSecret, SecretString: either SecretString or SecretBinary, not both",
        fails={**_SECRET, "SecretString": "a", "SecretBinary": b"a"},
        passes={**_SECRET, "SecretString": "a"},
    ),
    exclusive(
        "deletion",
        "DeleteSecret",
        "ForceDeleteWithoutRecovery",
        "RecoveryWindowInDays",
        source="DeleteSecret: you can't use both this parameter and the other in one call",
        fails={"SecretId": "own", "ForceDeleteWithoutRecovery": True, "RecoveryWindowInDays": 7},
        passes={"SecretId": "own", "RecoveryWindowInDays": 7},
    ),
    bounded(
        "recovery-window",
        "DeleteSecret",
        "RecoveryWindowInDays",
        7,
        30,
        source="DeleteSecret, RecoveryWindowInDays: from 7 to 30 days",
        fails={"SecretId": "own", "RecoveryWindowInDays": 6},
        passes={"SecretId": "own", "RecoveryWindowInDays": 30},
    ),
    *tag_rules("secretsmanager", source="TagResource, Tags; Tag"),
    error="InvalidParameterException",
)
KEYS = Catalogue(
    "kms",
    bounded(
        "waiting-period",
        "ScheduleKeyDeletion",
        "PendingWindowInDays",
        7,
        30,
        source="ScheduleKeyDeletion, PendingWindowInDays: between 7 and 30, inclusive",
        fails={"KeyId": _KEY, "PendingWindowInDays": 6},
        passes={"KeyId": _KEY, "PendingWindowInDays": 7},
    ),
    matching(
        "alias-prefix",
        _ALIASES,
        "AliasName",
        "alias/.+",
        "begin with alias/ and a name",
        source="CreateAlias, AliasName: must begin with alias/ followed by a name",
        fails={"AliasName": "own", "TargetKeyId": _KEY},
        passes={"AliasName": "alias/own", "TargetKeyId": _KEY},
    ),
    without(
        "alias-of-aws",
        ("CreateAlias", "UpdateAlias"),
        "AliasName",
        "^alias/aws/",
        "begin with alias/aws/, which is reserved for AWS managed keys",
        source="CreateAlias, AliasName: the alias name cannot begin with alias/aws/",
        fails={"AliasName": "alias/aws/own", "TargetKeyId": _KEY},
        passes={"AliasName": "alias/own", "TargetKeyId": _KEY},
    ),
    *tag_rules("kms", source="TagResource, Tags; Tag", code="TagException"),
)
