"""Gradient boosting on lags of time series for Amazon SageMaker."""
