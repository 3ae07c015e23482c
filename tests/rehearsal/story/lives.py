"""A life of a model with long texts in every part, for tests of the report."""

from rehearsal.story.summary import (
    AlarmSummary,
    ComparisonSummary,
    DriftSummary,
    EstimateSummary,
    EventSummary,
    FleetSummary,
    LifeSummary,
    LoadSummary,
    MonitorSummary,
    PhaseSummary,
)

LONG = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/" + "late-arrivals" * 12
KINDS = ("push", "training", "approval", "rollout", "traffic", "drift", "alarm", "retraining")


def life() -> LifeSummary:
    """Returns a life in which each part has content."""
    winter, summer = (
        EstimateSummary("version 1", 0.701, 0.688, 0.714),
        EstimateSummary("version 2", 0.748, 0.736, 0.761),
    )
    return LifeSummary(
        events=[
            EventSummary(
                30.0 * at, f"2026-11-30T12:{at:02d}:00Z", kind, f"{kind} <b> of {LONG}", LONG
            )
            for at, kind in enumerate(KINDS)
        ],
        phases=[
            PhaseSummary(
                "summer", "flights of July", 6000, 28_293, 300, {"ModelError 500": 3}, True, 0.315,
                winter,
            )
        ],
        monitors=[
            MonitorSummary(
                "summer", "rehearsal-prod-data", "DATA_QUALITY",
                "CompletedWithViolations: Job completed successfully with 9 violations.",
                [("temperature", "baseline_drift_check", LONG)] * 3,
                f"s3://{LONG}",
            )
        ],
        drifts=[
            DriftSummary(
                name, "summer", 0.97, [0.0, 25.0, 50.0, 100.0], [0.7, 0.3, 0.0], [0.0, 0.1, 0.9],
                15_000, 6000,
            )
            for name in ("temperature", "dew_point")
        ],
        alarms=[AlarmSummary(f"rehearsal-prod-drift-{LONG}", "ALARM", LONG)],
        comparisons=[
            ComparisonSummary(
                6000, "random sample of the flights of July", winter, summer,
                EstimateSummary("difference", 0.047, 0.036, 0.058),
            )
        ],
        loads=[
            LoadSummary("canary of the challenger", 900, {}, 20.0, [(45, 0)] * 20),
            LoadSummary(
                "canary of the bad version", 800, {"ModelError 500": 70}, 3.0, [(300, 35)] * 2,
                [
                    FleetSummary("before", f"rehearsal-prod-{LONG}", 660, 0),
                    FleetSummary("new", "rehearsal-prod-0a1b2c3d", 140, 70),
                ],
            ),
        ],
        lineage=[("model package", LONG), ("training data", f"s3://{LONG}/data/flights/")],
        retraining=f"rehearsal-model-build: started by {LONG}",
    )  # fmt: skip
