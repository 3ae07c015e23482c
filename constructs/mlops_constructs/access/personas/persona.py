"""Personas: kinds of users who work with models."""

from dataclasses import dataclass

from mlops_constructs._problems import Problems


@dataclass(frozen=True, kw_only=True)
class Persona:
    """A kind of users, and their permissions in a project and in a Studio domain.

    Each persona lists projects and describes its own; describes and searches jobs, pipelines,
    endpoints, models and metrics; reads code, reports of evaluations and drift, and the logs of
    endpoints, jobs and builds; and reads why a pipeline, a build or the stack of a stage failed.
    `tests/personas` runs a working day of each persona, with allowed and denied actions.

    Args:
        name: name of the persona.
        works: True allows to start jobs, read and write data, work in Studio, push code and
            register models. Defaults to False.
        operates: True allows to run pipelines, host models and push images. Defaults to False.
        approves: True allows to approve or reject models and deployments. Defaults to False.

    Raises:
        ValueError: a persona that works or operates also approves.

    Example:
        ```python
        Persona.data_scientist()
        ```
    """

    name: str
    works: bool = False
    operates: bool = False
    approves: bool = False

    def __post_init__(self) -> None:
        problems = Problems(f"Persona {self.name}")
        if self.approves and (self.works or self.operates):
            problems.add(
                "approves: got it together with works or operates; allowed is one or the other; "
                "use two personas, so that each approval requires a second user"
            )
        problems.raise_if_any()

    @staticmethod
    def data_scientist() -> "Persona":
        """Returns the persona that explores data and trains models.

        It starts processing, training, tuning and transform jobs named `PROJECT-...`, with the
        project's tag; develops pipelines named `PROJECT-dev-...`; reads and writes data, runs and
        checkpoints, and reads models and captured data; registers models that are pending approval;
        invokes the endpoints of the stages before production; and works in spaces of Studio.

        It cannot host a model, start or change the project's pipelines, write models or approve.
        Its pushes to model-build train and register models; its changes of model-deploy are merged
        by a reviewer.

        Example:
            ```python
            Persona.data_scientist()
            ```
        """
        return Persona(name="data scientist", works=True)

    @staticmethod
    def ml_engineer() -> "Persona":
        """Returns the persona that also operates pipelines, images and endpoints.

        It has the permissions of a data scientist. It changes and runs every SageMaker pipeline
        named `PROJECT-...`, starts, stops and retries pipelines of CodePipeline, pushes images, and
        hosts models.

        It cannot approve, since the approval of a model requires a second user, nor change the
        endpoints of the stages, which only the deployment pipeline changes.

        Example:
            ```python
            Persona.ml_engineer()
            ```
        """
        return Persona(name="ML engineer", works=True, operates=True)

    @staticmethod
    def reviewer() -> "Persona":
        """Returns the persona that approves or rejects model packages and deployments.

        It reads reports, and merges the pull requests of branches with a `BranchRule`. It pushes no
        code, and runs no pipeline. It changes only the approval of a package; `docs/security.md`
        lists the members that IAM has no condition for.

        Example:
            ```python
            Persona.reviewer()
            ```
        """
        return Persona(name="reviewer", approves=True)

    @staticmethod
    def read_only() -> "Persona":
        """Returns the persona of an auditor or a stakeholder, which changes nothing.

        It reads reports, but neither data, models nor captured data.

        Example:
            ```python
            Persona.read_only()
            ```
        """
        return Persona(name="read-only")
