"""Monitoring of projects, from settings."""

from mlops_constructs.projects import ProjectMonitoring, RetrainingLimits
from stacks.settings.projects import MonitoringSettings


def project_monitoring(settings: MonitoringSettings) -> ProjectMonitoring:
    """Returns the monitoring of a project or of the projects of a template.

    Args:
        settings: settings of the monitoring.
    """
    limits = settings.retrain
    return ProjectMonitoring(
        frequency=settings.drift.value,
        retraining=RetrainingLimits(
            cooldown_days=limits.cooldown_days, max_runs_per_month=limits.max_runs_per_month
        )
        if limits is not None
        else None,
    )
