"""Stages of a project, and the account that each is deployed to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mlops_constructs._problems import Problems, is_known

from .stage_kind import ALL_KINDS, StageKind
from .stage_network import StageNetwork


@dataclass(frozen=True, kw_only=True)
class ProjectStage:
    """Defines a stage of a project: the endpoint `PROJECT-NAME` in its own stack.

    A stage in another account needs a `ProjectTarget` there.

    Args:
        name: name of the stage: up to 20 lower case letters, digits and hyphens. Its settings are
            `config/NAME.yaml` of the model-deploy repository.
        account: account id, 12 digits. Defaults to None: the account of the project.
        region: region. In another one than that of the project, the stage deploys copies of images
            and models, and needs an account, `ArtifactReplica` and a `ProjectTarget`. Defaults to
            None: the region of the project.
        approval: question that a reviewer approves before the deployment to this stage. Defaults to
            None: no approval.
        network: network of the models, for a stage in another account. Defaults to None: the
            network of the project in its account, no network in another one.
        kinds: kinds that its settings file may name; at least one. The roles of the stage follow
            from them. Defaults to all kinds.

    Raises:
        ValueError: if the name or the account is malformed, the approval is empty, or there is no
            kind.

    Example:
        ```python
        ProjectStage(name="prod", account="222222222222", approval="Deploy to production?")
        ```
    """

    NAME_PATTERN: ClassVar[str] = r"(?!.{21})[a-z](?:-?[a-z0-9])*"
    """Pattern of the name."""

    name: str
    account: str | None = None
    region: str | None = None
    approval: str | None = None
    network: StageNetwork | None = None
    kinds: Sequence[StageKind] = ALL_KINDS

    def __post_init__(self) -> None:
        # A stage is a key of mappings, so it must be hashable.
        object.__setattr__(self, "kinds", tuple(dict.fromkeys(self.kinds)))
        problems = Problems(f"ProjectStage {self.name!r}")
        if not re.fullmatch(self.NAME_PATTERN, self.name):
            problems.add(
                f"name: got {self.name!r}; allowed are up to 20 lower case letters, digits and "
                "single hyphens, with a letter first"
            )
        account = self.account
        if account is not None and is_known(account) and not re.fullmatch("[0-9]{12}", account):
            problems.add(f"account: got {account!r}; allowed are 12 digits, as a string")
        if self.network is not None and account is None:
            problems.add(
                "network: got a network for a stage in the project's account, which uses the "
                "network of the project; remove it, or give the account of the stage"
            )
        if not self.kinds:
            problems.add("kinds: got none; give at least one StageKind")
        if self.approval is not None and not self.approval.strip():
            problems.add("approval: got an empty question; give a text, or None for no approval")
        problems.raise_if_any()

    @property
    def title(self) -> str:
        """Name of the stage of the pipeline, such as "Staging"; `prod` is "Production"."""
        words = {"prod": "production"}.get(self.name, self.name)
        return "".join(word.capitalize() for word in words.split("-"))

    def kind_variables(self) -> dict[str, str]:
        """Returns the environment variable with the kinds of the stage, such as `PROD_KINDS`."""
        return {f"{self.variable_prefix}KINDS": " ".join(self.kinds)}

    @property
    def variable_prefix(self) -> str:
        """Prefix of the environment variables of the synthesis for this stage, such as `PROD_`."""
        return f"{self.name.upper().replace('-', '_')}_"


DEFAULT_STAGES = (
    ProjectStage(name="staging"),
    ProjectStage(name="prod", approval="Deploy this model to production?"),
)
"""Stages of a project that names none: both in the account of the project."""
