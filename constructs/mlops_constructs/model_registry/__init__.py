"""The model registry: groups of model versions, and the events of their approval."""

from .model_package_group import ModelPackageGroup, ModelPackageGroupBase

__all__ = ["ModelPackageGroup", "ModelPackageGroupBase"]
