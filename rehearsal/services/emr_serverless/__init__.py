"""EMR Serverless: applications, and job runs of Spark in one container each."""

from __future__ import annotations

from rehearsal.services.emr_serverless.service import EmrServerless

__all__ = ["EmrServerless"]
