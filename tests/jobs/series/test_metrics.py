"""Metrics of forecasts, with published numbers and by hand."""

import numpy as np
import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.series.metrics import forecast_metric, forecast_report


def measured(actual: list[float], forecast: list[float], scale: float = 2.0) -> dict[str, float]:
    rows = np.array([[value, value - 1, value + 1, scale] for value in forecast])
    report = forecast_report(np.array(actual), rows)
    return {name: measure["value"] for name, measure in report.items()}


def test_the_metrics_of_a_forecast() -> None:
    found = measured([10, 0, 4, 8], [12, 0, 3, 8])
    assert found["mase"] == pytest.approx((2 + 0 + 1 + 0) / 4 / 2)
    assert found["smape"] == pytest.approx((4 / 22 + 0 + 2 / 7 + 0) / 4)
    assert found["wape"] == pytest.approx(3 / 22)
    assert found["coverage"] == 0.75
    assert found["interval_width"] == 1
    assert found["bias"] == pytest.approx((2 - 1) / 4 / 2)


def test_a_constant_series_does_not_count_for_scaled_errors() -> None:
    rows = np.array([[5.0, 4, 6, np.nan], [7.0, 6, 8, 2.0]])
    report = forecast_report(np.array([5.0, 9.0]), rows)
    assert report["mase"]["value"] == 1


def test_series_of_zeros_have_finite_metrics() -> None:
    assert all(np.isfinite(value) for value in measured([0, 0], [0, 1]).values())


def test_mase_is_the_default_and_other_metrics_are_rejected() -> None:
    assert forecast_metric(None).baseline_path == "baseline.seasonal_naive.mase.value"
    with pytest.raises(InputError, match="got 'rmse'; allowed: mase, smape, wape"):
        forecast_metric("rmse")
