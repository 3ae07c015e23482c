"""Rules of CodeCommit's requests, beyond the models.

Sources name operations and errors of the AWS CodeCommit API Reference, or a page of its user guide.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import matching, required, rule, without
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import reserved_tag_rule

_QUOTAS = '"Quotas in AWS CodeCommit"'
_COMMITS = ("CreateCommit", "PutFile")
_MAX_FILES = 100
_MAX_TAGS = 50
_KB = 1024
# Source: "Quotas in AWS CodeCommit", Branch names.
_BAD_BRANCH = r"^[/.]|[/.]$|\.\.|//|\.lock$|@\{|^@$|^refs/|[\x00-\x20\x7f?^*\[\\~:]|^[0-9a-f]{40}$"
_READS = ("GetFile", "GetFolder", "ListFileCommitHistory")
_BRANCH_OPERATIONS = ("CreateBranch", "CreateCommit", "PutFile")
_REPOSITORY = {"repositoryName": "churn"}
_ON_MAIN = {**_REPOSITORY, "branchName": "main"}
_FILE = {**_ON_MAIN, "putFiles[0].filePath": "a.txt", "putFiles[0].fileContent": b"1"}
_SHA = "0123456789012345678901234567890123456789"


def _entries(call: Call) -> list[Mapping[str, Any]]:
    members = ("putFiles", "deleteFiles", "setFileModes")
    return [entry for member in members for entry in call.get(member) or ()]


def _any_file(call: Call) -> Iterator[str]:
    if not _entries(call):
        yield "specify at least one file"


def _many_files(call: Call) -> Iterator[str]:
    number = len(_entries(call))
    if number > _MAX_FILES:
        yield f"got {number} files, at most {_MAX_FILES} are allowed: use a git client"


def _content(call: Call) -> Iterator[str]:
    for put in call.get("putFiles") or ():
        if "fileContent" in put and "sourceFile" in put:
            yield f"{put['filePath']}: specify fileContent or sourceFile, not both"


def _one_target(call: Call) -> Iterator[str]:
    if len(call.get("targets") or ()) != 1:
        yield "A pull request has exactly one target"


def _same_branch(call: Call) -> Iterator[str]:
    for _, target in call.values("targets[]"):
        if target.get("sourceReference") == target.get("destinationReference"):
            name = target.get("sourceReference")
            yield f"{name} is the source and the destination of the pull request"


def _message_bytes(call: Call) -> Iterator[str]:
    size = len(str(call.get("commitMessage") or "").encode())
    if size > 256 * _KB:
        yield f"The commit message may have 256 KB; got {size} bytes"


def _tag_number(call: Call) -> Iterator[str]:
    number = len(call.get("tags") or {})
    if number > _MAX_TAGS:
        yield f"A repository may have {_MAX_TAGS} tags; got {number}"


def _needs(member: str, code: str) -> dict[str, Any]:
    return {"message": f"A {member} is required", "code": code, "source": f"error {code}"}


CODECOMMIT = Catalogue(
    "codecommit",
    reserved_tag_rule(
        "codecommit",
        tags="tags",
        source="error InvalidSystemTagUsageException",
        code="InvalidSystemTagUsageException",
    ),
    rule(
        "tag-number",
        ("CreateRepository", "TagResource"),
        "A repository has at most 50 tags.",
        _tag_number,
        source="error TooManyTagsException",
        code="TooManyTagsException",
        fails={f"tags.t{n}": "x" for n in range(51)},
        passes={"tags.team": "ml"},
    ),
    required(
        "repository-name",
        "GetBranch",
        "repositoryName",
        fails={"branchName": "main"},
        passes=_ON_MAIN,
        **_needs("repository name", "RepositoryNameRequiredException"),
    ),
    required(
        "branch-name-required",
        "GetBranch",
        "branchName",
        fails=_REPOSITORY,
        passes=_ON_MAIN,
        **_needs("branch name", "BranchNameRequiredException"),
    ),
    without(
        "branch-names",
        _BRANCH_OPERATIONS,
        "branchName",
        _BAD_BRANCH,
        "begin or end with a slash or dot, have two dots or slashes in a row, blanks, @{ or one of "
        "?^*[\\~:, or be a commit id",
        source=f"{_QUOTAS}, branch names",
        code="InvalidBranchNameException",
        fails={**_ON_MAIN, "branchName": "feature..x", "commitId": _SHA},
        passes={**_ON_MAIN, "branchName": "feature/x", "commitId": _SHA},
    ),
    matching(
        "commit-ids",
        "CreateBranch",
        "commitId",
        "[0-9a-fA-F]{40}",
        "be a full commit id, of 40 hexadecimal digits",
        source="error InvalidCommitIdException",
        code="InvalidCommitIdException",
        fails={**_ON_MAIN, "commitId": "main"},
        passes={**_ON_MAIN, "commitId": _SHA},
    ),
    matching(
        "read-commit-ids",
        "GetCommit",
        "commitId",
        "[0-9a-fA-F]{4,40}",
        "be a commit id, of hexadecimal digits",
        source="GetCommit, commitId",
        code="InvalidCommitIdException",
        fails={**_REPOSITORY, "commitId": "main"},
        passes={**_REPOSITORY, "commitId": _SHA},
    ),
    *(
        without(
            name,
            operations,
            member,
            r"[\x00-\x1f\x7f]",
            "contain control characters",
            source=f"error {code}",
            code=code,
            fails={**_REPOSITORY, member: "a\nb"},
            passes={**_REPOSITORY, member: "a"},
        )
        for name, operations, member, code in (
            ("specifiers", _READS, "commitSpecifier", "InvalidCommitException"),
            ("folder-paths", ("GetFolder",), "folderPath", "InvalidPathException"),
        )
    ),
    rule(
        "commit-files",
        "CreateCommit",
        "A commit changes at least one file.",
        _any_file,
        source="error FileEntryRequiredException",
        code="FileEntryRequiredException",
        fails=_ON_MAIN,
        passes=_FILE,
    ),
    rule(
        "commit-file-number",
        "CreateCommit",
        "A commit by the API has at most 100 files.",
        _many_files,
        source="error MaximumFileEntriesExceededException",
        code="MaximumFileEntriesExceededException",
        fails={**_ON_MAIN, **{f"deleteFiles[{n}].filePath": f"f{n}" for n in range(101)}},
        passes=_FILE,
    ),
    rule(
        "commit-file-content",
        "CreateCommit",
        "A file has fileContent or sourceFile, not both.",
        _content,
        source="error FileContentAndSourceFileSpecifiedException",
        code="FileContentAndSourceFileSpecifiedException",
        fails={**_FILE, "putFiles[0].sourceFile.filePath": "b.txt"},
        passes=_FILE,
    ),
    rule(
        "commit-message",
        _COMMITS,
        "A commit message has at most 256 KB.",
        _message_bytes,
        source=f"{_QUOTAS}, commit messages",
        code="CommitMessageLengthExceededException",
        fails={**_FILE, "commitMessage": "x" * (256 * _KB + 1)},
        passes={**_FILE, "commitMessage": "x" * (256 * _KB)},
    ),
    matching(
        "email",
        _COMMITS,
        "email",
        r"(?:[^@\s]+@[^@\s]+)?",
        "be an email address",
        source="error InvalidEmailException",
        code="InvalidEmailException",
        fails={**_FILE, "email": "ana"},
        passes={**_FILE, "email": "ana@example.com"},
    ),
    rule(
        "pull-request-target",
        "CreatePullRequest",
        "A pull request has exactly one target.",
        _one_target,
        source="error InvalidTargetsException",
        code="InvalidTargetsException",
        fails={"title": "t", "targets": []},
        passes={"title": "t", "targets[0].sourceReference": "dev"},
    ),
    rule(
        "pull-request-branches",
        "CreatePullRequest",
        "The source and the destination of a pull request differ.",
        _same_branch,
        source="error SourceAndDestinationAreSameException",
        code="SourceAndDestinationAreSameException",
        fails={
            "title": "t",
            "targets[0].sourceReference": "dev",
            "targets[0].destinationReference": "dev",
        },
        passes={
            "title": "t",
            "targets[0].sourceReference": "dev",
            "targets[0].destinationReference": "main",
        },
    ),
)
