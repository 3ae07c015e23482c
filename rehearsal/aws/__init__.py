"""The control plane: ministack, plus the services that it lacks."""
