"""In-memory fakes of AWS around a service: `Platform`, S3, and services of the rehearsal."""

import io
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.platform import AccessKey, AwsError, Context, Credentials, Platform, Scope
from rehearsal.framework.service import Service

SCOPE = Scope("111111111111", "us-east-1")
ROLE = "arn:aws:iam::111111111111:role/execution"
CALLER = Context(SCOPE, "arn:aws:iam::111111111111:user/ada")


class FakeKms:
    """Knows each key but `none`."""

    def describe_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803
        if KeyId == "none":
            error = {"Error": {"Code": "NotFoundException", "Message": "no such key"}}
            raise ClientError(error, "DescribeKey")  # type: ignore[arg-type]
        arn = KeyId if KeyId.startswith("arn:") else SCOPE.arn("kms", f"key/{KeyId}")
        return {"KeyMetadata": {"Arn": arn}}


class FakePlatform(Platform):
    """Allows all but `denied` and `denied_to`; keeps events and objects.

    `denied` has pairs of an action and the ARN of a resource, `denied_to` of an action and the ARN
    of a principal.
    """

    def __init__(self, state_directory: Path | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self.denied: set[tuple[str, str]] = set()
        self.denied_to: set[tuple[str, str]] = set()
        self.asked: list[tuple[str, str, str]] = []
        self.keys_asked: list[dict[str, Any]] = []
        self.assumed: list[tuple[str, str | None]] = []
        self.objects: dict[str, bytes] = {}
        self.metrics: list[dict[str, Any]] = []
        self.published: list[tuple[str, str]] = []
        self.services: dict[str, Service] = {}
        self.clients: dict[str, Any] = {}
        self._directory = state_directory or Path(tempfile.mkdtemp())

    @property
    def endpoint_url(self) -> str:
        return "https://127.0.0.1:1"

    @property
    def ca_bundle(self) -> Path:
        return self._directory / "ca.pem"

    @property
    def state_directory(self) -> Path:
        return self._directory

    def emit_event(
        self,
        scope: Scope,
        *,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:
        self.events.append(
            {
                "scope": scope,
                "source": source,
                "detail-type": detail_type,
                "detail": dict(detail),
                "resources": list(resources),
            }
        )

    def service_credentials(
        self,
        role_arn: str,
        *,
        service_principal: str,
        session_name: str,
        source_arn: str | None = None,
    ) -> Credentials:
        self.assumed.append((service_principal, source_arn))
        if ("sts:AssumeRole", role_arn) in self.denied:
            raise AwsError("AccessDenied", f"{service_principal} may not assume {role_arn}", 403)
        return Credentials("key", "secret", "token", role_arn)

    def session(self, credentials: Credentials, region: str) -> boto3.Session:
        return cast(boto3.Session, FakeSession(self, credentials.principal_arn, region))

    def environment(self, credentials: Credentials, region: str) -> dict[str, str]:
        return {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": credentials.access_key_id}

    def authorize(
        self,
        principal_arn: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        self.asked.append((principal_arn, action, resource_arn))
        self.keys_asked.append(dict(keys or {}))
        if (action, resource_arn) in self.denied or (action, principal_arn) in self.denied_to:
            message = f"User: {principal_arn} is not authorized to perform: {action}"
            raise AwsError("AccessDeniedException", f"{message} on {resource_arn}", 403)

    def authorize_service(
        self,
        principal: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        source_arn: str,
        via: str | None = None,
    ) -> None:
        self.authorize(principal, action, resource_arn, scope)

    def authorize_by_policy(
        self,
        policy: str | None,
        principal_arn: str,
        action: str,
        resource_arn: str,
        scope: Scope,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Allows an account and action that the text of a policy contains."""
        account = principal_arn.split(":")[4]
        if policy is None or account not in policy or action not in policy:
            message = f"User: {principal_arn} is not authorized to perform: {action}"
            raise AwsError("AccessDeniedException", f"{message} on {resource_arn}", 403)

    def check_pass_role(self, context: Context, role_arn: str, service_principal: str) -> None:
        self.authorize(context.caller_arn, "iam:PassRole", role_arn, context.scope)

    def check_source_identity(self, role_arn: str, service_principal: str) -> None:
        return None

    def root_credentials(self, account: str) -> Credentials:
        return Credentials(account, "secret", "", f"arn:aws:iam::{account}:root")

    def secret_for(self, access_key_id: str) -> AccessKey | None:
        return None

    def events_of(self, detail_type: str) -> list[dict[str, Any]]:
        return [e["detail"] for e in self.events if e["detail-type"] == detail_type]


class FakeSession:
    """A session whose clients are fakes or services."""

    def __init__(self, platform: FakePlatform, principal_arn: str, region: str) -> None:
        self.platform = platform
        self.principal_arn = principal_arn
        self.region_name = region

    def client(self, name: str, **_: Any) -> Any:
        if name in self.platform.services:
            context = Context(Scope(SCOPE.account, self.region_name), self.principal_arn)
            return ServiceClient(self.platform.services[name], context)
        if name == "s3":
            return FakeS3(self.platform.objects)
        if name == "sns" and name not in self.platform.clients:
            return FakeSns(self.platform.published)
        if name == "cloudwatch" and name not in self.platform.clients:
            return FakeCloudWatch(self.platform.metrics)
        return self.platform.clients[name]


class FakeSns:
    """Keeps published messages as topic and message; no topic is encrypted."""

    def __init__(self, published: list[tuple[str, str]]) -> None:
        self._published = published

    def get_topic_attributes(self, *, TopicArn: str) -> dict[str, Any]:  # noqa: N803
        return {"Attributes": {"TopicArn": TopicArn}}

    def publish(self, *, TopicArn: str, Message: str, Subject: str = "") -> None:  # noqa: N803
        self._published.append((TopicArn, Message))


class ServiceClient:
    """A client of a service without HTTP."""

    def __init__(self, service: Service, context: Context) -> None:
        self._service = service
        self._context = context

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = self._service.operation(name)
        if operation is None:
            raise AttributeError(f"{self._service.name} does not support {name}")

        def call(**request: Any) -> Any:
            try:
                return operation(request, self._context)
            except AwsError as error:
                response = {
                    "Error": {"Code": error.code, "Message": error.message},
                    "ResponseMetadata": {"HTTPStatusCode": error.status},
                }
                words = "".join(word.capitalize() for word in name.split("_"))
                raise ClientError(cast(Any, response), words) from error

        return call

    def get_paginator(self, name: str) -> Any:
        return FakePaginator(getattr(self, name))


class FakePaginator:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def paginate(self, **request: Any) -> Iterator[Any]:
        while True:
            response = self._call(**request)
            yield response
            if "NextToken" not in response:
                return
            request["NextToken"] = response["NextToken"]


class FakeS3:
    """Objects by URI; a bucket with a suffix like `-eu-west-1` is in that region."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self._objects[f"s3://{Bucket}/{Key}"] = Body

    def head_bucket(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803
        named = re.search(r"-([a-z]{2}-[a-z]+-\d)$", Bucket)
        headers = {"x-amz-bucket-region": named[1] if named else SCOPE.region}
        return {"ResponseMetadata": {"HTTPHeaders": headers}}

    def get_bucket_acl(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803
        return {"Grants": []}

    def get_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        uri = f"s3://{Bucket}/{Key}"
        if uri not in self._objects:
            error = {"Error": {"Code": "NoSuchKey", "Message": f"{uri} does not exist"}}
            raise ClientError(cast(Any, error), "GetObject")
        return {"Body": io.BytesIO(self._objects[uri])}

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        base = f"s3://{Bucket}/"
        keys = [u.removeprefix(base) for u in sorted(self._objects) if u.startswith(base + Prefix)]
        return {"Contents": [{"Key": key} for key in keys]} if keys else {}

    def get_paginator(self, name: str) -> FakePaginator:
        return FakePaginator(getattr(self, name))


class FakeCloudWatch:
    def __init__(self, metrics: list[dict[str, Any]]) -> None:
        self._metrics = metrics

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        self._metrics.extend({"Namespace": Namespace, **datum} for datum in MetricData)
