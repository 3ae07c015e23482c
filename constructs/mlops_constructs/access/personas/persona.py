"""The kinds of people who work with models."""

from dataclasses import dataclass

from mlops_constructs._problems import Problems


@dataclass(frozen=True, kw_only=True)
class Persona:
    """Says what somebody does with a project and in a Studio domain.

    Each persona sees projects and opens theirs; looks at jobs, pipelines, endpoints, models and
    metrics, and searches them; reads code, reports of evaluations and drift, and the logs of
    endpoints, jobs and builds; and finds out why a pipeline, a build or a stage's stack failed.
    `tests/personas` lives a day as each of them, with what they do and what is denied.

    Raises ValueError for a persona that works or operates and approves as well.

    Example:
        ```python
        Persona.data_scientist()
        ```
    """

    name: str
    #: Starts jobs, reads and writes data, works in Studio, pushes code, registers models.
    works: bool = False
    #: Runs pipelines, hosts models, pushes images.
    operates: bool = False
    #: Approves or rejects models and deployments.
    approves: bool = False

    def __post_init__(self) -> None:
        problems = Problems(f"the persona {self.name}")
        if self.approves and (self.works or self.operates):
            problems.add(
                "it makes models and approves them; allowed is one or the other: give people who "
                "do both two roles, so that each approval has a second person"
            )
        problems.raise_if_any()

    @staticmethod
    def data_scientist() -> "Persona":
        """Explores data and trains: jobs, data, code, notebooks, experiments.

        Starts processing, training, tuning and transform jobs named `PROJECT-...`, with the
        project's tag; develops pipelines named `PROJECT-dev-...`; reads and writes data, runs and
        checkpoints, and reads models and what endpoints captured; registers models that wait for
        approval; invokes the endpoints of the stages before production; works in spaces of Studio.

        Cannot host a model, start or change the project's pipelines, write models or approve. What
        it pushes to model-build trains and registers; what it wants in model-deploy a reviewer
        merges.

        Example:
            ```python
            Persona.data_scientist()
            ```
        """
        return Persona(name="data scientist", works=True)

    @staticmethod
    def ml_engineer() -> "Persona":
        """Does what a data scientist does, and runs pipelines, images and endpoints.

        Changes and runs every pipeline of SageMaker named `PROJECT-...`, starts, stops and retries
        those of CodePipeline, pushes images, and hosts models of their own.

        Cannot approve, as whoever builds a model does not let it through, nor change the endpoints
        of the stages: the delivery alone does.

        Example:
            ```python
            Persona.ml_engineer()
            ```
        """
        return Persona(name="ML engineer", works=True, operates=True)

    @staticmethod
    def reviewer() -> "Persona":
        """Looks at reports, approves or rejects model packages and deployments, and merges the
        pull requests of branches that have a `BranchRule`.

        Pushes no code, and runs no pipeline. Of a package it changes the approval; what IAM has no
        condition for is in `docs/security.md`.

        Example:
            ```python
            Persona.reviewer()
            ```
        """
        return Persona(name="reviewer", approves=True)

    @staticmethod
    def read_only() -> "Persona":
        """Looks, as an auditor or a stakeholder does, and changes nothing.

        Reads reports, not data, models or what endpoints captured.

        Example:
            ```python
            Persona.read_only()
            ```
        """
        return Persona(name="read-only")
