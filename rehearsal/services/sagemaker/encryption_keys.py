"""KMS keys of volumes and file systems, which SageMaker uses through grants.

Source: "Amazon SageMaker AI API Permissions: Actions, Permissions, and Resources Reference" of the
Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import AwsError, Context, Scope

_GRANT = "kms:CreateGrant"
_DESCRIBE = "kms:DescribeKey"
_ACTIONS = {
    "CreateDomain": (_GRANT, "kms:Decrypt", _DESCRIBE, "kms:GenerateDataKeyWithoutPlaintext"),
    "CreateEndpoint": (_GRANT,),
    "CreateNotebookInstance": (_DESCRIBE, _GRANT),
    "DeleteNotebookInstance": (_DESCRIBE,),
    # Not in the reference, but a new volume needs a grant as well.
    "UpdateEndpoint": (_GRANT,),
}
"""What the caller of an operation needs for the key of its resource."""


def key_arn(identity: ServiceIdentity, scope: Scope, key_id: str) -> str:
    """Returns the ARN of a key.

    Args:
        identity: the identity of SageMaker.
        scope: account and region of the request.
        key_id: id, ARN or alias of the key.

    Raises:
        AwsError: ValidationException, if there is no such key.
    """
    try:
        found = identity.service_session(scope).client("kms").describe_key(KeyId=key_id)
    except ClientError as error:
        reason = error.response["Error"]["Message"]
        message = f"The KMS key {key_id} cannot be used: {reason}"
        raise AwsError("ValidationException", message) from None
    return str(found["KeyMetadata"]["Arn"])


def check_job_volumes(
    identity: ServiceIdentity, context: Context, request: Mapping[str, Any], role_arn: str
) -> None:
    """Checks that the role of a job, or else its caller, can create the grants of its volumes.

    Args:
        identity: the identity of SageMaker.
        context: the caller.
        request: the request for the job.
        role_arn: the role of the job.

    Raises:
        AwsError: ValidationException, if there is no such key; AccessDeniedException, if neither
            the role nor the caller may create a grant.
    """
    for key in dict.fromkeys(_volume_keys(request)):
        arn, scope = key_arn(identity, context.scope, key), context.scope
        try:
            identity.platform.authorize(role_arn, _GRANT, arn, scope, _grant_keys(scope))
        except AwsError as denied:
            if denied.code != "AccessDeniedException":
                raise
            identity.authorize_caller(context, _GRANT, arn, _grant_keys(scope))


def check_key_of(
    identity: ServiceIdentity, context: Context, operation: str, key_id: str | None
) -> None:
    """Checks that the caller of an operation can use the key of its resource.

    Args:
        identity: the identity of SageMaker.
        context: the caller.
        operation: an operation on a resource with a volume or file system.
        key_id: the key of the resource. None checks nothing.

    Raises:
        AwsError: ValidationException, if there is no such key; AccessDeniedException, for the first
            action that the caller may not perform.
    """
    if key_id:
        arn = key_arn(identity, context.scope, key_id)
        for action in _ACTIONS[operation]:
            keys = _grant_keys(context.scope) if action == _GRANT else {}
            identity.authorize_caller(context, action, arn, keys)


def _grant_keys(scope: Scope) -> dict[str, str]:
    return {
        "kms:GrantIsForAWSResource": "true",
        "kms:ViaService": f"sagemaker.{scope.region}.amazonaws.com",
    }


def _volume_keys(request: Mapping[str, Any]) -> Iterator[str]:
    definitions = [request.get("TrainingJobDefinition"), *request.get("TrainingJobDefinitions", ())]
    for part in (request, *filter(None, definitions)):
        for resources in (
            part.get("ResourceConfig"),
            part.get("HyperParameterTuningResourceConfig"),
            part.get("ProcessingResources", {}).get("ClusterConfig"),
            part.get("TransformResources"),
        ):
            if resources and resources.get("VolumeKmsKeyId"):
                yield resources["VolumeKmsKeyId"]
