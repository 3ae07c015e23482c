"""Rules of the requests of AWS Secrets Manager.

Sources name operations and shapes of the AWS Secrets Manager API Reference.
"""

from rehearsal.framework.rules.kinds import bounded, exclusive
from rehearsal.framework.rules.rule import Catalogue
from rehearsal.framework.rules.tagging import tag_rules

_VALUES = ("CreateSecret", "PutSecretValue", "UpdateSecret")
_SECRET = {"Name": "own", "ClientRequestToken": "a" * 32}

RULES = Catalogue(
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
