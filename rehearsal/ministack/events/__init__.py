"""Patches of ministack's EventBridge."""
