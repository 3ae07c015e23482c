"""Who changes which branch of a project's repositories."""

from dataclasses import dataclass

from mlops_constructs._problems import Problems, is_known

_REFERENCE = "refs/heads/"


@dataclass(frozen=True, kw_only=True)
class BranchRule:
    """Defines a branch that changes by pull requests alone.

    Those who work (`Persona.works`) push other branches and open pull requests. Those who approve
    (`Persona.approves`) merge them, and cannot push: each change of the branch has two people.
    Branches without a rule are pushed and merged into by those who work.

    The rule is made of IAM statements, so it is about repositories of CodeCommit. Where a project's
    code is at GitHub, GitLab or Bitbucket, branch protection there says the same.

    Args:
        repository: the repository's name after that of the project: "model-deploy" is
            `PROJECT-model-deploy`.
        branch: the branch, without `refs/heads/`. Default: main.

    Raises ValueError for an empty name, one with a wildcard, and a full reference.

    Source: "Limit pushes and merges to branches in AWS CodeCommit" in CodeCommit's User Guide.

    Example:
        ```python
        BranchRule(repository="model-build", branch="main")
        ```
    """

    repository: str
    branch: str = "main"

    def __post_init__(self) -> None:
        problems = Problems("the branch rule")
        for name, value in (("repository", self.repository), ("branch", self.branch)):
            if is_known(value) and (not value or "*" in value or "?" in value):
                problems.add(f"{name}: got {value!r}; allowed is the name of one {name}")
        if is_known(self.branch) and self.branch.startswith(_REFERENCE):
            problems.add(
                f"branch: got {self.branch!r}; allowed is the branch alone, such as "
                f"{self.branch.removeprefix(_REFERENCE) or 'main'!r}"
            )
        problems.raise_if_any()

    @property
    def reference(self) -> str:
        """The branch as `codecommit:References` has it, `refs/heads/main`."""
        return f"{_REFERENCE}{self.branch}"
