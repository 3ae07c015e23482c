"""Branches that require pull requests."""

from dataclasses import dataclass

from mlops_constructs._problems import Problems, is_known

_REFERENCE = "refs/heads/"


@dataclass(frozen=True, kw_only=True)
class BranchRule:
    """A branch that only pull requests can change.

    Principals that work (`Persona.works`) push other branches and open pull requests. Principals
    that approve (`Persona.approves`) merge them, and cannot push: each change of the branch
    requires two users. Branches without a rule can be pushed and merged by those who work.

    The rule consists of IAM statements, so it applies to repositories of CodeCommit. For
    repositories at GitHub, GitLab or Bitbucket, use branch protection there.

    Args:
        repository: suffix of the repository's name after that of the project: `model-deploy` is
            `PROJECT-model-deploy`.
        branch: branch, without `refs/heads/`. Defaults to `main`.

    Raises:
        ValueError: an empty name, a name with a wildcard, or a full reference.

    Source: "Limit pushes and merges to branches in AWS CodeCommit" in CodeCommit's User Guide.

    Example:
        ```python
        BranchRule(repository="model-build", branch="main")
        ```
    """

    repository: str
    branch: str = "main"

    def __post_init__(self) -> None:
        problems = Problems(f"BranchRule {self.repository}/{self.branch}")
        for name, value in (("repository", self.repository), ("branch", self.branch)):
            if is_known(value) and (not value or "*" in value or "?" in value):
                problems.add(f"{name}: got {value!r}; allowed is the name of one {name}")
        if is_known(self.branch) and self.branch.startswith(_REFERENCE):
            problems.add(
                f"branch: got {self.branch!r}; allowed is the branch name, such as "
                f"{self.branch.removeprefix(_REFERENCE) or 'main'!r}"
            )
        problems.raise_if_any()

    @property
    def reference(self) -> str:
        """Branch in the form of `codecommit:References`, such as `refs/heads/main`."""
        return f"{_REFERENCE}{self.branch}"
