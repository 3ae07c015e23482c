"""The wire protocols of AWS's APIs."""
