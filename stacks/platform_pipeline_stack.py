"""Pipeline that deploys this repository's own stacks."""

import dataclasses
import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from constructs import Construct

from mlops_constructs.delivery import (
    PlatformPipeline,
    PlatformStage,
    Source,
    Synthesis,
)
from stacks.artifacts import ReplicaStack, artifact_store
from stacks.code_hosts import connection_arn
from stacks.platform_stack import PlatformStack
from stacks.settings.connections import ConnectionSettings
from stacks.settings.defaults import DefaultSettings
from stacks.settings.platform_pipeline import PlatformPipelineSettings
from stacks.wheels import ROOT


class PlatformPipelineStack(PlatformStack):
    """Defines the self-mutating pipeline that deploys stages on each push.

    Deploy it once with `cdk deploy`; after that it updates itself.

    Args:
        settings: settings of the pipeline.
        config: settings file of the organisation.
        stages: CDK stages, one for each wave.
        defaults: settings of every stack.
        env: account and region.
        connections: connections of the account. Defaults to (): none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformPipelineSettings,
        config: str,
        stages: Sequence[cdk.Stage],
        defaults: DefaultSettings,
        env: cdk.Environment,
        connections: Sequence[ConnectionSettings] = (),
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Deploys the platform from its repository",
            cross_region_references=bool(_other_regions(stages, env)),
        )
        replicas = {
            region: ReplicaStack(
                scope,
                f"{construct_id}Artifacts-{region}",
                defaults=defaults,
                env=cdk.Environment(account=env.account, region=region),
            ).store
            for region in _other_regions(stages, env)
        }
        PlatformPipeline(
            self,
            "Pipeline",
            pipeline_name=settings.name,
            artifacts=dataclasses.replace(artifact_store(self), replicas=replicas),
            source=self._source(settings, connections),
            synthesis=_synthesis(config),
            stages=[
                PlatformStage(
                    stage=stage,
                    approval=wave.approval,
                    confirm_permissions=wave.confirm_permissions,
                )
                for wave, stage in zip(settings.waves, stages, strict=True)
            ],
        )

    def _source(
        self, settings: PlatformPipelineSettings, connections: Sequence[ConnectionSettings]
    ) -> Source:
        given = settings.source
        if given is not None:
            arn = connection_arn(self, given.connection, connections)
            return Source.code_connections(arn, given.owner, given.repository, settings.branch)
        repository = codecommit.Repository(self, "Repository", repository_name=settings.name)
        repository.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        cdk.CfnOutput(self, "CloneUrl", value=repository.repository_clone_url_http)
        return Source.code_commit(repository, settings.branch)


def _other_regions(stages: Sequence[cdk.Stage], env: cdk.Environment) -> list[str]:
    """Returns the regions of stages other than the pipeline's."""
    stacks = [one for stage in stages for one in stage.node.find_all() if cdk.Stack.is_stack(one)]
    return sorted({cdk.Stack.of(one).region for one in stacks} - {env.region})


def _synthesis(config: str) -> Synthesis:
    """Returns the commands of the Makefile, with the CDK CLI that `package.json` pins.

    pip installs uv alone, by its hash: it takes minutes for all packages of the lock file.
    """
    pinned = json.loads((ROOT / "package.json").read_text())["dependencies"]
    npm, _ = Synthesis.install
    environment = "/tmp/platform"  # noqa: S108 - of a build that nobody shares
    uv = f"uv pip install --quiet --python {environment}/bin/python"
    return Synthesis(
        cli_version=pinned["aws-cdk"],
        install=[
            npm,
            "awk '/^[a-z]/{wanted = /^uv==/} wanted' requirements.txt > /tmp/uv.txt",
            "python -m pip install --quiet --require-hashes --requirement /tmp/uv.txt",
            f"uv venv --quiet {environment}",
            f"{uv} --require-hashes --requirement requirements.txt",
            f"{uv} --no-deps --no-build-isolation --editable .",
            f'export PATH="{environment}/bin:$PATH"',
        ],
        commands=[f"npx cdk synth --quiet --context config={config}"],
    )
