"""Operational metrics of the Feature Store runtime in CloudWatch.

The developer guide ("Amazon SageMaker Feature Store metrics") does not state the namespace; this is
the one under which CloudWatch lists them. An operation on one group has the group as a dimension,
a batch does not.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.sagemaker.metric_batches import MetricBatches

NAMESPACE = "AWS/SageMaker/FeatureStore"
_THROTTLED = 429


class FeatureStoreMetrics(MetricBatches):
    """The metrics of the requests of each operation.

    Args:
        session: returns a session of SageMaker itself in an account.
    """

    @contextmanager
    def request(self, scope: Scope, operation: str, group: str | None = None) -> Iterator[None]:
        """Measures a request; an error is counted and propagated."""
        began, status = time.monotonic(), 200
        try:
            yield
        except AwsError as error:
            status = error.status
            raise
        finally:
            values = {
                "Invocations": (1.0, "None"),
                "Operation4XXErrors": (float(400 <= status < 500), "None"),
                "Operation5XXErrors": (float(status >= 500), "None"),
                "ThrottledRequests": (float(status == _THROTTLED), "None"),
                "Latency": ((time.monotonic() - began) * 1e6, "Microseconds"),
            }
            named = {} if group is None else {"FeatureGroupName": group}
            self.put(scope, values, {**named, "OperationName": operation}, NAMESPACE)
