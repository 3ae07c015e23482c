"""Rules of the requests of AWS CodeConnections, beyond the models.

Sources name operations of the AWS CodeConnections API Reference.
"""

from collections.abc import Iterator

from rehearsal.framework.rules.kinds import choice, exactly_one, rule
from rehearsal.framework.rules.rule import Call, Catalogue, Example
from rehearsal.framework.rules.tagging import tag_rules

_SELF_HOSTED = ("GitHubEnterpriseServer", "GitLabSelfManaged")
_HOST = "arn:aws:codeconnections:us-east-1:111111111111:host/git-0a1b2c3d"
_BUSY = ("VPC_CONFIG_INITIALIZING", "VPC_CONFIG_DELETING")


def _hosted(call: Call) -> Iterator[str]:
    if call.get("ProviderType") in _SELF_HOSTED and not call.get("HostArn"):
        yield f"{call.get('ProviderType')} needs a HostArn"


def _connections(call: Call) -> Iterator[str]:
    host = call.get("HostArn")
    found = call.read("ListConnections", {"HostArnFilter": host}) or {}
    if found.get("Connections"):
        yield f"{host} has connections"


def _busy(call: Call) -> Iterator[str]:
    host = call.get("HostArn")
    status = (call.read("GetHost", {"HostArn": host}) or {}).get("Status")
    if status in _BUSY:
        yield f"{host} cannot be deleted in status {status}"


CODECONNECTIONS = Catalogue(
    "codeconnections",
    *tag_rules("codeconnections", source='"Tag your resources" restrictions in the user guide'),
    rule(
        "connection-host",
        "CreateConnection",
        "A connection to a self-hosted provider has a host.",
        _hosted,
        source="CreateConnection, HostArn",
        code="InvalidInputException",
        fails={"ProviderType": "GitHubEnterpriseServer"},
        passes={"HostArn": _HOST},
    ),
    exactly_one(
        "connection-provider",
        "CreateConnection",
        "ProviderType",
        "HostArn",
        source="CreateConnection, ProviderType",
        code="InvalidInputException",
        fails={"ProviderType": "GitHub", "HostArn": _HOST},
        passes={"ProviderType": "GitHub"},
    ),
    choice(
        "host-provider",
        "CreateHost",
        "ProviderType",
        _SELF_HOSTED,
        source='CreateHost, ProviderType; "Hosts" in the user guide',
        code="InvalidInputException",
        fails={"ProviderType": "GitHub"},
        passes={"ProviderType": "GitHubEnterpriseServer"},
    ),
    rule(
        "host-connections",
        "DeleteHost",
        "A host with connections cannot be deleted.",
        _connections,
        source="DeleteHost",
        code="ResourceUnavailableException",
        fails=Example({"HostArn": _HOST}, {"ListConnections": {"Connections": [{}]}}),
        passes=Example({"HostArn": _HOST}, {"ListConnections": {"Connections": []}}),
    ),
    rule(
        "host-status",
        "DeleteHost",
        "A host cannot be deleted while its VPC configuration is changed.",
        _busy,
        source="DeleteHost",
        code="ResourceUnavailableException",
        fails=Example({"HostArn": _HOST}, {"GetHost": {"Status": "VPC_CONFIG_DELETING"}}),
        passes=Example({"HostArn": _HOST}, {"GetHost": {"Status": "AVAILABLE"}}),
    ),
)
