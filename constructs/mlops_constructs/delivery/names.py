"""What a project may be called."""

PROJECT_NAME = r"(?!.{33})[a-z0-9](?:-*[a-z0-9])*"
"""SageMaker's pattern of a project name, in lower case.

SageMaker writes names in lower case into ARNs, and IAM compares ARNs case by case: with an upper
case letter in the name, no policy of the project would match its own pipeline and endpoints.
"""

PROJECT_ID = r"(?!.{21})[a-zA-Z0-9](?:-*[a-zA-Z0-9])*"
"""SageMaker's pattern of a project id."""
