"""The former place of `ProblemType`."""

from mlops_jobs.problem_type import ProblemType, in_order

__all__ = ["ProblemType", "in_order"]
