"""Corrections of ministack's own behaviour: candidates for upstream.

A module here imports ministack and the registry, and nothing else of the rehearsal. Each function
is the corrected behaviour; `previous` is the function that it replaces.
"""
