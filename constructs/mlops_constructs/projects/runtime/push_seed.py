"""Pushes a seed to an empty repository of a git provider, through AWS CodeConnections.

CodeBuild runs it in the folder of the seed. The environment has the URL of the repository for git
(`REPOSITORY_URL`), its name at the provider (`REPOSITORY`) and the branch (`BRANCH`). The file is
part of the buildspec, and uses the standard library, git and the AWS CLI only.

A repository with the record of a seed is left as it is, so the push is idempotent.
"""

import os
import re
import subprocess
import sys

RECORD = ".seed.json"
_AUTHOR = ("-c", "user.name=ML platform", "-c", "user.email=ml-platform@example.com")
_SIGN_IN = (
    *("-c", "credential.helper=!aws codecommit credential-helper $@"),
    *("-c", "credential.UseHttpPath=true"),
)
# Files that providers offer to create together with a repository.
_INITIAL = re.compile(
    r"(README|LICEN[CS]E|COPYING)(\.\w+)?|\.git(ignore|attributes)", re.IGNORECASE
)


class PushError(Exception):
    """The seed cannot be pushed; the message states what to do."""


def push(url: str, repository: str, branch: str) -> str:
    """Pushes the files of the working directory as the first commit; returns what was done.

    Args:
        url: URL of the repository for git.
        repository: OWNER/NAME at the provider, for messages.
        branch: branch of the first commit.

    Raises:
        PushError: the repository cannot be read or written, or has other code.
    """
    _git("init", "--quiet", "--initial-branch", branch)
    references = _remote(repository, "ls-remote", url).split("\n")
    heads = [line.split("\t")[1] for line in references if "\trefs/heads/" in line]
    if heads:
        if f"refs/heads/{branch}" not in heads:
            raise PushError(
                f"{repository} has the branches {', '.join(heads)[:200]} and no {branch}; use an "
                f"empty repository, or one whose default branch is {branch}"
            )
        _remote(repository, "fetch", "--quiet", url, branch)
        files = _git("ls-tree", "-r", "-z", "--name-only", "FETCH_HEAD").split("\0")[:-1]
        if RECORD in files:
            return f"{repository} has a seed already; nothing was changed"
        other = [path for path in files if not _INITIAL.fullmatch(path)]
        if other:
            raise PushError(
                f"{repository} has code, such as {other[0][:100]!r}; a project begins with an "
                "empty repository: create one, or rename the project"
            )
        _git("update-ref", f"refs/heads/{branch}", "FETCH_HEAD")
        _git("read-tree", "FETCH_HEAD")
        missing = [path for path in files if not os.path.lexists(path)]
        _git("checkout-index", "--", *missing)
    # Forced, because the seed's .gitignore is for the files that its users create.
    _git("add", "--all", "--force")
    _git(*_AUTHOR, "commit", "--quiet", "--message", "Add the seed code")
    _remote(repository, "push", "--quiet", url, f"HEAD:refs/heads/{branch}")
    return f"pushed the seed to {repository}"


def _remote(repository: str, *arguments: str) -> str:
    try:
        return _git(*_SIGN_IN, *arguments)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"git exited with {error.returncode}"]
        raise PushError(
            f"{repository} cannot be used: {lines[-1][:300]}. Create it at the provider, give the "
            "app of the connection access to it, and update the connection if it is pending"
        ) from error


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def main() -> None:
    """Pushes the seed; a failure is the last line of the log, which the project's stack reports."""
    try:
        print(push(os.environ["REPOSITORY_URL"], os.environ["REPOSITORY"], os.environ["BRANCH"]))  # noqa: T201
    except PushError as error:
        sys.exit(f"SEED: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"SEED: {' '.join(error.cmd)}: {error.stderr.strip()[-500:]}")


if __name__ == "__main__":
    main()
