"""Model monitors, alarms, dashboards, retraining and cost budgets."""

from mlops_constructs._dead_letter_queue import DeadLetterQueue

from .alarms.alarm_action import AlarmAction
from .alarms.endpoint_alarms import EndpointAlarms, EndpointThresholds
from .alarms.endpoint_dashboard import EndpointDashboard, MonitorWidget
from .alarms.metric_alarms import MetricAlarms, MetricThresholds
from .alarms.retraining import Retraining
from .cost_budget import BudgetThreshold, CostBudget
from .cost_filters import CostFilters
from .monitors.baseline import Baseline
from .monitors.baseline_job import BaselineJob
from .monitors.dataset_format import DatasetFormat
from .monitors.drift_monitor import DriftMonitor
from .monitors.ground_truth import GroundTruth
from .monitors.model_monitor import ModelMonitor
from .monitors.monitor_base import MonitorBase, MonitorMetricOptions
from .monitors.monitoring_frequency import MonitoringFrequency
from .monitors.monitoring_image import CustomMonitoringImage, MonitoringImage
from .monitors.monitoring_input import MonitoredEndpoint, MonitoringInput
from .monitors.monitoring_job import MonitoringJob, MonitoringNetwork
from .monitors.monitoring_output import MonitoringOutput
from .monitors.monitoring_type import MonitoringType
from .monitors.run_schedule import RunSchedule

__all__ = [
    "AlarmAction",
    "Baseline",
    "BaselineJob",
    "BudgetThreshold",
    "CostBudget",
    "CostFilters",
    "CustomMonitoringImage",
    "DatasetFormat",
    "DeadLetterQueue",
    "DriftMonitor",
    "EndpointAlarms",
    "EndpointDashboard",
    "EndpointThresholds",
    "GroundTruth",
    "MetricAlarms",
    "MetricThresholds",
    "ModelMonitor",
    "MonitorBase",
    "MonitorMetricOptions",
    "MonitorWidget",
    "MonitoredEndpoint",
    "MonitoringFrequency",
    "MonitoringImage",
    "MonitoringInput",
    "MonitoringJob",
    "MonitoringNetwork",
    "MonitoringOutput",
    "MonitoringType",
    "Retraining",
    "RunSchedule",
]
