"""What happens in the phases of a build."""

from __future__ import annotations

import shlex
import threading
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.aws.platform import AwsError, Credentials, Platform
from rehearsal.execution import build_artifacts, build_runtimes, build_source, build_variables
from rehearsal.execution import buildspec as specification
from rehearsal.execution.build_log import BuildLog
from rehearsal.execution.build_plan import BuildObserver, BuildPlan
from rehearsal.execution.build_shell import BuildShell
from rehearsal.execution.build_workspace import (
    HOME,
    BuildWorkspace,
    ProjectCache,
)
from rehearsal.execution.clients import aws_client
from rehearsal.execution.image import Image

_DEFAULT_FILE = "buildspec.yml"
_S3_ARN = "arn:aws:s3:::"
# https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html
_GOES_ON = {"install": False, "pre_build": False, "build": True, "post_build": True}


class PhaseFailedError(Exception):
    """A phase failed; `code` and `message` are its context in the API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BuildPhases:
    """The work of each phase; what one finds out is kept here for the next."""

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
        self._spec = specification.Buildspec()
        self._variables: dict[str, str] = {}
        self._source_paths = {"": workspace.source_path}
        self._resolved_version = ""
        self._shell: BuildShell | None = None
        self._cache: ProjectCache | None = None

    def provision(self) -> None:
        """Assumes the service role, opens the log and makes the folders of the build."""
        plan = self._plan
        try:
            self._credentials = self._platform.service_credentials(
                plan.service_role,
                service_principal="codebuild.amazonaws.com",
                session_name=f"AWSCodeBuild-{plan.build_uuid}",
            )
        except AwsError as error:
            raise PhaseFailedError(
                "ACCESS_DENIED",
                "CodeBuild is not authorized to perform: sts:AssumeRole on service role. "
                f"{error.message}",
            ) from error
        self._session = self._platform.session(self._credentials, plan.scope.region)
        if plan.log_group and plan.log_stream:
            try:
                self._log.open(self._session, plan.log_group, plan.log_stream)
            except ClientError as error:
                raise PhaseFailedError(
                    "ACCESS_DENIED",
                    f"Service role {plan.service_role} does not allow AWS CodeBuild to create "
                    f"Amazon CloudWatch Logs log streams for build {plan.arn}. Error message: "
                    f"{error.response['Error'].get('Message', '')}",
                ) from error
        self._log.container("Waiting for agent ping")
        if plan.vpc:
            self._log.container(
                f"The rehearsal has no network {plan.vpc}: the build uses the one of this machine"
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
        given = self._spec.phases.get(phase, specification.Phase())
        try:
            self._run_all(given.commands)
        except PhaseFailedError:
            self._run_all(given.finally_commands)
            raise
        self._run_all(given.finally_commands)
        if phase == "post_build":
            self._export()

    def goes_on_after(self, phase: str, status: str) -> bool:
        """Whether the next phase runs although this one did not succeed."""
        if status != "FAILED":
            return False
        on_failure = self._spec.phases[phase].on_failure if phase in self._spec.phases else None
        return _GOES_ON[phase] if on_failure is None else on_failure == "CONTINUE"

    def upload_artifacts(self) -> None:
        """Collects and uploads the primary and the secondary artifacts."""
        wanted: list[tuple[str | None, dict[str, Any], specification.ArtifactFiles | None]]
        wanted = [(None, dict(self._plan.artifacts), self._spec.artifacts)]
        for artifact in self._plan.secondary_artifacts:
            identifier = artifact["artifactIdentifier"]
            files = self._spec.secondary_artifacts.get(identifier)
            wanted.append((identifier, dict(artifact), files))
        for identifier, artifact, files in wanted:
            if artifact.get("type", "NO_ARTIFACTS") == "NO_ARTIFACTS":
                continue
            if artifact["type"] == "CODEPIPELINE" and not artifact.get("location"):
                continue  # the pipeline's action has no output artifact
            if files is None:
                where = "artifacts" if identifier is None else f"secondary-artifacts/{identifier}"
                raise PhaseFailedError(
                    "CLIENT_ERROR", f"no {where} in the build specification, but one is expected"
                )
            self._upload(identifier, artifact, files)

    def close(self) -> None:
        """Ends what still runs and keeps the project's cache."""
        if self._shell is not None:
            self._shell.close()
        if self._cache is not None:
            for path in self._cache.save(self._workspace):
                self._log.container(f"Kept {path} in the cache")

    def _fetch_sources(self) -> str | None:
        plan = self._plan
        access = build_source.SourceAccess(
            self._session, self._credentials, self._platform.ca_bundle
        )
        primary = self._workspace.host_path(self._workspace.source_path)
        try:
            version = build_source.fetch(plan.source, plan.source_version, primary, access)
            for source in plan.secondary_sources:
                identifier = source["sourceIdentifier"]
                path = f"{self._workspace.source_path.rsplit('/', 1)[0]}/{identifier}"
                self._source_paths[identifier] = path
                folder = self._workspace.host_path(path)
                folder.mkdir()
                secondary = plan.secondary_versions.get(identifier)
                build_source.fetch(source, secondary, folder, access)
        except build_source.SourceError as error:
            raise PhaseFailedError("CLIENT_ERROR", str(error)) from error
        return version

    def _read_specification(self) -> specification.Buildspec:
        given = self._plan.source.get("buildspec") or _DEFAULT_FILE
        try:
            if "\n" in given or given.lstrip().startswith(("{", "version:")):
                self._log.container("YAML location is inline")
                return specification.parse(given)
            return specification.parse(self._specification_file(given))
        except specification.BuildspecError as error:
            raise PhaseFailedError("YAML_FILE_ERROR", str(error)) from error

    def _specification_file(self, name: str) -> str:
        if name.startswith(_S3_ARN):
            bucket, _, key = name.removeprefix(_S3_ARN).partition("/")
            client: Any = aws_client(self._session, "s3")
            try:
                content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            except ClientError as error:
                raise PhaseFailedError("YAML_FILE_ERROR", f"{name}: {error}") from error
            return content.decode()
        path = f"{self._workspace.source_path}/{name}"
        self._log.container(f"YAML location is {path}")
        try:
            return self._workspace.host_path(path).read_text()
        except OSError as error:
            raise PhaseFailedError(
                "YAML_FILE_ERROR", f"stat {path}: {(error.strerror or '').lower()}"
            ) from error

    def _set_up_runtimes(self) -> None:
        versions = self._spec.phases["install"].runtime_versions
        try:
            runtimes = build_runtimes.select(versions)
        except build_runtimes.RuntimeUnavailableError as error:
            raise PhaseFailedError("YAML_FILE_ERROR", str(error)) from error
        for note in runtimes.notes:
            self._log.container(note)
        image = Image(
            digest=self._plan.environment["image"],
            interpreter=runtimes.python,
            working_directory=self._workspace.source_path,
        )
        self._shell = BuildShell(
            self._workspace,
            image=image,
            shell=self._spec.shell,
            environment=self._environment(runtimes),
            mounts=self._workspace.mounts(self._platform.ca_bundle),
            on_line=self._log.output,
            stopped=self._stopped,
            deadline=self._deadline,
        )
        if self._shell.run(runtimes.setup_command()) != 0:
            raise PhaseFailedError(
                "COMMAND_EXECUTION_ERROR",
                f"Python {runtimes.python.version} could not be set up. {self._log.last_line}",
            )

    def _environment(self, runtimes: build_runtimes.Runtimes) -> dict[str, str]:
        plan, region = self._plan, self._plan.scope.region
        bundle = str(self._platform.ca_bundle)
        variables = {
            **self._workspace.registry_variables(),
            **self._variables,
            "PATH": runtimes.path,
            "HOME": HOME,
            "PWD": self._workspace.source_path,  # shells then show this path, not where it leads
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "NPM_CONFIG_PREFIX": f"{HOME}/.npm-global",
            "CI": "true",
            "CODEBUILD_CI": "true",
            "CODEBUILD_BUILD_ID": plan.build_id,
            "CODEBUILD_BUILD_ARN": plan.arn,
            "CODEBUILD_BUILD_NUMBER": str(plan.number),
            "CODEBUILD_BUILD_IMAGE": plan.environment["image"],
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": plan.initiator,
            "CODEBUILD_KMS_KEY_ID": plan.encryption_key or "",
            "CODEBUILD_LOG_PATH": plan.build_uuid,
            "CODEBUILD_PROJECT_ARN": plan.scope.arn("codebuild", f"project/{plan.project}"),
            "CODEBUILD_RESOLVED_SOURCE_VERSION": self._resolved_version,
            "CODEBUILD_SOURCE_REPO_URL": plan.source.get("location", ""),
            "CODEBUILD_SOURCE_VERSION": plan.source_version or "",
            "CODEBUILD_SRC_DIR": self._workspace.source_path,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            **self._platform.environment(self._credentials, region),
            # Registries and AWS must both be trusted; the bundle holds the public roots, too.
            "AWS_CA_BUNDLE": bundle,
            "GIT_SSL_CAINFO": bundle,
            "NODE_EXTRA_CA_CERTS": bundle,
        }
        for identifier, path in self._source_paths.items():
            if identifier:
                variables[f"CODEBUILD_SRC_DIR_{identifier}"] = path
        return variables

    def _run_all(self, commands: tuple[str, ...]) -> None:
        for command in commands:
            self._log.container(f"Running command {command}")
            self._log.forget_output()
            status = self._running_shell.run(command)
            if status != 0:
                self._log.container(
                    f"Command did not exit successfully {command} exit status {status}"
                )
                self._running_shell.run("export CODEBUILD_BUILD_SUCCEEDING=0")
                last = self._log.last_line
                raise PhaseFailedError(
                    "COMMAND_EXECUTION_ERROR",
                    f"Error while executing command: {command}. Reason: exit status {status}"
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

    def _upload(
        self,
        identifier: str | None,
        artifact: dict[str, Any],
        files: specification.ArtifactFiles,
    ) -> None:
        plan = self._plan
        self._log.container("Assembling file list")
        source = self._workspace.host_path(self._workspace.source_path)
        try:
            found = build_artifacts.collect(files, source)
            self._log.container(f"Found {len(found)} file(s)")
            uploaded = build_artifacts.upload(
                artifact,
                found,
                session=self._session,
                scratch=self._workspace.directory / "control",
                encryption_key=plan.encryption_key,
                build_uuid=plan.build_uuid,
                name=self._expand(files.name),
            )
        except build_artifacts.ArtifactError as error:
            raise PhaseFailedError("CLIENT_ERROR", str(error)) from error
        self._observer.uploaded(identifier, uploaded)

    def _expand(self, name: str | None) -> str | None:
        """Shell expressions in an artifact's name, as `app-$(date +%F)`."""
        if name is None or "$" not in name:
            return name
        target = self._workspace.control_path("artifact-name")
        self._running_shell.run(f'printf %s "{name}" > {shlex.quote(target)}')
        return (self._workspace.directory / "control/artifact-name").read_text()
