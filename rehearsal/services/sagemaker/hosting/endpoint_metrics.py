"""CloudWatch metrics of endpoints, as SageMaker itself publishes them in AWS/SageMaker.

See "Amazon SageMaker AI endpoint invocation metrics" in the developer guide.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.metric_batches import MetricBatches

NAMESPACE = "AWS/SageMaker"
_CONCURRENCY = "ConcurrentRequestsPerCopy"
_CONCURRENCY_SECONDS = 10
_MAX_IDLE_PERIODS = 360  # an hour
# The guides list all metrics of these two kinds of endpoints.
_OF_RESPONSES = frozenset({"Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency"})
OF_ASYNCHRONOUS = _OF_RESPONSES
OF_SERVERLESS = _OF_RESPONSES | {"Invocations", "OverheadLatency"}


@dataclass(frozen=True, kw_only=True)
class Served:
    """The variant, or the inference component on it, that served an invocation.

    `replicas` are the variant's instances or the component's copies; `config` is the configuration
    of its fleet, under which its invocations are published once more: during a deployment there
    are two fleets ("Auto-Rollback Configuration and Monitoring"). `published` are the only
    metrics of an invocation that this kind of endpoint has; None where AWS excludes none.
    """

    scope: Scope
    endpoint: str
    variant: str
    component: str | None = None
    replicas: int = 1
    config: str | None = None
    published: frozenset[str] | None = None

    @property
    def variant_dimensions(self) -> dict[str, str]:
        return {"EndpointName": self.endpoint, "VariantName": self.variant}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of an invocation; `concurrent` is the number of requests at its start.

    `status` is 0 if the container did not respond.
    """

    status: int
    model_seconds: float
    overhead_seconds: float
    concurrent: int = 1


@dataclass(frozen=True, kw_only=True)
class ComponentLoad:
    """An inference component and its concurrent requests."""

    scope: Scope
    name: str
    requests: int
    copies: int


class EndpointMetrics(MetricBatches):
    """Collects the metrics of invocations."""

    def invocation(self, served: Served, outcome: Outcome) -> None:
        """Publishes the metrics of an invocation, latencies in microseconds."""
        client_error = 400 <= outcome.status < 500
        server_error = outcome.status >= 500 or not outcome.status
        values = {
            "Invocations": (1.0, "Count"),
            "Invocation4XXErrors": (float(client_error), "Count"),
            "Invocation5XXErrors": (float(server_error), "Count"),
            "InvocationModelErrors": (float(client_error or server_error), "Count"),
            "ModelLatency": (outcome.model_seconds * 1e6, "Microseconds"),
            "OverheadLatency": (outcome.overhead_seconds * 1e6, "Microseconds"),
        }
        if served.published is not None:
            only = {name: datum for name, datum in values.items() if name in served.published}
            self._put_of_variant(served, only)
            return
        share = 1.0 / max(served.replicas, 1)
        concurrency = (float(outcome.concurrent) * share, "Count")
        instances = {"InvocationsPerInstance": (share, "Count")}
        copies = {"InvocationsPerCopy": (share, "Count")}
        if served.component is None:
            instances["ConcurrentRequestsPerModel"] = concurrency
            self._put_of_variant(served, values | instances)
            return
        copies[_CONCURRENCY] = concurrency
        self.put(served.scope, values, served.variant_dimensions)
        self.put(served.scope, values | copies, {"InferenceComponentName": served.component})

    def _put_of_variant(self, served: Served, values: Mapping[str, tuple[float, str]]) -> None:
        self.put(served.scope, values, served.variant_dimensions)
        if served.config is not None:
            fleet = {**served.variant_dimensions, "EndpointConfigName": served.config}
            self.put(served.scope, values, fleet)

    def put(
        self,
        scope: Scope,
        values: Mapping[str, tuple[float, str]],
        dimensions: Mapping[str, str],
        namespace: str = NAMESPACE,
        moment: datetime.datetime | None = None,
    ) -> None:
        super().put(scope, values, dimensions, namespace, moment)

    def concurrency(self, component: ComponentLoad, since: datetime.datetime | None) -> None:
        """Publishes the concurrent requests of an inference component, which may be none.

        Without a datum while it is idle, the alarm that scales in would have nothing to compare.
        That SageMaker publishes it for idle components is inferred: AWS's guide scales components
        to zero with this metric alone. Time that was moved forward was idle, too.

        Args:
            component: the component.
            since: time of the previous publication. Defaults to None: it is the first one.
        """
        now, step = self._clock(), datetime.timedelta(seconds=_CONCURRENCY_SECONDS)
        named = {"InferenceComponentName": component.name}
        moment = max(since or now, now - step * _MAX_IDLE_PERIODS) + step
        while moment < now - step:
            self.put(component.scope, {_CONCURRENCY: (0.0, "Count")}, named, moment=moment)
            moment += step
        value = component.requests / max(component.copies, 1)
        self.put(component.scope, {_CONCURRENCY: (value, "Count")}, named, moment=now)

    def now(self) -> datetime.datetime:
        """Returns the present time of metrics."""
        return self._clock()
