"""A platform's CDK app, as it stands in its repository; `stages.json` names its stages."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_ssm as ssm

from mlops_constructs.delivery import (
    ArtifactStore,
    PlatformPipeline,
    PlatformStage,
    Source,
    Synthesis,
)

# Packages and environments stay on the build host. The CDK library does not: the end of the test
# stops builds, and a build that is stopped while it extracts the library leaves half of it.
INSTALL = """
export JSII_RUNTIME_PACKAGE_CACHE=disabled
export UV="$HOME/.cache/uv/uv-0.13.9" && export PATH="$UV/bin:$PATH"
command -v uv > /dev/null || pip install --quiet --target "$UV" uv==0.13.9
export HASH="$(cat requirements.txt wheels/*.whl | sha256sum | cut -c1-16)"
export VENV="$HOME/.cache/uv/venvs/platform-$HASH"
uv venv --quiet --allow-existing --python "$(command -v python)" "$VENV"
uv pip sync --quiet --python "$VENV/bin/python" --require-hashes requirements.txt
uv pip install --quiet --python "$VENV/bin/python" --no-deps wheels/*.whl
export PATH="$VENV/bin:$PATH"
npm ci --no-audit --no-fund --loglevel error
"""
STAGES = json.loads(Path("stages.json").read_text())
ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")
ELSEWHERE = cdk.Environment(account="222222222222", region="us-east-1")
# A template of more than 51,200 bytes is handed to CloudFormation by its address.
LONG = ["what a template carries beside its resources " * 20] * 100


class Greeting(cdk.Stage):
    """A parameter and, where there is one, a file beside it."""

    def __init__(self, scope: cdk.App, name: str) -> None:
        super().__init__(scope, name, env=ELSEWHERE if name == "Elsewhere" else ENVIRONMENT)
        stack = cdk.Stack(self, "Greeting")
        if name != "Staging":
            stack.template_options.metadata = {"Long": LONG}
        place = "no file"
        if name == "Production":
            place = s3_assets.Asset(stack, "Asset", path="stages.json").s3_object_key
        ssm.StringParameter(
            stack, "Parameter", parameter_name=f"/greeting/{name}", string_value=place
        )


app = cdk.App()
platform = cdk.Stack(app, "Platform", env=ENVIRONMENT)
key = kms.Key(platform, "Key")
bucket = s3.Bucket(platform, "Artifacts", encryption_key=key)
repository = codecommit.Repository(platform, "Repository", repository_name="platform")
PlatformPipeline(
    platform,
    "Pipeline",
    pipeline_name="platform",
    artifacts=ArtifactStore(bucket=bucket, key=key),
    source=Source.code_commit(repository),
    synthesis=Synthesis(
        cli_version=json.loads(Path("package.json").read_text())["dependencies"]["aws-cdk"],
        install=INSTALL.strip().splitlines(),
    ),
    stages=[PlatformStage(stage=Greeting(app, name)) for name in STAGES],
)
cdk.CfnOutput(platform, "CloneUrl", value=repository.repository_clone_url_http)
app.synth()
