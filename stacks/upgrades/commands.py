"""Programs that the upgrades call: the AWS CLI and git, with the credentials of the user.

Neither boto3 nor a token is needed: git signs in with `aws codecommit credential-helper`, which AWS
documents for both CodeCommit and repositories behind a connection.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MIN_GIT = (2, 38)
_AUTHOR = ("-c", "user.name=ML platform", "-c", "user.email=ml-platform@example.com")


class UpgradeError(Exception):
    """Something cannot be examined or upgraded; the message states what to do."""


def aws(*arguments: str, region: str) -> Any:
    """Runs the AWS CLI; returns its output as parsed JSON.

    Args:
        arguments: service, operation and options.
        region: region of the call.

    Raises:
        UpgradeError: with the last line of the error.
    """
    command = ["aws", *arguments, "--region", region, "--output", "json"]
    done = _run(command, what=f"aws {' '.join(arguments[:2])}")
    return json.loads(done or b"{}")


def signed_in(account: str, region: str) -> Mapping[str, Any]:
    """Returns the identity of the caller.

    Args:
        account: id of the account that the credentials must belong to.
        region: region of the call.

    Raises:
        UpgradeError: the credentials are those of another account.
    """
    caller: Mapping[str, Any] = aws("sts", "get-caller-identity", region=region)
    if caller["Account"] != account:
        raise UpgradeError(
            f"{account} in {region}: got credentials of {caller['Account']}; run the command again "
            f"with credentials of {account}"
        )
    return caller


class Clone:
    """A bare clone of a repository in a temporary folder.

    Args:
        url: URL of the repository.
        folder: empty folder.
        region: region with which git signs in.
        depth: number of commits. Defaults to None: the whole history, which merges need.

    Raises:
        UpgradeError: the repository cannot be read.
    """

    def __init__(self, url: str, folder: Path, *, region: str, depth: int | None = None) -> None:
        self._url, self._folder = url, folder
        helper = f"credential.helper=!aws --region {region} codecommit credential-helper $@"
        self._sign_in = ("-c", helper, "-c", "credential.UseHttpPath=true")
        self._environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        shallow = ["--depth", str(depth)] if depth else []
        command = ["git", *self._sign_in, "clone", "--quiet", "--bare", *shallow, url, str(folder)]
        _run(command, what=f"git clone {url}", environment=self._environment)

    def run(
        self,
        *arguments: str,
        given: bytes = b"",
        index: Path | None = None,
        allowed: Sequence[int] = (0,),
    ) -> bytes:
        """Runs git in the clone; returns its output.

        Args:
            arguments: command of git.
            given: standard input. Defaults to none.
            index: index file. Defaults to None: that of the clone.
            allowed: exit codes that are not failures. Defaults to (0,).

        Raises:
            UpgradeError: git fails.
        """
        environment = self._environment
        if index is not None:
            environment = {**environment, "GIT_INDEX_FILE": str(index)}
        return _run(
            ["git", *_AUTHOR, "-C", str(self._folder), *arguments],
            what=f"git {arguments[0]}",
            environment=environment,
            given=given,
            allowed=allowed,
        )

    def text(self, *arguments: str) -> str:
        """Runs git in the clone; returns its output as text without the last line break."""
        return self.run(*arguments).decode().strip()

    def file(self, revision: str, path: str) -> bytes | None:
        """Returns the content of a file in a commit; None if it has none."""
        listed = self.run("ls-tree", "-z", "--full-tree", revision, "--", path)
        if not listed:
            return None
        return self.run("cat-file", "blob", listed.split(b"\t")[0].split()[2].decode())

    def branch(self) -> str:
        """Returns the default branch of the repository.

        Raises:
            UpgradeError: the repository has no commit.
        """
        name = self.text("symbolic-ref", "--short", "HEAD")
        if not self.run("for-each-ref", f"refs/heads/{name}"):
            raise UpgradeError(f"{self._url} has no commit on its default branch {name}")
        return name

    def has_branch(self, name: str) -> bool:
        """Returns True if the repository has a branch."""
        return bool(self.run("for-each-ref", f"refs/heads/{name}"))

    def push(self, commit: str, branch: str) -> None:
        """Pushes a commit as a new branch; an existing branch is never moved.

        Raises:
            UpgradeError: the branch exists, or git may not push.
        """
        # An expected value of nothing: the push fails if the branch exists.
        new = (f"--force-with-lease=refs/heads/{branch}:", self._url)
        _run(
            [
                *("git", *self._sign_in, "-C", str(self._folder), "push", "--quiet", *new),
                f"{commit}:refs/heads/{branch}",
            ],
            what=f"git push {branch}",
            environment=self._environment,
        )


def git_problem() -> str | None:
    """Returns what is wrong with the installed git; None if it can merge trees."""
    try:
        words = _run(["git", "version"], what="git version").decode().split()
    except UpgradeError as error:
        return str(error)
    version = tuple(int(part) for part in words[2].split(".")[:2])
    if version < MIN_GIT:
        return f"got git {words[2]}; install git {'.'.join(map(str, MIN_GIT))} or later"
    return None


def _run(
    command: Sequence[str],
    *,
    what: str,
    environment: Mapping[str, str] | None = None,
    given: bytes = b"",
    allowed: Sequence[int] = (0,),
) -> bytes:
    try:
        done = subprocess.run(
            command, env=environment, input=given, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise UpgradeError(f"{command[0]} is not installed") from error
    if done.returncode not in allowed:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise UpgradeError(f"{what}: {lines[-1][:500] if lines else f'exit {done.returncode}'}")
    return done.stdout
