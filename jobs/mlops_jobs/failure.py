"""Failure messages of jobs, for SageMaker and its console."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """An error in the data or in the configuration; the message states the remedy."""


MAX_MESSAGE_LENGTH = 1024  # characters of the file that SageMaker shows


@contextmanager
def exit_with_message(file: Path) -> Iterator[None]:
    """Ends the process with status 1 if the block fails, and writes the reason to a file.

    An InputError is printed as one line, any other error with its traceback.

    Args:
        file: `/opt/ml/output/failure` in a training job, `/opt/ml/output/message` in a processing
            job.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
        https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
    """
    try:
        yield
    except Exception as error:
        expected = isinstance(error, InputError)
        message = str(error) if expected else repr(error)
        if not expected:
            traceback.print_exc()
        if file.parent.is_dir():
            file.write_text(message[:MAX_MESSAGE_LENGTH], encoding="utf-8")
        print(f"error: {message}", file=sys.stderr)
        sys.exit(1)
