"""Training on several instances, in the image of the project and jobs of the rehearsal.

`tests/jobs/training/test_several_instances.py` compares further models, as processes.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from xgboost import Booster

from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from rehearsal.services.sagemaker.data_plane import Members
from rehearsal.services.sagemaker.jobs.training import training_job
from seed_code.model_build.tests.conftest import Fitted, fit
from stacks.settings.names import Seed
from tests.rehearsal.job_fixtures import (
    ACCOUNT,
    REGION,
    JobSurroundings,
    emulator,
    emulator_session,
    job_surroundings,
    shared_image_store,
)
from tests.seed_code.repository import write_model_build

__all__ = ["emulator", "emulator_session", "fit", "job_surroundings", "shared_image_store"]

REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/tabular"
SEED = Seed.TABULAR
ROUNDS = 30
EQUAL = 1e-6  # all columns have fewer values than bins


@pytest.fixture(scope="module")
def image(
    emulator_session: boto3.Session,
    shared_image_store: ImageStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The URI of the image that the Dockerfile of the seed describes."""
    folder = tmp_path_factory.mktemp("repository")
    write_model_build(SEED, folder)
    emulator_session.client("ecr").create_repository(repositoryName="tabular")
    publish(emulator_session, REPOSITORY, ["v1"], shared_image_store.build(folder))
    return f"{REPOSITORY}:v1"


@dataclass(frozen=True)
class Trained:
    """Result, model and log of a training job."""

    result: Members
    files: list[str]
    trees: Booster
    logs: dict[str, str]

    @property
    def metric(self) -> float:
        (metric,) = self.result["FinalMetricDataList"]
        return float(metric["Value"])


def train(
    surroundings: JobSurroundings, image: str, outputs: Path, count: int, **members: Any
) -> Trained:
    name = f"fit-{count}"
    channels = []
    for file in sorted(outputs.glob("*/*.npz")):
        channel = file.parent.name
        for part in file.parent.iterdir():
            surroundings.put(f"data/{channel}/{part.name}", part.read_bytes())
        source = {
            "S3DataType": "S3Prefix",
            "S3Uri": f"s3://{surroundings.bucket}/data/{channel}/",
            "S3DataDistributionType": "FullyReplicated",
        }
        channels.append({"ChannelName": channel, "DataSource": {"S3DataSource": source}})
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "result", "Regex": r"^result: \S+=(\S+)$"}],
        },
        "HyperParameters": {"num_round": str(ROUNDS), "metric": "logloss"},
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": f"s3://{surroundings.bucket}/models"},
        "ResourceConfig": {
            "InstanceCount": count,
            "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 10,
        },
        "EnableNetworkIsolation": True,
        **members,
    }
    result = training_job.run(surroundings.job(request))
    archive = surroundings.get(f"models/{name}/output/model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {one.name: tar.extractfile(one) for one in tar if one.isfile()}
        content = {path: file.read() for path, file in found.items() if file is not None}
    logs = {
        host: "\n".join(surroundings.log_lines(training_job.LOG_GROUP, f"{name}/{host}-"))
        for host in (f"algo-{number}" for number in range(1, count + 1))
    }
    trees = Booster(model_file=bytearray(content["model.ubj"]))
    return Trained(result, sorted(content), trees, logs)


def test_two_instances_fit_the_model_of_one(
    job_surroundings: JobSurroundings, image: str, fit: Callable[[str], Fitted]
) -> None:
    outputs = fit("binary").outputs
    one, two = (train(job_surroundings, image, outputs, count) for count in (1, 2))

    assert two.result["TrainingJobStatus"] == "Completed"
    assert two.files == one.files == ["model.ubj", "schema.json"]
    assert two.metric == pytest.approx(one.metric, abs=EQUAL)
    columns = ["Tree", "Node", "Feature", "Split"]
    trees = [each.trees.trees_to_dataframe()[columns] for each in (one, two)]
    assert trees[1].equals(trees[0])
    # The first instance prints the metrics; both have read rows.
    assert re.search(r"^result: ", two.logs["algo-1"], re.MULTILINE)
    assert "validation:" not in two.logs["algo-2"]
