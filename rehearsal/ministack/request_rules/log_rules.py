"""Rules of Amazon CloudWatch Logs' requests.

Sources name operations and shapes of the Amazon CloudWatch Logs API Reference.
"""

from rehearsal.framework.rules.kinds import choice, exactly_one, exclusive, forbids, without
from rehearsal.framework.rules.rule import Catalogue
from rehearsal.framework.rules.tagging import reserved_tag_rule

_GROUP = {"logGroupName": "group"}
_EITHER = "you must include either logGroupIdentifier or logGroupName, but not both"
_RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557)

RULES = Catalogue(
    "logs",
    without(
        "group-prefix",
        "CreateLogGroup",
        "logGroupName",
        "^aws/",
        "begin with aws/",
        source="CreateLogGroup: log group names can't start with the string aws/",
        fails={"logGroupName": "aws/own"},
        passes={"logGroupName": "/aws/own"},
    ),
    choice(
        "retention",
        "PutRetentionPolicy",
        "retentionInDays",
        (*_RETENTION, 2922, 3288, 3653),
        source="PutRetentionPolicy, retentionInDays: possible values are",
        fails={**_GROUP, "retentionInDays": 2},
        passes={**_GROUP, "retentionInDays": 7},
    ),
    exactly_one(
        "group-of-streams",
        "DescribeLogStreams",
        "logGroupName",
        "logGroupIdentifier",
        source=f"DescribeLogStreams: {_EITHER}",
        fails={**_GROUP, "logGroupIdentifier": "group"},
        passes=_GROUP,
    ),
    forbids(
        "stream-order",
        "DescribeLogStreams",
        "orderBy",
        "logStreamNamePrefix",
        when="LastEventTime",
        source="DescribeLogStreams, orderBy: you cannot specify logStreamNamePrefix",
        fails={**_GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"},
        passes={**_GROUP, "orderBy": "LogStreamName", "logStreamNamePrefix": "a"},
    ),
    exactly_one(
        "group-of-events",
        ("GetLogEvents", "FilterLogEvents"),
        "logGroupName",
        "logGroupIdentifier",
        source=f"GetLogEvents, FilterLogEvents: {_EITHER}",
        fails={"logStreamName": "one"},
        passes={**_GROUP, "logStreamName": "one"},
    ),
    exclusive(
        "streams-of-events",
        "FilterLogEvents",
        "logStreamNames",
        "logStreamNamePrefix",
        source="FilterLogEvents, logStreamNames: if you specify both, InvalidParameterException",
        fails={**_GROUP, "logStreamNames": ["one"], "logStreamNamePrefix": "o"},
        passes={**_GROUP, "logStreamNames": ["one"]},
    ),
    reserved_tag_rule("logs", tags="tags", source="TagResource, tags"),
    error="InvalidParameterException",
)
