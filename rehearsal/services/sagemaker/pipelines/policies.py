"""CacheConfig and RetryPolicies of pipeline steps.

See "Caching pipeline steps", "Default cache key attributes by pipeline step type" and "Retry Policy
for Pipeline Steps" in the SageMaker developer guide.
"""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STEP_EXCEPTIONS = ("Step.SERVICE_FAULT", "Step.THROTTLING")
JOB_EXCEPTIONS = (
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
MAX_ATTEMPTS = 20
MAX_EXPIRE_AFTER_MINUTES = 14_400
_RETRY_NUMBERS: Mapping[str, tuple[float, float]] = {
    "IntervalSeconds": (0, float("inf")),
    "BackoffRate": (0, float("inf")),
    "MaxAttempts": (1, MAX_ATTEMPTS),
    "ExpireAfterMin": (0, MAX_EXPIRE_AFTER_MINUTES),
}

_CACHE_KEYS: Mapping[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinitions"),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
    "QualityCheck": ("AppSpecification", "Environment", "ProcessingInputs"),
    "ClarifyCheck": ("AppSpecification", "Environment", "ProcessingInputs"),
}
_CHECK_MEMBERS = (
    "CheckType",
    "ModelPackageGroupName",
    "SkipCheck",
    "RegisterNewBaseline",
    "SuppliedBaselineStatistics",
    "SuppliedBaselineConstraints",
)
# Further members of a step that count.
_CACHED_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "Lambda": ("FunctionArn", "OutputParameters"),
    "Callback": ("SqsQueueUrl", "OutputParameters"),
    "QualityCheck": _CHECK_MEMBERS,
    "ClarifyCheck": _CHECK_MEMBERS,
}
_WHOLE_ARGUMENTS = ("Lambda", "Callback", "EMRServerless", "EndpointConfig", "Endpoint")
_CACHED_KINDS = _CACHE_KEYS.keys() | set(_WHOLE_ARGUMENTS)
_TUNED_TRAINING_KEYS = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)
# AWS's own examples omit the P ("T12H"), see CacheConfig of the SageMaker Python SDK.
_ISO_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)
_DAYS = {"years": 365, "months": 30}
_SHORT_DURATION = re.compile(r"(\d+)([dhms])", re.IGNORECASE)
_SHORT_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def parse_duration(text: str) -> datetime.timedelta:
    """Returns a duration such as `P30D`, `PT1H30M` or `T12H`, or in the short form `30d`.

    A year has 365 days and a month 30.

    Raises:
        ValueError: it is neither.
    """
    short = _SHORT_DURATION.fullmatch(text)
    if short:
        return datetime.timedelta(**{_SHORT_UNITS[short[2].lower()]: int(short[1])})
    iso = _ISO_DURATION.fullmatch(text)
    # "5M" without P or T is ambiguous; the short form above reads it as minutes.
    if iso and any(iso.groups()) and text[0] in "PpTt":
        given = {unit: int(value) for unit, value in iso.groupdict().items() if value}
        days = sum(_DAYS[unit] * given.pop(unit, 0) for unit in _DAYS)
        return datetime.timedelta(days=days) + datetime.timedelta(**given)
    raise ValueError(f"{text!r} is not an ISO 8601 duration such as P30D or PT12H")


def check_cache_config(step: Mapping[str, Any], report: list[str]) -> None:
    config = step.get("CacheConfig")
    if config is None:
        return
    if not isinstance(config, dict):
        report.append(f"{step['Name']}.CacheConfig: expected an object, got {config!r}.")
        return
    where = f"{step['Name']}.CacheConfig"
    unknown = sorted(config.keys() - {"Enabled", "ExpireAfter"})
    report.extend(f"{where}: unknown member {member}." for member in unknown)
    if not isinstance(config.get("Enabled"), bool):
        report.append(f"{where}: Enabled must be true or false.")
    if config.get("Enabled") and "ExpireAfter" not in config:
        report.append(f"{where}: ExpireAfter is required when caching is on.")
    if "ExpireAfter" in config:
        try:
            parse_duration(config["ExpireAfter"])
        except (OverflowError, TypeError, ValueError) as error:
            report.append(f"{where}: ExpireAfter: {error}.")


