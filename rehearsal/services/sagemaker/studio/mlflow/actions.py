"""The IAM actions of MLflow's REST API.

Sources: "Actions, resources, and condition keys for Amazon SageMaker with MLflow" in the Service
Authorization Reference; the REST API reference of MLflow. AWS publishes no table of paths: an
operation has the action of its name in MLflow's API. These have no such action, so that theirs is
inferred: CreateLoggedModel (LogModel), the searches of datasets (SearchExperiments), bulk histories
of metrics (GetMetricHistory).
"""

import re
from collections.abc import Mapping

NAMESPACE = "sagemaker-mlflow"
CALL_ACTION = "sagemaker:CallMlflowAppApi"
"""Evaluated for each call of an App's API, in addition to the action of the operation."""
OPEN_ACTION = f"{NAMESPACE}:AccessUI"

_PREFIX = re.compile(r"/(?:api|ajax-api)/[23]\.0/?mlflow/")
_ID = r"[^/]+"
_OPERATIONS: Mapping[str, str] = {
    "GET experiments/get-by-name": "GetExperimentByName",
    "POST experiments/create": "CreateExperiment",
    "GET|POST experiments/search": "SearchExperiments",
    "POST experiments/search-datasets": "SearchExperiments",
    "GET experiments/get": "GetExperiment",
    "POST experiments/delete": "DeleteExperiment",
    "POST experiments/restore": "RestoreExperiment",
    "POST experiments/update": "UpdateExperiment",
    "POST experiments/set-experiment-tag": "SetExperimentTag",
    "POST runs/create": "CreateRun",
    "POST runs/update": "UpdateRun",
    "POST runs/delete": "DeleteRun",
    "POST runs/restore": "RestoreRun",
    "POST runs/log-metric": "LogMetric",
    "POST runs/log-parameter": "LogParam",
    "POST runs/log-batch": "LogBatch",
    "POST runs/log-model": "LogModel",
    "POST runs/log-inputs": "LogInputs",
    "POST runs/outputs": "LogOutputs",
    "POST runs/set-tag": "SetTag",
    "POST runs/delete-tag": "DeleteTag",
    "GET runs/get": "GetRun",
    "POST runs/search": "SearchRuns",
    "GET artifacts/list": "ListArtifacts",
    "GET metrics/get-history(?:-bulk|-bulk-interval)?": "GetMetricHistory",
    "POST traces": "StartTrace",
    f"PATCH traces/{_ID}": "EndTrace",
    "GET traces": "SearchTraces",
    "POST traces/search": "SearchTraces",
    "POST traces/delete-traces": "DeleteTraces",
    f"GET traces/{_ID}(?:/info)?": "GetTraceInfo",
    f"PATCH traces/{_ID}/tags": "SetTraceTag",
    f"DELETE traces/{_ID}/tags": "DeleteTraceTag",
    "POST logged-models": "LogModel",
    "POST logged-models/search": "SearchLoggedModels",
    f"GET logged-models/{_ID}": "GetLoggedModel",
    f"PATCH logged-models/{_ID}": "FinalizeLoggedModel",
    f"DELETE logged-models/{_ID}": "DeleteLoggedModel",
    f"POST logged-models/{_ID}/params": "LogLoggedModelParams",
    f"PATCH logged-models/{_ID}/tags": "SetLoggedModelTags",
    f"DELETE logged-models/{_ID}/tags/{_ID}": "DeleteLoggedModelTag",
    f"GET logged-models/{_ID}/artifacts/directories": "ListLoggedModelArtifacts",
    "POST registered-models/create": "CreateRegisteredModel",
    "GET registered-models/get": "GetRegisteredModel",
    "POST registered-models/rename": "RenameRegisteredModel",
    "PATCH registered-models/update": "UpdateRegisteredModel",
    "DELETE registered-models/delete": "DeleteRegisteredModel",
    "GET|POST registered-models/get-latest-versions": "GetLatestModelVersions",
    "GET registered-models/search": "SearchRegisteredModels",
    "POST registered-models/set-tag": "SetRegisteredModelTag",
    "DELETE registered-models/delete-tag": "DeleteRegisteredModelTag",
    "POST registered-models/alias": "SetRegisteredModelAlias",
    "DELETE registered-models/alias": "DeleteRegisteredModelAlias",
    "GET registered-models/alias": "GetModelVersionByAlias",
    "POST model-versions/create": "CreateModelVersion",
    "GET model-versions/get": "GetModelVersion",
    "PATCH model-versions/update": "UpdateModelVersion",
    "DELETE model-versions/delete": "DeleteModelVersion",
    "GET model-versions/search": "SearchModelVersions",
    "GET model-versions/get-download-uri": "GetDownloadURIForModelVersionArtifacts",
    "POST model-versions/transition-stage": "TransitionModelVersionStage",
    "POST model-versions/set-tag": "SetModelVersionTag",
    "DELETE model-versions/delete-tag": "DeleteModelVersionTag",
}
_PATTERNS = [
    (methods.split("|"), re.compile(operation), action)
    for methods, _, operation, action in (
        (*key.partition(" "), action) for key, action in _OPERATIONS.items()
    )
]


def action_of(method: str, path: str) -> str | None:
    """Returns the IAM action of a request, as `sagemaker-mlflow:CreateRun`; None without one."""
    matched = _PREFIX.match(path)
    if matched is None:
        return None
    asked = path[matched.end() :]
    for methods, operation, action in _PATTERNS:
        if method in methods and operation.fullmatch(asked):
            return f"{NAMESPACE}:{action}"
    return None
