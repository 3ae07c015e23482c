"""The kinds of people who work with models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Persona:
    """Says what somebody does with a project and in a Studio domain.

    Each persona can look at what there is: jobs, pipelines, endpoints, models and reports.

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

    @staticmethod
    def data_scientist() -> Persona:
        """Explores data and trains: jobs, data, code, notebooks, experiments.

        Cannot host a model, start the project's pipelines or approve.

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
        """Looks at reports, and approves or rejects model packages and deployments.

        Changes nothing else: not a package's content, not its pipeline.

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
