"""AWS CodeCommit."""

from rehearsal.aws.codecommit.service import CodeCommit

__all__ = ["CodeCommit"]
