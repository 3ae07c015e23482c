"""Monitors of models and endpoints: drift, quality, bias; alarms, dashboards and retraining."""

from mlops_constructs._dead_letters import DeadLetters

from .alarm_action import AlarmAction
from .baseline import Baseline
from .baseline_job import BaselineJob
from .budgeted_spend import BudgetedSpend
from .cost_budget import BudgetThreshold, CostBudget
from .dataset_format import DatasetFormat
from .drift_monitor import DriftMonitor
from .endpoint_alarms import EndpointAlarms, EndpointThresholds
from .endpoint_dashboard import EndpointDashboard, WatchedMonitor
from .frequency import MonitoringFrequency
from .ground_truth import GroundTruth
from .images import MonitoringImage, OwnImage
from .job import MonitoringJob, MonitoringNetwork
from .metric_alarms import MetricAlarms, Watch
from .model_monitor import ModelMonitor
from .monitor_base import MonitorBase, MonitorMetricOptions
from .monitored_data import MonitoredData, MonitoredEndpoint
from .question import MonitoringQuestion
from .reports import Reports
from .retraining import Retraining

__all__ = [
    "AlarmAction",
    "Baseline",
    "BaselineJob",
    "BudgetThreshold",
    "BudgetedSpend",
    "CostBudget",
    "DatasetFormat",
    "DeadLetters",
    "DriftMonitor",
    "EndpointAlarms",
    "EndpointDashboard",
    "EndpointThresholds",
    "GroundTruth",
    "MetricAlarms",
    "ModelMonitor",
    "MonitorBase",
    "MonitorMetricOptions",
    "MonitoredData",
    "MonitoredEndpoint",
    "MonitoringFrequency",
    "MonitoringImage",
    "MonitoringJob",
    "MonitoringNetwork",
    "MonitoringQuestion",
    "OwnImage",
    "Reports",
    "Retraining",
    "Watch",
    "WatchedMonitor",
]