def cache_key(step: Mapping[str, Any]) -> str:
    """Returns what must be equal for an earlier run of a step to be used again.

    As on AWS, it does not include outputs, roles, hardware and tags.

    Args:
        step: a step with its references resolved.
    """
    kind, arguments = step["Type"], step["Arguments"]
    if kind in _WHOLE_ARGUMENTS:
        key = dict(arguments)
    else:
        key = {name: arguments.get(name) for name in _CACHE_KEYS[kind]}
    members = {name: step.get(name) for name in _CACHED_MEMBERS.get(kind, ())}
    training = arguments.get("TrainingJobDefinition")
    if kind == "Tuning" and training:
        key["TrainingJobDefinition"] = {name: training.get(name) for name in _TUNED_TRAINING_KEYS}
    return json.dumps([kind, key, members], sort_keys=True, default=str)


@dataclass(frozen=True)
class CachedRun:
    """A successful run of a step, which later executions may use."""

    ended: datetime.datetime
    execution_arn: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


class StepCache:
    """The successful runs of one pipeline's steps."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], CachedRun] = {}

    def find(self, step: Mapping[str, Any]) -> CachedRun | None:
        """Returns the newest unexpired run with the same arguments, if the step caches."""
        config = step.get("CacheConfig") or {}
        if not config.get("Enabled") or step["Type"] not in _CACHED_KINDS:
            return None
        run = self._runs.get((step["Name"], cache_key(step)))
        oldest = datetime.datetime.now(datetime.UTC) - parse_duration(config["ExpireAfter"])
        return run if run is not None and run.ended >= oldest else None

    def keep(self, step: Mapping[str, Any], run: CachedRun) -> None:
        if step["Type"] in _CACHED_KINDS:
            self._runs[step["Name"], cache_key(step)] = run


def check_retry_policies(step: Mapping[str, Any], report: list[str]) -> None:
    for index, policy in enumerate(step.get("RetryPolicies") or ()):
        where = f"{step['Name']}.RetryPolicies[{index}]"
        if not isinstance(policy, dict):
            report.append(f"{where}: expected an object, got {policy!r}.")
            continue
        known = {"ExceptionType", *_RETRY_NUMBERS}
        unknown = sorted(policy.keys() - known)
        report.extend(f"{where}: unknown member {member}." for member in unknown)
        allowed = STEP_EXCEPTIONS + JOB_EXCEPTIONS
        exceptions = policy.get("ExceptionType")
        report.extend(
            f"{where}: ExceptionType {exception!r} is not one of {', '.join(allowed)}."
            for exception in (exceptions if isinstance(exceptions, list) else [exceptions])
            or [None]
            if exception not in allowed
        )
        if "MaxAttempts" not in policy and "ExpireAfterMin" not in policy:
            report.append(f"{where}: give MaxAttempts or ExpireAfterMin.")
        for member, (low, high) in _RETRY_NUMBERS.items():
            value = policy.get(member, low)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not low <= value <= high:
                report.append(f"{where}: {member} must be {low}..{high}; got {value!r}.")


@dataclass
class Retries:
    """The retry policies of a step."""

    policies: Sequence[Mapping[str, Any]]
    started: datetime.datetime
    attempts: int = 0

    def wait_seconds(self, exception: str | None) -> float | None:
        """Returns the seconds before the next attempt, or None."""
        self.attempts += 1
        for policy in self.policies:
            if exception not in policy["ExceptionType"]:
                continue
            if self.attempts > policy.get("MaxAttempts", self.attempts):
                return None
            age = datetime.datetime.now(datetime.UTC) - self.started
            limit = policy.get("ExpireAfterMin")
            if limit is not None and age > datetime.timedelta(minutes=limit):
                return None
            interval = float(policy.get("IntervalSeconds", 1))
            return interval * float(policy.get("BackoffRate", 2.0)) ** (self.attempts - 1)
        return None
