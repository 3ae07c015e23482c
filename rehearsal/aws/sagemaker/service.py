"""The SageMaker control plane: all its parts as one service."""

from __future__ import annotations

from rehearsal.aws.platform import Platform
from rehearsal.aws.sagemaker.data_plane import DataPlane
from rehearsal.aws.sagemaker.endpoints import Endpoints
from rehearsal.aws.sagemaker.local_data_plane import LocalDataPlane
from rehearsal.aws.sagemaker.pipeline_executions import PipelineExecutions
from rehearsal.aws.sagemaker.processing_jobs import ProcessingJobs
from rehearsal.aws.sagemaker.projects import Projects
from rehearsal.aws.sagemaker.resource_types import RESOURCE_TYPES
from rehearsal.aws.sagemaker.tags import Tags
from rehearsal.aws.sagemaker.tuning_jobs import TuningJobs
from rehearsal.execution.image_store import ImageStore

__all__ = ["RESOURCE_TYPES", "SageMaker"]


class SageMaker(Endpoints, ProcessingJobs, TuningJobs, PipelineExecutions, Projects, Tags):
    """SageMaker.

    Each operation is a method of one of the parts; what has no method is refused by name.

    Args:
        platform: The AWS around the service.
        data_plane: What runs jobs and endpoints; processes of this machine by default.
    """

    def __init__(self, platform: Platform, data_plane: DataPlane | None = None) -> None:
        super().__init__(platform)
        if data_plane is None:
            data_plane = LocalDataPlane(ImageStore(platform.state_directory / "images"))
        self.data_plane = data_plane

    def start(self) -> None:
        self.workers.start("prepare the data plane", self.data_plane.prepare)
