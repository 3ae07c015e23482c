"""Rules of the requests that ministack's own services get, beyond the models."""
