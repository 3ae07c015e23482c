"""The access keys of the roots of accounts, which a random secret of the server protects.

The access key id of a root is the 12-digit id of its account. Its secret access key is derived from
the server's secret, so every account has one, and the secret of one account does not reveal
another's.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

PRIVATE_DIRECTORY = "private"
"""The folder of the state directory with what only the server may read.

A build may see the names beside its volume, but not inside of this folder."""
FILE_NAME = f"{PRIVATE_DIRECTORY}/root-secret"
_BYTES = 32


def is_root_key(access_key_id: str) -> bool:
    """Returns True if an access key id has the form of an account's root."""
    return len(access_key_id) == 12 and access_key_id.isascii() and access_key_id.isdigit()


@dataclass(frozen=True)
class RootKeys:
    """The secret access keys of all roots.

    Args:
        secret: the secret of the server.
    """

    secret: bytes = field(repr=False)

    @classmethod
    def random(cls) -> Self:
        """Returns the keys of a server that keeps no state."""
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def create(cls, directory: Path) -> Self:
        """Returns the keys of a state directory; only the user that runs the server can read them.

        An existing secret stays, so that the shells and clones of a user stay signed in when the
        server starts again.
        """
        path = directory / FILE_NAME
        try:
            return cls.read(directory)
        except (FileNotFoundError, ValueError):
            path.unlink(missing_ok=True)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = cls.random()
        # The file never exists with other permissions, whatever the umask is.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made.secret.hex())
        return made

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Returns the keys of the server that runs on a state directory.

        Raises:
            FileNotFoundError: no server has run there.
            ValueError: the file is damaged, or others can read it.
        """
        path = directory / FILE_NAME
        if path.stat().st_mode & 0o077:
            raise ValueError(f"{path} is readable by other users")
        secret = bytes.fromhex(path.read_text())
        if len(secret) != _BYTES:
            raise ValueError(f"{path} is damaged")
        return cls(secret)

    def secret_access_key(self, account: str) -> str:
        """Returns the secret access key of the root of an account, 40 characters as in AWS."""
        return hmac.new(self.secret, account.encode(), hashlib.sha256).hexdigest()[:40]
