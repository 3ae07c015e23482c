"""Patches of ministack's CloudFormation."""
