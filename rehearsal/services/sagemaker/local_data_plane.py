"""The data plane of the rehearsal: jobs and model servers as isolated processes of this machine."""

import boto3

from rehearsal.containers.aws_images.pull import pull
from rehearsal.containers.images.registry import ImageUnavailableError, check_pull
from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.clock import Clock, utc_now
from rehearsal.services.sagemaker.data_plane import (
    ExecutionFailedError,
    JobRun,
    Members,
    MlflowRun,
    ServedModel,
    ServerRun,
    Train,
)
from rehearsal.services.sagemaker.hosting.serving.model_server import ModelServer
from rehearsal.services.sagemaker.jobs.job import Job
from rehearsal.services.sagemaker.jobs.processing import processing_job
from rehearsal.services.sagemaker.jobs.training import training_job
from rehearsal.services.sagemaker.jobs.transform import transform_job
from rehearsal.services.sagemaker.studio.mlflow.server import MlflowServer

STOP_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for servers of a deleted endpoint; 30 on AWS."""


class LocalDataPlane:
    """Runs jobs and model servers with the executors of this service.

    Args:
        image_store: the images that jobs and endpoints name.
        clock: the time of captured data. Defaults to real time.
    """

    def __init__(self, image_store: ImageStore, clock: Clock = utc_now) -> None:
        self._image_store, self._clock = image_store, clock

    def prepare(self) -> None:
        # Optuna takes more than a second to load: in the background, not in the first tuning job.
        from rehearsal.services.sagemaker.jobs.tuning import tuning_job  # noqa: F401

    def processing_job(self, run: JobRun) -> Members:
        return processing_job.run(Job(run, self._image_store))

    def training_job(self, run: JobRun) -> Members:
        return training_job.run(Job(run, self._image_store))

    def tuning_job(self, run: JobRun, train: Train) -> Members:
        from rehearsal.services.sagemaker.jobs.tuning import tuning_job

        return tuning_job.run(run, train)

    def transform_job(self, run: JobRun, model: ServedModel) -> Members:
        return transform_job.run(Job(run, self._image_store), model, self._clock)

    def model_server(self, run: ServerRun) -> ModelServer:
        return ModelServer(run, self._image_store, stop_grace=STOP_GRACE, restarts=True)

    def mlflow_server(self, run: MlflowRun) -> MlflowServer:
        return MlflowServer(run, self._image_store)

    def check_pull(self, session: boto3.Session, image_uri: str) -> None:
        try:
            check_pull(session, image_uri)
        except ImageUnavailableError as error:
            raise ExecutionFailedError(f"ClientError: {error.reason}") from error

    def resolve_image(self, session: boto3.Session, image_uri: str) -> str:
        try:
            digest = pull(session, image_uri, self._image_store).image.digest
        except (ImageUnavailableError, LookupError) as error:
            raise ExecutionFailedError(str(error)) from error
        return f"{image_uri.partition('@')[0].rpartition(':')[0]}@{digest}"
