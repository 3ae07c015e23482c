"""The phases of a build.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.containers.build_log import BuildLog
from rehearsal.containers.docker.daemon import DockerDaemon
from rehearsal.containers.docker.program import SOCKET
from rehearsal.containers.image import Image
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.mounts import Mount
from rehearsal.containers.sandbox_files import OutsideError
from rehearsal.framework.network_interfaces import check_attachment
from rehearsal.framework.platform import AwsError, Credentials, Platform
from rehearsal.services.codebuild.engine import artifacts, buildspec
from rehearsal.services.codebuild.engine import environment as build_environment
from rehearsal.services.codebuild.engine import runtimes as build_runtimes
from rehearsal.services.codebuild.engine import source as build_source
from rehearsal.services.codebuild.engine import variables as build_variables
from rehearsal.services.codebuild.engine.compute_types import compute_limits
from rehearsal.services.codebuild.engine.plan import BuildObserver, BuildPlan
from rehearsal.services.codebuild.engine.python_environment import (
    PythonEnvironmentError,
    python_environment,
)
from rehearsal.services.codebuild.engine.shell import BuildShell
from rehearsal.services.codebuild.engine.workspace import (
    CONTROL,
    BuildWorkspace,
    ProjectCache,
)

_SERVICE = "codebuild.amazonaws.com"
# True for a phase after whose failure the next one runs.
_CONTINUES = {"install": False, "pre_build": False, "build": True, "post_build": True}


class PhaseFailedError(Exception):
    """A phase failed; `code` and `message` are its context in the API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BuildPhases:
    """The work of each phase of one build.

    Args:
        plan: the build.
        platform: the AWS around the service.
        observer: records the progress of the build.
        log: the log of the build.
        workspace: the folders of the build.
        stopped: set when the build is stopped.
        deadline: the time of `time.monotonic()` at which the build times out.
    """

    def __init__(
        self,
        plan: BuildPlan,
        platform: Platform,
        observer: BuildObserver,
        *,
        log: BuildLog,
        workspace: BuildWorkspace,
        stopped: threading.Event,
        deadline: float,
    ) -> None:
        self._plan = plan
        self._platform = platform
        self._observer = observer
        self._log = log
        self._workspace = workspace
        self._stopped = stopped
        self._deadline = deadline
        self._credentials: Credentials
        self._session: boto3.Session
        self._spec = buildspec.Buildspec()
        self._variables: dict[str, str] = {}
        self._source_paths = {"": workspace.source_path}
        self._resolved_version = ""
        self._shell: BuildShell | None = None
        self._docker: DockerDaemon | None = None
        self._cache: ProjectCache | None = None

    def provision(self) -> None:
        """Assumes the service role, opens the log and creates the folders of the build."""
        plan = self._plan
        self._credentials = _assume_role(plan, self._platform)
        self._session = self._platform.session(self._credentials, plan.scope.region)
        _open_log(plan, self._session, self._log)
        self._log.container("Waiting for agent ping")
        if plan.vpc:
            _check_network(plan, self._platform, plan.vpc)
            self._log.container(
                f"The rehearsal has no network {plan.vpc['vpcId']}: the build reaches other "
                "machines as this one does"
            )
        self._workspace.create()

    def download_source(self) -> None:
        """Fetches the sources, reads the build specification and resolves the variables."""
        self._log.container("Phase is DOWNLOAD_SOURCE")
        self._resolved_version = self._fetch_sources() or ""
        if self._resolved_version:
            self._observer.source_resolved(self._resolved_version)
        self._spec = self._read_specification()
        self._log.container("Processing environment variables")
        settings = self._plan.environment.get("environmentVariables", [])
        try:
            self._variables = build_variables.resolve(self._spec, settings, self._session)
        except build_variables.VariableError as error:
            raise PhaseFailedError("Decrypted Variables Error", str(error)) from error
        if self._plan.cache.get("type") == "LOCAL" and self._spec.cache_paths:
            self._cache = ProjectCache(self._plan.caches, self._spec.cache_paths)
            for path in self._cache.restore(self._workspace):
                self._log.container(f"Restored cache of {path}")

    def run_commands(self, phase: str) -> None:
        """Runs the commands of install, pre_build, build or post_build."""
        self._log.container(f"Entering phase {phase.upper()}")
        if phase == "install":
            self._set_up_runtimes()
        given = self._spec.phases.get(phase, buildspec.Phase())
        try:
            self._run_all(given.commands)
        except PhaseFailedError:
            self._run_all(given.finally_commands)
            raise
        self._run_all(given.finally_commands)
        if phase == "post_build":
            self._export()

    def continues_after(self, phase: str, status: str) -> bool:
        """Returns True if the next phase runs although this one did not succeed."""
        if status != "FAILED":
            return False
        on_failure = self._spec.phases[phase].on_failure if phase in self._spec.phases else None
        return _CONTINUES[phase] if on_failure is None else on_failure == "CONTINUE"

    def upload_artifacts(self) -> None:
        """Collects and uploads the primary and the secondary artifacts."""
        try:
            wanted = [
                (expected, self._expand(expected.files.name))
                for expected in artifacts.expected(self._plan, self._spec)
            ]
            self._close_shell()  # so that nothing changes the files while they are read
            source = self._workspace.host_path(self._workspace.source_path)
            for expected, name in wanted:
                self._log.container("Assembling file list")
                found = artifacts.collect(expected.files, source)
                self._log.container(f"Found {len(found)} file(s)")
                uploaded = artifacts.upload(
                    expected.settings,
                    found,
                    source=source,
                    session=self._session,
                    scratch=self._workspace.directory,
                    encryption_key=self._plan.encryption_key,
                    build_uuid=self._plan.build_uuid,
                    name=name,
                )
                self._observer.uploaded(expected.identifier, uploaded)
        except (artifacts.ArtifactError, OutsideError) as error:
            raise PhaseFailedError("CLIENT_ERROR", str(error)) from error

    def close(self) -> None:
        """Stops the shell, and saves the project's cache."""
        self._close_shell()
        if self._docker is not None:
            self._docker.close()
        if self._cache is not None:
            for path in self._cache.save(self._workspace):
                self._log.container(f"Kept {path} in the cache")

    def _close_shell(self) -> None:
        if self._shell is not None:
            self._shell.close()

    def _fetch_sources(self) -> str | None:
        access = build_source.SourceAccess(
            self._session, self._credentials, self._platform.ca_bundle
        )
        try:
            version, secondary = build_source.fetch_all(self._plan, self._workspace, access)
        except build_source.SourceError as error:
            raise PhaseFailedError("CLIENT_ERROR", str(error)) from error
        self._source_paths |= secondary
        return version

    def _read_specification(self) -> buildspec.Buildspec:
        given = self._plan.source.get("buildspec")
        if not buildspec.is_inline(given):
            self._log.container(f"YAML location is {given or buildspec.DEFAULT_FILE}")
        folder = self._workspace.host_path(self._workspace.source_path)
        try:
            return buildspec.read(given, folder, self._workspace.source_path, self._session)
        except buildspec.BuildspecError as error:
            raise PhaseFailedError("YAML_FILE_ERROR", str(error)) from error

    def _set_up_runtimes(self) -> None:
        versions = self._spec.phases["install"].runtime_versions
        try:
            runtimes = build_runtimes.select(versions)
        except build_runtimes.RuntimeUnavailableError as error:
            raise PhaseFailedError("YAML_FILE_ERROR", str(error)) from error
        for note in runtimes.notes:
            self._log.container(note)
        try:
            python = python_environment(
                runtimes,
                self._workspace,
                tools=self._workspace.tools(self._platform.ca_bundle),
                registries=self._workspace.registries,
            )
        except PythonEnvironmentError as error:
            raise PhaseFailedError(
                "COMMAND_EXECUTION_ERROR",
                f"Python {runtimes.python.version} could not be set up. {error}",
            ) from error
        image = Image(
            digest=self._plan.environment["image"],
            interpreter=runtimes.python,
            working_directory=self._workspace.source_path,
        )
        self._shell = BuildShell(
            self._workspace,
            image=image,
            shell=self._spec.shell,
            environment=build_environment.variables(
                self._plan,
                own=self._variables,
                registries=self._workspace.registries.variables,
                credentials=self._platform.environment(self._credentials, self._plan.scope.region),
                ca_bundle=self._platform.ca_bundle,
                path=runtimes.path,
                sources=self._source_paths,
                resolved_version=self._resolved_version,
            ),
            mounts=[
                *self._workspace.mounts(self._platform.ca_bundle),
                *python,
                *self._docker_socket(),
            ],
            outside=self._workspace.registries.outside,
            limits=compute_limits(self._plan.environment),
            on_line=self._log.output,
            stopped=self._stopped,
            deadline=self._deadline,
        )

    def _docker_socket(self) -> list[Mount]:
        """Starts the daemon behind `docker`, which AWS gives to builds in privileged mode."""
        if not self._plan.environment.get("privilegedMode"):
            return []
        self._docker = DockerDaemon(
            ImageStore(self._platform.state_directory / "images"),
            endpoint_url=self._platform.endpoint_url,
            ca_bundle=self._platform.ca_bundle,
            limits=compute_limits(self._plan.environment),
        )
        self._docker.start()
        return [Mount(self._docker.socket_path, SOCKET, writable=True)]

    def _run_all(self, commands: tuple[str, ...]) -> None:
        for command in commands:
            self._log.container(f"Running command {command}")
            self._log.forget_output()
            status = self._running_shell.run(command)
            if status != 0:
                killed = self._running_shell.taken_limit()
                self._log.container(
                    f"Command did not exit successfully {command} exit status {status}"
                )
                self._running_shell.run("export CODEBUILD_BUILD_SUCCEEDING=0")
                last = self._log.last_line
                raise PhaseFailedError(
                    "COMMAND_EXECUTION_ERROR",
                    f"Error while executing command: {command}. Reason: exit status {status}"
                    + (f". Killed, {killed}" if killed else "")
                    + (f". Last line of its output: {last}" if last else ""),
                )

    @property
    def _running_shell(self) -> BuildShell:
        if self._shell is None:
            raise RuntimeError("no shell: the install phase did not run")
        return self._shell

    def _export(self) -> None:
        names = self._spec.exported_variables
        if names:
            self._observer.exported(self._running_shell.variables(names))

    def _expand(self, name: str | None) -> str | None:
        """Expands shell expressions in an artifact's name, such as `app-$(date +%F)`."""
        if name is None or "$" not in name:
            return name
        self._running_shell.run(f'printf %s "{name}" > {CONTROL}/artifact-name')
        return self._running_shell.output("artifact-name")


