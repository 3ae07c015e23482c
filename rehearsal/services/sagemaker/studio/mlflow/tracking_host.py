"""The host of the tracking API of Apps, `mlflow.sagemaker.<region>.app.aws`.

Clients (the package `sagemaker-mlflow`) sign requests for `sagemaker` and name the App in a header.
"""

import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.protocols.protocol import HttpRequest, HttpResponse
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.studio.mlflow.actions import CALL_ACTION, action_of
from rehearsal.services.sagemaker.studio.mlflow.apps import MlflowApps
from rehearsal.services.sagemaker.studio.mlflow.servers import MlflowServers

_HOST = re.compile(r"mlflow\.sagemaker\.[a-z0-9-]+\.app\.aws")
_ARN_HEADER = "x-sm-mlflow-app-arn"
_KEPT_HEADERS = ("accept", "content-type", "content-encoding", "user-agent", "if-none-match")
_MLFLOW_CODES = {403: "PERMISSION_DENIED", 404: "RESOURCE_DOES_NOT_EXIST"}
_REGISTRATION = ("/registered-models/create", "/model-versions/create")


class TrackingHost:
    """Serves the tracking API.

    Args:
        apps: the Apps.
        servers: their servers.
    """

    def __init__(self, apps: MlflowApps, servers: MlflowServers) -> None:
        self._apps = apps
        self._servers = servers

    def serves(self, host: str) -> bool:
        """Returns True for the host of the API in any region."""
        return _HOST.fullmatch(host) is not None

    def permissions(self, http: HttpRequest, scope: Scope) -> Sequence[tuple[str, str]]:
        """Returns the IAM actions of a request, each with the ARN of the App.

        Raises:
            AwsError: the request names no App, or an operation without an IAM action.
        """
        arn = self._app_arn(http, scope)
        action = action_of(http.method, http.path)
        if action is None:
            raise AwsError(
                "ResourceNotFound",
                f"{http.method} {http.path} has no action of sagemaker-mlflow, so that no policy "
                "can allow it; docs/fidelity.md describes the supported API.",
                404,
            )
        return [(CALL_ACTION, arn), (action, arn)]

    def respond(self, http: HttpRequest, context: Context) -> HttpResponse:
        """Returns the response of the App's server."""
        record = self._apps.find(
            context.scope, self._app_arn(http, context.scope), "DescribeMlflowApp"
        )
        check_registration(record, http.path)
        return forward(self._servers, context.scope, record, http)

    def write_error(self, error: AwsError) -> HttpResponse:
        """Returns an error as clients of MLflow read it."""
        return json_error(error)

    def _app_arn(self, http: HttpRequest, scope: Scope) -> str:
        arn = http.headers.get(_ARN_HEADER, "")
        if not arn.startswith(scope.arn("sagemaker", "mlflow-app/")):
            raise AwsError(
                "ValidationException",
                f"Got {arn!r} in the header {_ARN_HEADER}; allowed is the ARN of an MLflow App in "
                f"account {scope.account} and region {scope.region}.",
            )
        return arn


def forward(
    servers: MlflowServers, scope: Scope, record: Record, http: HttpRequest
) -> HttpResponse:
    """Returns the response of an App's server; the caller was authorized before.

    Raises:
        AwsError: the App has failed, or its server does not respond; clients of MLflow try again.
    """
    if record["Status"] in ("Creating", "CreateFailed"):
        message = f"MLflow App {record['Arn']} has the status {record['Status']}."
        raise AwsError("ServiceUnavailable", message, 503)
    query = urlencode([(name, one) for name, values in http.query.items() for one in values])
    target = quote(http.path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")
    headers = {name: value for name, value in http.headers.items() if name in _KEPT_HEADERS}
    try:
        status, found, body = servers.request(
            scope, record, http.method, target, http.body, headers
        )
    except ExecutionFailedError as error:
        raise AwsError("ServiceUnavailable", error.reason, 503) from error
    return status, _response_headers(found), body


def check_registration(record: Record, path: str) -> None:
    """Checks that a request registers no model by an App that registers models in SageMaker.

    Raises:
        AwsError: it does, which the rehearsal does not support.
    """
    automatic = record["ModelRegistrationMode"] == "AutoModelRegistrationEnabled"
    if automatic and path.endswith(_REGISTRATION):
        raise AwsError(
            "ValidationException",
            "The rehearsal does not register MLflow's models in SageMaker's registry "
            "(AutoModelRegistrationEnabled): register models by a pipeline, or set "
            "AutoModelRegistrationDisabled.",
        )


def json_error(error: AwsError) -> HttpResponse:
    """Returns an error in the format of MLflow's REST API."""
    code = _MLFLOW_CODES.get(error.status, error.code)
    body = json.dumps({"error_code": code, "message": error.message}).encode()
    return error.status, {"Content-Type": "application/json"}, body


def _response_headers(found: Mapping[str, str]) -> dict[str, str]:
    dropped = ("connection", "content-length", "date", "keep-alive", "server", "transfer-encoding")
    return {name: value for name, value in found.items() if name not in dropped}
