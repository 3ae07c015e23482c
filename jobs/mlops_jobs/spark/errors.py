"""Errors of the tasks of a Spark job."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlops_jobs.failure import InputError

# The last line of a traceback that Spark has copied into its message.
_INPUT_ERROR = re.compile(r"^mlops_jobs\.[\w.]*\.(?:InputError|CellError): (.+)$", re.MULTILINE)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Raises an InputError of a task as an InputError of the driver.

    Raises:
        InputError: the data does not match the options.
    """
    from py4j.protocol import Py4JJavaError  # type: ignore[import-not-found]

    try:
        yield
    except Py4JJavaError as error:
        found = _INPUT_ERROR.search(str(error))
        if not found:
            raise
        raise InputError(found[1]) from None
