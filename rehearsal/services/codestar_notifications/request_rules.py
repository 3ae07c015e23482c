"""Rules of the requests of AWS CodeStar Notifications, beyond the models.

Sources name operations of the AWS CodeStar Notifications API Reference.
"""

from rehearsal.framework.rules.kinds import choice
from rehearsal.framework.rules.rule import Catalogue
from rehearsal.framework.rules.tagging import reserved_tag_rule

_RULES = ("CreateNotificationRule", "UpdateNotificationRule")
_RULE = {
    "Name": "failed",
    "EventTypeIds[0]": "codepipeline-pipeline-pipeline-execution-failed",
    "Resource": "arn:aws:codepipeline:us-east-1:111111111111:churn",
    "DetailType": "BASIC",
    "Targets[0].TargetType": "SNS",
    "Targets[0].TargetAddress": "arn:aws:sns:us-east-1:111111111111:team",
}

CODESTAR_NOTIFICATIONS = Catalogue(
    "codestar-notifications",
    reserved_tag_rule("codestar-notifications", source="TagResource, Tags"),
    choice(
        "target-types",
        _RULES,
        "Targets[].TargetType",
        ("SNS", "AWSChatbotSlack", "AWSChatbotMicrosoftTeams"),
        source="Target, TargetType",
        fails={**_RULE, "Targets[0].TargetType": "EMAIL"},
        passes=_RULE,
    ),
)
