"""The story: the MLOps loop from an empty account to predictions of an endpoint."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rehearsal.client import (
    cdk,
    pipeline_execution,
    places,
    predictions,
    project,
    server_process,
)
from rehearsal.client.cdk import Cdk
from rehearsal.client.drift import traffic
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.predictions import Predictions
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board
from rehearsal.client.project import Project
from rehearsal.client.training_data import TrainingData
from rehearsal.story import rollouts, summary
from rehearsal.story.life import Life
from rehearsal.story.package_reports import Reports
from rehearsal.story.steps import Steps
from rehearsal.story.training import Training

_DEFAULT_PROJECT = "rehearsal"
PLATFORM, BUILD, DEPLOY = "platform", "model-build", "model-deploy"


@dataclass(frozen=True)
class Options:
    """Options of a run.

    Args:
        project: name of the project. Defaults to an empty name: the first project that the app
            deploys itself, or else `rehearsal`, which is created from the template.
        config: settings file of the stacks. Defaults to None: the app's default.
        data: data to train on. Defaults to None: the data of the seed code.
        port: port of the local AWS. Defaults to 0: a free one.
        short: True to end with the first predictions. Defaults to False: the story goes on, if the
            project predicts flights, of which there are later months.
    """

    project: str = ""
    config: Path | None = None
    data: TrainingData | None = None
    port: int = 0
    short: bool = False


@dataclass
class Story:
    """Runs the chapters in order and keeps `summary`, `reports` and `predictions`."""

    options: Options
    board: Board
    commands: Commands
    predictions: Predictions | None = None

    def __post_init__(self) -> None:
        self.summary = summary.begin(self.options.project or _DEFAULT_PROJECT)
        self.steps = Steps(self.board, self.commands, self.summary)
        self._pushed: float | None = None
        self._predicted: float | None = None

    def run(self) -> None:
        """Runs all chapters.

        Raises:
            RehearsalError: a chapter failed.
        """
        with self.board.step(PLATFORM):
            aws = self._place(self._deploy_platform())
            found = self._create_project(aws)
        with self.board.begun(BUILD):
            training = self._build_model(aws, found)
        with self.board.step(DEPLOY):
            self._deploy_model(aws, found, training)
        self.steps.finish(aws, training)
        if not self.options.short and traffic.has_months(
            found.directory("build"), self.summary.target
        ):
            Life(self.steps, aws, found, training.package).run()

    @property
    def reports(self) -> Reports:
        """The reports on the newest model and its data."""
        return self.steps.reports

    def finish(self, status: str, failure: RehearsalError | None = None) -> None:
        """Completes the summary with the steps, the times and the failure."""
        self.summary.status = status
        self.summary.steps = summary.steps(self.board)
        self.summary.time = summary.time_spent(
            time.time() - self.board.began, self.steps.intervals, self._pushed, self._predicted
        )
        if failure:
            lines = [line for tail in self.steps.log for line in (f"== {tail.source}", *tail.lines)]
            failed_row = self.board.deepest_failure()
            self.summary.failure = summary.failure(failed_row, failure, lines)

    def _deploy_platform(self) -> LocalAws:
        tool = Cdk(self.commands)
        # Synthesis is slow and needs no AWS, so the server starts and is bootstrapped meanwhile.
        with ThreadPoolExecutor(max_workers=1) as pool:
            synthesis = pool.submit(self._synthesise, tool)
            try:
                aws = self._start()
                home = f"aws://{aws.account}/{aws.region}"
                self._bootstrap(tool, aws, home)
                synthesis.result()
            except BaseException:
                self.commands.close()  # otherwise the block would wait for the synthesis
                raise
        for environment in cdk.environments(cdk.ASSEMBLY, aws.account, aws.region):
            if environment != home:
                self._bootstrap(tool, aws, environment)
        with self.board.step(PLATFORM, "deploy stacks"):
            tool.deploy(aws, self.board, (PLATFORM, "deploy stacks"))
        return aws

    def _synthesise(self, tool: Cdk) -> None:
        with self.board.step(PLATFORM, "synthesise"):
            tool.synth(self.options.config)

    def _start(self) -> LocalAws:
        with self.board.step(PLATFORM, "start AWS") as row:
            aws, started = server_process.start(port=self.options.port)
            row.detail = aws.url if started else f"{aws.url} (already running)"
        self.summary.account, self.summary.region = aws.account, aws.region
        return aws

    def _bootstrap(self, tool: Cdk, aws: LocalAws, environment: str) -> None:
        with self.board.step(PLATFORM, "bootstrap", detail=environment):
            tool.bootstrap(aws, environment)

    def _place(self, aws: LocalAws) -> LocalAws:
        """Returns the account and region of the project; chooses the project if none is given.

        The project exists there, or is created there from the template.
        """
        deployed = places.deployed_projects(aws)
        name = self.options.project or next(iter(deployed), _DEFAULT_PROJECT)
        self.summary.project = name
        found = places.of_project(aws, name)
        self.summary.account, self.summary.region = found.account, found.region
        return found

    def _create_project(self, aws: LocalAws) -> Project:
        name = self.summary.project
        with self.board.step(PLATFORM, "create project", detail=name):
            found = (
                project.find(aws, name) if project.exists(aws, name) else project.create(aws, name)
            )
            # A new pipeline starts once by itself. Only the push below shall run.
            clients = aws.client("codepipeline"), aws.client("codebuild")
            for which in ("build", "deploy"):
                pipeline_execution.stop_running(*clients, found.pipeline(which), "A push follows")
        with self.board.step(PLATFORM, "clone") as row:
            row.detail = " ".join(found.clone(aws, self.commands))
        return found

    def _build_model(self, aws: LocalAws, found: Project) -> Training:
        with self.board.step(BUILD, "push"):
            if self.options.data:
                self.summary.data = self.options.data.publish(aws, found)
            self._pushed = time.time()
            execution = self.steps.push(aws, found, "Train the model")
        return self.steps.train(aws, found, execution, (BUILD,))

    def _deploy_model(self, aws: LocalAws, found: Project, training: Training) -> None:
        watched = self.steps.deploy(aws, found, training, (DEPLOY,))
        self.summary.endpoints = rollouts.read(aws, found)
        self.steps.require_success(aws, watched)
        endpoint = found.endpoint("prod")
        with self.board.step(DEPLOY, "predict", detail=endpoint) as row:
            held_out = predictions.hold_out(aws, training.package)
            self.predictions = predictions.predict(
                found.account_of(aws, "prod"), endpoint, held_out
            )
            self._predicted = self.predictions.first_response
            self.summary.endpoint_name = endpoint
            self.summary.held_out = summary.held_out(self.predictions)
            row.detail = f"{self.predictions.rows} held-out rows, " + ", ".join(
                f"{name} {value:.4g}" for name, value in self.predictions.metrics.items()
            )
        self.steps.event("rollout", "the first version serves production", row.detail)
