"""Features that this project computes from columns of the table.

Preprocessing, evaluation, endpoint and monitors compute them alike. README.md has an example.
"""

from mlops_jobs.table.features import Feature

FEATURES: tuple[Feature, ...] = ()
