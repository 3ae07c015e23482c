"""The kinds of people who work with models."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_constructs._problems import Problems


@dataclass(frozen=True, kw_only=True)
class Persona:
    """Says what somebody does with a project and in a Studio domain.

    Each persona can look at what there is: jobs, pipelines, endpoints, models and reports.

    Raises ValueError for a persona that works or operates and approves as well.

    Example::

        Persona.data_scientist()
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
    def data_scientist() -> Persona:
        """Explores data and trains: jobs, data, code, notebooks, experiments.

        Cannot host a model, start the project's pipelines or approve. What it pushes to
        model-build trains and registers; what it wants in model-deploy a reviewer merges.

        Example::

            Persona.data_scientist()
        """
        return Persona(name="data scientist", works=True)

    @staticmethod
    def ml_engineer() -> Persona:
        """Does what a data scientist does, and runs pipelines, images and endpoints.

        Cannot approve: whoever builds a model does not let it through.

        Example::

            Persona.ml_engineer()
        """
        return Persona(name="ML engineer", works=True, operates=True)

    @staticmethod
    def reviewer() -> Persona:
        """Looks at reports, approves or rejects model packages and deployments, and merges the
        pull requests of branches that have a `BranchRule`.

        Pushes no code, and runs no pipeline. Of a package it changes the approval; what IAM has no
        condition for is in `docs/security.md`.

        Example::

            Persona.reviewer()
        """
        return Persona(name="reviewer", approves=True)

    @staticmethod
    def read_only() -> Persona:
        """Looks, as an auditor or a stakeholder does.

        Example::

            Persona.read_only()
        """
        return Persona(name="read-only")
