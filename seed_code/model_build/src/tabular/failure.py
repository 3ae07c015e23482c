"""Tells SageMaker, and the person who reads its console, why a job failed."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """The data or `config.yaml` is wrong; the message tells its owner what to do."""


LONGEST = 1024  # SageMaker shows this much of the file


@contextmanager
def exit_with_message(file: Path) -> Iterator[None]:
    """Ends the process with status 1 if the block fails, with the reason in a file.

    An InputError is printed as one line; anything else with its traceback.

    Args:
        file: `/opt/ml/output/failure` in a training job, `/opt/ml/output/message` in a processing
            job. See
            https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
            and https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
    """
    try:
        yield
    except Exception as error:
        expected = isinstance(error, InputError)
        message = str(error) if expected else repr(error)
        if not expected:
            traceback.print_exc()
        if file.parent.is_dir():
            file.write_text(message[:LONGEST], encoding="utf-8")
        print(f"error: {message}", file=sys.stderr)
        sys.exit(1)
