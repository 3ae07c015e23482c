"""IAM for the parameters and secrets whose values CloudFormation reads for a template.

Sources: "Get a plaintext value from Systems Manager Parameter Store" and "Get a secret or secret
value from Secrets Manager" in the CloudFormation User Guide: the principal of the stack needs
`ssm:GetParameters` and `secretsmanager:GetSecretValue`.
"""

from collections.abc import Callable

from ministack.services import secretsmanager

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.ministack.corrections.resource_arns import parameter_arns
from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.stacks.stack_principal import current_principal_arn

_WHY = "A stack reads parameters and secrets that its principal has no permission to read."
_UNTIL = "ministack evaluates IAM for the values to which a template refers."


@patch("ministack.services.ssm:resolve_parameter_value", why=_WHY, until=_UNTIL)
def parameter_value(
    previous: Callable[..., str | None],
    name_or_arn: str,
    version: str | None = None,
    decrypt: bool = False,
) -> str | None:
    scope = current_scope()
    # AWS's public parameters belong to no account.
    account = "" if name_or_arn.startswith("/aws/") else scope.account
    for arn in parameter_arns("GetParameters", {"Names": [name_or_arn]}, scope.region, account):
        _authorize("ssm:GetParameters", arn, scope)
    return previous(name_or_arn, version, decrypt)


@patch("ministack.services.secretsmanager:resolve_secret_string", why=_WHY, until=_UNTIL)
def secret_string(
    previous: Callable[..., str | None],
    secret_id: str,
    version_stage: str = "AWSCURRENT",
    version_id: str | None = None,
) -> str | None:
    scope = current_scope()
    _, secret = secretsmanager._resolve(secret_id, use_arn_scope=True)
    unknown = f"arn:aws:secretsmanager:{scope.region}:{scope.account}:secret:{secret_id}"
    arn = secret["ARN"] if secret else unknown
    _authorize("secretsmanager:GetSecretValue", arn, scope)
    return previous(secret_id, version_stage, version_id)


def _authorize(action: str, arn: str, scope: Scope) -> None:
    """Evaluates IAM for the principal of the stack operation; other services read as before."""
    principal = current_principal_arn()
    if principal is None:
        return
    try:
        identity.authorize(principal, action, arn, scope)
    except AwsError as error:
        raise ValueError(f"{error.message} (Error Code: {error.code})") from None
