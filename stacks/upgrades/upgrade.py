"""Examination and upgrade of all projects of accounts."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mlops_constructs.projects import Seed
from mlops_constructs.projects.seeds.seed_version import SEED_RECORD
from stacks.upgrades.commands import Clone, UpgradeError, git_problem
from stacks.upgrades.deployed_projects import ProjectRepository, project_repositories
from stacks.upgrades.merge import Proposal, listed, merge_seed
from stacks.upgrades.pull_requests import PullRequest, open_pull_request
from stacks.upgrades.seed_state import SeedRecord, changed_files, read_record

CURRENT, BEHIND, PROPOSED, FAILED = "current", "behind", "proposed", "failed"


@dataclass(frozen=True, kw_only=True)
class RepositoryReport:
    """The state of a repository.

    Args:
        project: name of the project.
        repository: name of the repository; of an account that cannot be examined, its id.
        state: current, behind, proposed or failed.
        recorded: version of the seed that the repository records; empty if unknown.
        newest: version of the newest seed; empty if unknown.
        changed: number of files that differ between the two.
        detail: reason of a failure, or the pull request.
        conflicts: files that both the team and the seed have changed.
    """

    project: str
    repository: str
    state: str
    recorded: str = ""
    newest: str = ""
    changed: int = 0
    detail: str = ""
    conflicts: Sequence[str] = ()

    def content(self) -> dict[str, object]:
        """Returns the report as a mapping for JSON."""
        return {**asdict(self), "conflicts": list(self.conflicts)}


def examine_projects(
    places: Iterable[tuple[str, str]], seeds: Mapping[str, Seed]
) -> list[RepositoryReport]:
    """Returns the state of each repository of all projects.

    Args:
        places: accounts and regions.
        seeds: newest seeds by name.
    """

    def examine(repository: ProjectRepository, folder: Path) -> RepositoryReport:
        clone = Clone(repository.url, folder, region=repository.region, depth=1)
        return _compared(repository, _record(clone, clone.branch()), seeds)[0]

    return _for_each(places, examine)


def upgrade_projects(
    places: Iterable[tuple[str, str]], seeds: Mapping[str, Seed], *, only: str | None = None
) -> list[RepositoryReport]:
    """Proposes the newest seed to each repository that is behind, as a pull request.

    A branch with the same proposal is not pushed again. The branch of the team is never changed.

    Args:
        places: accounts and regions.
        seeds: newest seeds by name.
        only: name of the only project to upgrade. Defaults to None: all projects.

    Raises:
        UpgradeError: the installed git cannot merge.
    """
    problem = git_problem()
    if problem is not None:
        raise UpgradeError(problem)

    def upgrade(repository: ProjectRepository, folder: Path) -> RepositoryReport:
        clone = Clone(repository.url, folder, region=repository.region)
        branch = clone.branch()
        record = _record(clone, branch)
        report, seed = _compared(repository, record, seeds)
        if report.state == CURRENT:
            return report
        return _propose(repository, clone, branch, record, seed, report)

    found = _for_each(places, upgrade, only)
    if only is not None and not found:
        raise UpgradeError(f"got the project {only}, which no account of the settings has")
    return found


def _propose(
    repository: ProjectRepository,
    clone: Clone,
    branch: str,
    record: SeedRecord,
    seed: Seed,
    report: RepositoryReport,
) -> RepositoryReport:
    proposal = merge_seed(clone, branch=branch, record=record, seed=seed)
    source = f"seed-{report.newest}-{_digest(seed)}"
    if not clone.has_branch(source):
        clone.push(proposal.commit, source)
    opened = open_pull_request(
        repository,
        PullRequest(
            source=source,
            target=branch,
            title=f"Merge version {report.newest} of the seed {record.name}",
            description=_description(record, report, proposal),
        ),
    )
    return RepositoryReport(
        project=report.project,
        repository=report.repository,
        state=PROPOSED,
        recorded=report.recorded,
        newest=report.newest,
        changed=report.changed,
        detail=opened,
        conflicts=sorted(proposal.conflicts),
    )


def _for_each(
    places: Iterable[tuple[str, str]],
    work: Callable[[ProjectRepository, Path], RepositoryReport],
    only: str | None = None,
) -> list[RepositoryReport]:
    """Does the work for each repository; a failure is its report and stops no other."""
    reports = []
    for account, region in places:
        try:
            repositories = project_repositories(account, region)
        except UpgradeError as error:
            reports.append(
                RepositoryReport(project="", repository=account, state=FAILED, detail=str(error))
            )
            continue
        for one in repositories:
            if only is not None and one.project != only:
                continue
            with tempfile.TemporaryDirectory() as directory:
                try:
                    reports.append(work(one, Path(directory) / "clone.git"))
                except UpgradeError as error:
                    reports.append(
                        RepositoryReport(
                            project=one.project,
                            repository=one.name,
                            state=FAILED,
                            detail=str(error),
                        )
                    )
    return reports


def _record(clone: Clone, branch: str) -> SeedRecord:
    return read_record(clone.file(f"refs/heads/{branch}", SEED_RECORD))


def _compared(
    repository: ProjectRepository, record: SeedRecord, seeds: Mapping[str, Seed]
) -> tuple[RepositoryReport, Seed]:
    seed = seeds.get(record.name)
    if seed is None or seed.version is None:
        raise UpgradeError(
            f"records the seed {record.name[:100]!r}; this repository has {', '.join(seeds)}"
        )
    changed = changed_files(record, seed)
    report = RepositoryReport(
        project=repository.project,
        repository=repository.name,
        state=BEHIND if changed else CURRENT,
        recorded=record.version,
        newest=seed.version.version,
        changed=len(changed),
    )
    return report, seed


def _digest(seed: Seed) -> str:
    return hashlib.sha256(seed.contents()[SEED_RECORD]).hexdigest()[:8]


def _description(record: SeedRecord, report: RepositoryReport, proposal: Proposal) -> str:
    """Returns the text of the pull request."""
    parts = [
        f"The seed {record.name} of this repository has changed from version {report.recorded} to "
        f"{report.newest}. This branch merges its changes into your code:",
        listed(proposal.changed) or "No file changes.",
    ]
    if proposal.conflicts:
        parts.append(
            "**Conflicts.** You and the seed have both changed these files. The branch has your "
            "content; apply the change of the seed on this branch where you want it:"
        )
        parts += [f"`{path}`\n\n```diff\n{text}\n```" for path, text in proposal.conflicts.items()]
    return "\n\n".join(parts)
