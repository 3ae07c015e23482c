"""The records of MLflow Apps, and the requests that reach their servers."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework import standing_links
from rehearsal.framework.platform import AwsError
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.services.sagemaker.service import SageMaker
from rehearsal.services.sagemaker.studio.mlflow.actions import action_of
from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

Eventually = Callable[[Callable[[], Any]], Any]
REQUEST = {"Name": "churn", "ArtifactStoreUri": "s3://bucket/mlflow", "RoleArn": ROLE}
API = "/api/2.0/mlflow"


@pytest.fixture
def create(sagemaker: Any, eventually: Eventually) -> Callable[..., dict[str, Any]]:
    """Creates an App, waits until its status is settled and returns its description."""

    def make(**changes: Any) -> dict[str, Any]:
        arn = sagemaker.create_mlflow_app(**{**REQUEST, **changes})["Arn"]

        def settled() -> Any:
            app = sagemaker.describe_mlflow_app(Arn=arn)
            return app if app["Status"] != "Creating" else None

        app: dict[str, Any] = eventually(settled)
        return app

    return make


def http(arn: str, method: str = "POST", path: str = f"{API}/runs/create") -> HttpRequest:
    headers = {"x-sm-mlflow-app-arn": arn, "authorization": "AWS4", "accept": "*/*"}
    return HttpRequest(method, path, headers, {"a": ["1 2", "3"]}, b"{}")


def test_an_app_is_known_by_its_arn(
    sagemaker: Any, create: Callable[..., dict[str, Any]], platform: FakePlatform
) -> None:
    found = create(DefaultDomainIdList=["d-1"])
    arn = found["Arn"]

    assert ":mlflow-app/app-" in arn
    assert (found["Status"], found["ModelRegistrationMode"]) == (
        "Created",
        "AutoModelRegistrationDisabled",
    )
    assert found["MlflowVersion"].startswith("3.")
    sagemaker.update_mlflow_app(Arn=arn, WeeklyMaintenanceWindowStart="Sun:02:00")
    found = sagemaker.describe_mlflow_app(Arn=arn)
    assert (found["Status"], found["WeeklyMaintenanceWindowStart"]) == ("Updated", "Sun:02:00")

    def listed(**filters: Any) -> list[str]:
        return [one["Arn"] for one in sagemaker.list_mlflow_apps(**filters)["Summaries"]]

    assert listed(DefaultForDomainId="d-1") == [arn]
    assert listed(DefaultForDomainId="d-2") == []
    assert listed(Status="Created") == []
    sagemaker.delete_mlflow_app(Arn=arn)
    with pytest.raises(ClientError) as raised:
        sagemaker.describe_mlflow_app(Arn=arn)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFound"
    platform.denied.add(("iam:PassRole", ROLE))
    with pytest.raises(ClientError, match="iam:PassRole"):
        sagemaker.create_mlflow_app(**REQUEST)


def test_an_app_whose_bucket_is_missing_fails(
    create: Callable[..., dict[str, Any]], data_plane: FakeDataPlane
) -> None:
    data_plane.server_failure = "no bucket"

    assert create()["Status"] == "CreateFailed"


def test_the_first_request_starts_the_server_of_an_app(
    service: SageMaker, create: Callable[..., dict[str, Any]], data_plane: FakeDataPlane
) -> None:
    arn = create()["Arn"]
    assert not any(one.started for one in data_plane.mlflow)
    (host,) = service.host_routes()

    for _ in range(2):
        status, _, body = host.respond(http(arn), CALLER)

    (server,) = [one for one in data_plane.mlflow if one.started]
    assert (status, body) == (200, b"POST /api/2.0/mlflow/runs/create?a=1+2&a=3")
    assert len(server.requests) == 2
    assert "authorization" not in server.requests[0][3]


def test_a_new_artifact_store_restarts_the_server(
    service: SageMaker,
    sagemaker: Any,
    create: Callable[..., dict[str, Any]],
    data_plane: FakeDataPlane,
    eventually: Eventually,
) -> None:
    arn = create()["Arn"]
    (host,) = service.host_routes()
    host.respond(http(arn), CALLER)

    sagemaker.update_mlflow_app(Arn=arn, ArtifactStoreUri="s3://other/mlflow")
    eventually(lambda: sagemaker.describe_mlflow_app(Arn=arn)["Status"] == "Updated")
    host.respond(http(arn), CALLER)

    first, second = [one for one in data_plane.mlflow if one.started]
    assert first.stopped
    assert second.run.artifact_store_uri == "s3://other/mlflow"
    sagemaker.delete_mlflow_app(Arn=arn)
    assert second.stopped


def test_a_request_needs_both_actions_on_the_app(service: SageMaker) -> None:
    arn = SCOPE.arn("sagemaker", "mlflow-app/app-A")
    (host,) = service.host_routes()

    assert host.serves("mlflow.sagemaker.us-east-1.app.aws")
    assert not host.serves("sagemaker.us-east-1.amazonaws.com")
    assert host.permissions(http(arn), SCOPE) == [
        ("sagemaker:CallMlflowAppApi", arn),
        ("sagemaker-mlflow:CreateRun", arn),
    ]


@pytest.mark.parametrize(
    ("arn", "path", "message"),
    [
        ("", f"{API}/runs/create", "Got ''"),
        (
            "arn:aws:sagemaker:us-east-1:999999999999:mlflow-app/app-A",
            f"{API}/runs/create",
            "allowed is the ARN",
        ),
        (SCOPE.arn("sagemaker", "mlflow-app/app-A"), f"{API}/webhooks", "has no action"),
        (SCOPE.arn("sagemaker", "mlflow-app/app-A"), "/get-artifact", "has no action"),
    ],
)
def test_a_request_that_no_policy_can_allow_is_rejected(
    service: SageMaker, arn: str, path: str, message: str
) -> None:
    (host,) = service.host_routes()

    with pytest.raises(AwsError, match=message):
        host.permissions(http(arn, path=path), SCOPE)


def test_an_app_that_registers_models_rejects_their_registration(
    service: SageMaker, create: Callable[..., dict[str, Any]]
) -> None:
    arn = create(ModelRegistrationMode="AutoModelRegistrationEnabled")["Arn"]
    (host,) = service.host_routes()

    with pytest.raises(AwsError, match="AutoModelRegistrationEnabled"):
        host.respond(http(arn, path=f"{API}/registered-models/create"), CALLER)
    assert host.respond(http(arn), CALLER)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("POST", "/api/2.0/mlflow/runs/log-batch", "LogBatch"),
        ("GET", "/ajax-api/2.0/mlflow/runs/get", "GetRun"),
        ("GET", "/api/2.0/mlflow/experiments/search", "SearchExperiments"),
        ("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", "GetMetricHistory"),
        ("POST", "/api/2.0/mlflow/logged-models", "LogModel"),
        ("PATCH", "/api/2.0/mlflow/logged-models/m-1", "FinalizeLoggedModel"),
        ("POST", "/api/3.0/mlflow/traces/search", "SearchTraces"),
        ("GET", "/api/3.0/mlflow/traces/tr-1", "GetTraceInfo"),
        ("DELETE", "/api/2.0/mlflow/registered-models/alias", "DeleteRegisteredModelAlias"),
    ],
)
def test_operations_have_the_action_of_their_name(method: str, path: str, action: str) -> None:
    assert action_of(method, path) == f"sagemaker-mlflow:{action}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/2.0/mlflow/runs/create"),
        ("POST", "/api/2.0/mlflow/runs/create/x"),
        ("POST", "/api/2.0/mlflow/../mlflow/runs/create"),
        ("POST", "/runs/create"),
        ("GET", "/api/3.0/mlflow/gateway/secrets/list"),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts"),
    ],
)
def test_other_requests_have_no_action(method: str, path: str) -> None:
    assert action_of(method, path) is None


def page(service: SageMaker, url: str, cookie: str = "") -> tuple[int, dict[str, str], bytes]:
    place, _, query = url.partition("?")
    path = "/" + place.split("/", 3)[3]
    for pattern, handler in service.raw_routes():
        if pattern.fullmatch(path):
            return handler("GET", path, parse_qs(query), {"cookie": cookie}, b"")
    raise AssertionError(f"no route of {path}")


def test_a_session_ends_where_its_principal_lacks_a_permission(
    service: SageMaker,
    sagemaker: Any,
    create: Callable[..., dict[str, Any]],
    platform: FakePlatform,
) -> None:
    arn = create()["Arn"]
    url = sagemaker.create_presigned_mlflow_app_url(Arn=arn)["AuthorizedUrl"]
    base = url.partition("auth?")[0]

    status, headers, _ = page(service, url)
    cookie = headers["Set-Cookie"].partition(";")[0]

    assert (status, base.endswith(headers["Location"])) == (302, True)
    assert "HttpOnly; Secure; SameSite=Lax" in headers["Set-Cookie"]
    assert page(service, url)[0] == 403, "a URL can be used only once"
    assert page(service, base)[0] == 401
    assert page(service, base, cookie)[0] == 200
    assert page(service, f"{base}ajax-api/2.0/mlflow/runs/get", cookie)[0] == 200
    assert page(service, f"{base}ajax-api/2.0/mlflow/webhooks", cookie)[0] == 404
    platform.denied.add(("sagemaker-mlflow:GetRun", arn))
    assert page(service, f"{base}ajax-api/2.0/mlflow/runs/get", cookie)[0] == 403
    platform.denied.add(("sagemaker-mlflow:AccessUI", arn))
    assert page(service, base, cookie)[0] == 403


def test_a_url_expires(
    service: SageMaker,
    sagemaker: Any,
    create: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = sagemaker.create_presigned_mlflow_app_url(Arn=create()["Arn"], ExpiresInSeconds=5)
    late = time.time() + 6
    monkeypatch.setattr("time.time", lambda: late)

    assert page(service, url["AuthorizedUrl"])[0] == 403


def link(platform: FakePlatform, arn: str, base: str = "") -> str:
    """Returns the link of a report to the pages of an App."""
    secret = platform.root_credentials(arn.split(":")[4]).secret_access_key
    place = base or arn.rpartition("/")[2]
    return f"{platform.endpoint_url}/_mlflow/{place}/open?{standing_links.query(arn, secret)}"


def test_the_link_of_a_report_opens_the_pages_again_and_again(
    service: SageMaker, create: Callable[..., dict[str, Any]], platform: FakePlatform
) -> None:
    url = link(platform, create()["Arn"])
    for _ in range(2):
        status, headers, _ = page(service, url)
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert status == 302
        place = f"{platform.endpoint_url}{headers['Location']}"
        assert page(service, place, cookie)[0] == 200


def test_a_link_opens_one_app_only(
    service: SageMaker, create: Callable[..., dict[str, Any]], platform: FakePlatform
) -> None:
    one, other = create(Name="one")["Arn"], create(Name="other")["Arn"]
    url = link(platform, one)
    assert page(service, link(platform, one, other.rpartition("/")[2]))[0] == 403
    forged = url.replace(one.rpartition("/")[2], other.rpartition("/")[2])
    assert page(service, forged)[0] == 403
    assert page(service, url.partition("&")[0])[0] == 403
    assert page(service, url[:-1] + ("0" if url[-1] != "0" else "1"))[0] == 403


def test_a_link_to_a_deleted_app_says_so(
    service: SageMaker,
    sagemaker: Any,
    create: Callable[..., dict[str, Any]],
    platform: FakePlatform,
) -> None:
    arn = create()["Arn"]
    url = link(platform, arn)
    sagemaker.delete_mlflow_app(Arn=arn)
    status, _, body = page(service, url)
    assert (status, body.decode()) == (404, f"MLflow App {arn} does not exist.\n")


def test_a_pipeline_that_names_an_app_starts_its_server(
    sagemaker: Any,
    create: Callable[..., dict[str, Any]],
    data_plane: FakeDataPlane,
    eventually: Eventually,
) -> None:
    named, other = create(Name="named")["Arn"], create(Name="other")["Arn"]
    missing = f"{named[:-3]}ZZZ"
    steps = [
        {
            "Name": "Stop",
            "Type": "Fail",
            "Arguments": {"ErrorMessage": f"logged in {named}, {missing}"},
        }
    ]
    sagemaker.create_pipeline(
        PipelineName="tracked",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": steps}),
        ClientRequestToken="t" * 32,
        RoleArn=ROLE,
    )
    sagemaker.start_pipeline_execution(PipelineName="tracked", ClientRequestToken="e" * 32)

    (server,) = eventually(lambda: [one for one in data_plane.mlflow if one.started])

    assert server.run.name == named.rpartition("/")[2]
    assert server.run.name != other.rpartition("/")[2]
