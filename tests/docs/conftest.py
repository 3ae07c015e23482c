"""AWS of the rehearsal, with the resources of an account before examples are deployed."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from stacks.seeds import seed_code
from stacks.settings.names import Seed
from tests.docs import hub_models
from tests.docs.synthesis import ACCOUNT, REGION, ROOT, STORES, Synthesis, synthesis

INTERCEPT = 1.5
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"


# The ids of the examples, and those of the default VPC of an account.
EXISTING_NETWORK = {
    "vpc-0a1b2c3d4e5f60718": "vpc-00000001",
    "subnet-0a1b2c3d4e5f60718": "subnet-00000001",
    "subnet-0a1b2c3d4e5f60719": "subnet-00000002",
    "sg-0a1b2c3d4e5f60718": "sg-00000001",
}


@dataclass(frozen=True)
class Account:
    """An account of the local AWS to which stacks are deployed; `directory` has its state."""

    aws: LocalAws
    directory: Path

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def bootstrap(self) -> None:
        """Creates the resources of `cdk bootstrap` that templates read, in the Region."""
        self.client("ssm").put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String"
        )

    def stack_names(self) -> set[str]:
        """Returns the names of all stacks."""
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"] for stack in found}

    def upload(self, example: Synthesis) -> str:
        """Uploads the assets of an example as its template expects; returns the template's URL."""
        s3 = self.client("s3")
        for path, key in example.assets():
            if path.is_dir():
                archive = shutil.make_archive(str(path), "zip", path)
                path = Path(archive)
            s3.upload_file(str(path), ASSETS, key)
        key = f"{example.stack_name}.template.json"
        template = example.template_file.read_text()
        for shown, existing in EXISTING_NETWORK.items():
            template = template.replace(shown, existing)
        s3.put_object(Bucket=ASSETS, Key=key, Body=template.encode())
        return f"https://s3.{REGION}.amazonaws.com/{ASSETS}/{key}"

    def publish_image(self, context: Path, repository: str, tag: str) -> None:
        """Builds the image of a folder, and pushes it."""
        image = ImageStore(self.directory / "images").build(context)
        secret = self.aws.root_keys.secret_access_key(ACCOUNT)
        session = _AtEndpoint(boto3.Session(ACCOUNT, secret, region_name=REGION), self.aws)
        publish(session, repository, [tag], image)  # type: ignore[arg-type]

    def publish_project_image(self, repository: str) -> None:
        """Builds the image of a new project, and pushes it with the tag `model-build`."""
        context = self.directory / "model-build"
        for name, file in seed_code()[Seed.TABULAR].model_build.files().items():
            path = context / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, path)
        self.publish_image(context, repository, "model-build")

    def create(self, example: Synthesis) -> dict[str, str]:
        """Creates an example's stack and returns its outputs."""
        self.client("cloudformation").create_stack(
            StackName=example.stack_name,
            TemplateURL=self.upload(example),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        stack = self.settled(example.stack_name)
        assert stack["StackStatus"] == "CREATE_COMPLETE", self.failures(example.stack_name)
        return self.outputs_of(example.stack_name)

    def update(self, example: Synthesis) -> None:
        """Updates an example's stack."""
        self.client("cloudformation").update_stack(
            StackName=example.stack_name,
            TemplateURL=self.upload(example),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        stack = self.settled(example.stack_name)
        assert stack["StackStatus"] == "UPDATE_COMPLETE", self.failures(example.stack_name)

    def outputs_of(self, stack: str) -> dict[str, str]:
        """Returns the outputs of a stack by name."""
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {
            output["OutputKey"]: output["OutputValue"]
            for output in found.get("Outputs", ())
            if not output["OutputKey"].startswith("Export")
        }

    def delete(self, example: Synthesis) -> None:
        """Deletes an example's stack."""
        self.delete_stack(example.stack_name)

    def delete_stack(self, stack_name: str) -> None:
        """Deletes any stack."""
        cloudformation = self.client("cloudformation")
        name = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=name)
        stack = self.settled(name)
        assert stack["StackStatus"] == "DELETE_COMPLETE", self.failures(name)

    def settled(self, stack: str) -> dict[str, Any]:
        """Returns the stack when its operation has ended."""
        cloudformation = self.client("cloudformation")
        while True:
            found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            if not found["StackStatus"].endswith("IN_PROGRESS"):
                return found
            time.sleep(0.1)

    def failures(self, stack: str) -> list[str]:
        """Returns the failure reasons of a stack's resources."""
        answer = self.client("cloudformation").describe_stack_events(StackName=stack)
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in answer["StackEvents"]
            if event["ResourceStatus"].endswith("FAILED")
        ]


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account with the stores, the serving image, its model data, and a hub."""
    directory = tmp_path_factory.mktemp("rehearsal") / "aws"
    aws, _ = server_process.start(directory)
    try:
        prepared = Account(aws, directory)
        # Resources of `cdk bootstrap` that templates refer to.
        prepared.client("s3").create_bucket(Bucket=ASSETS)
        prepared.bootstrap()
        outputs = prepared.create(synthesis(STORES))
        prepared.publish_image(ROOT / "docs/examples/image", outputs["RepositoryUri"], "1")
        for key in ("models/churn/model.tar.gz", "models/many/small.tar.gz"):
            prepared.client("s3").put_object(
                Bucket=outputs["BucketName"], Key=key, Body=_model_data(INTERCEPT)
            )
        hub_models.publish(aws, INTERCEPT)
        yield prepared
    finally:
        server_process.stop(directory)


class _AtEndpoint:
    """A session whose clients call the local AWS."""

    def __init__(self, session: boto3.Session, aws: LocalAws) -> None:
        self._aws = aws
        self.region_name = session.region_name

    def client(self, service: str, *_: Any, **__: Any) -> Any:
        return self._aws.client(service)


def _model_data(intercept: float) -> bytes:
    content = json.dumps({"intercept": intercept}).encode()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("model.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return target.getvalue()
