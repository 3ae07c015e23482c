"""Forecasts of time series, from the raw table to the model of an endpoint."""
