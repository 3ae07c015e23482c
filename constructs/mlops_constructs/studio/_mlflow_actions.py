"""Actions of MLflow's API, as in "Actions for Amazon SageMaker with MLflow"."""


def _named(*operations: str) -> tuple[str, ...]:
    return tuple(f"sagemaker-mlflow:{operation}" for operation in operations)


READ_ACTIONS = _named(
    "GetDownloadURIForModelVersionArtifacts",
    "GetExperiment",
    "GetExperimentByName",
    "GetLatestModelVersions",
    "GetLoggedModel",
    "GetMetricHistory",
    "GetModelVersion",
    "GetModelVersionByAlias",
    "GetRegisteredModel",
    "GetRun",
    "GetTraceInfo",
    "ListArtifacts",
    "ListLoggedModelArtifacts",
    "SearchExperiments",
    "SearchLoggedModels",
    "SearchModelVersions",
    "SearchRegisteredModels",
    "SearchRuns",
    "SearchTraces",
)
"""Read tracking data."""

TRACK_ACTIONS = _named(
    "CreateExperiment",
    "CreateModelVersion",
    "CreateRegisteredModel",
    "CreateRun",
    "EndTrace",
    "FinalizeLoggedModel",
    "LogBatch",
    "LogInputs",
    "LogLoggedModelParams",
    "LogMetric",
    "LogModel",
    "LogOutputs",
    "LogParam",
    "SetExperimentTag",
    "SetLoggedModelTags",
    "SetModelVersionTag",
    "SetRegisteredModelAlias",
    "SetRegisteredModelTag",
    "SetTag",
    "SetTraceTag",
    "StartTrace",
    "UpdateExperiment",
    "UpdateModelVersion",
    "UpdateRegisteredModel",
    "UpdateRun",
)
"""Add tracking data; none of them deletes."""

OPEN_ACTIONS = _named("AccessUI")
"""Open the user interface."""