def _assume_role(plan: BuildPlan, platform: Platform) -> Credentials:
    """Returns credentials of the service role.

    Raises:
        PhaseFailedError: CodeBuild may not assume the role.
    """
    try:
        return platform.service_credentials(
            plan.service_role,
            service_principal=_SERVICE,
            session_name=f"AWSCodeBuild-{plan.build_uuid}",
            source_arn=plan.scope.arn("codebuild", f"project/{plan.project}"),
        )
    except AwsError as error:
        raise PhaseFailedError(
            "ACCESS_DENIED",
            "CodeBuild is not authorized to perform: sts:AssumeRole on service role. "
            f"{error.message}",
        ) from error


def _check_network(plan: BuildPlan, platform: Platform, vpc: Mapping[str, Any]) -> None:
    """Checks that the service role may attach the build to its VPC.

    Raises:
        PhaseFailedError: the role may not.
    """
    try:
        check_attachment(
            platform,
            plan.service_role,
            plan.scope,
            subnet_ids=vpc["subnets"],
            security_group_ids=vpc["securityGroupIds"],
            service=_SERVICE,
        )
    except AwsError as error:
        raise PhaseFailedError(
            "UNAUTHORIZED_OPERATION_CREATE_NETWORK_INTERFACE",
            "The service role is not authorized to attach the build to the VPC "
            f"{vpc['vpcId']}. {error.message}",
        ) from error


def _open_log(plan: BuildPlan, session: boto3.Session, log: BuildLog) -> None:
    """Opens the log of a build that has one.

    Raises:
        PhaseFailedError: the service role may not create the log stream.
    """
    if not plan.log_group or not plan.log_stream:
        return
    try:
        log.open(session, plan.log_group, plan.log_stream)
    except ClientError as error:
        raise PhaseFailedError(
            "ACCESS_DENIED",
            f"Service role {plan.service_role} does not allow AWS CodeBuild to create Amazon "
            f"CloudWatch Logs log streams for build {plan.arn}. Error message: "
            f"{error.response['Error'].get('Message', '')}",
        ) from error
