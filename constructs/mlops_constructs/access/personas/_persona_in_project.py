"""Permissions of a persona in one project."""

from constructs import Construct

from mlops_constructs.access.permission import Permission

from ._project_code import permissions_on_branches
from ._project_reach import ProjectReach
from ._project_reading import ProjectReading
from ._project_work import ProjectWork
from .persona import Persona
from .project_access import ProjectAccess


def permissions_in_project(
    scope: Construct, persona: Persona, project: ProjectAccess
) -> list[Permission]:
    """Returns the permissions of a persona in one project, those of every persona first."""
    reach = ProjectReach(scope=scope, project=project)
    reading, work = ProjectReading(reach, persona), ProjectWork(reach)
    found = [*reading.look(), *reading.deliveries(), *reading.data(), *reading.code()]
    found += [*reading.logs(), *permissions_on_branches(reach, persona)]
    if persona.works:
        found += [*work.jobs(), *work.register(), *work.pass_roles(), *work.try_endpoints()]
        found += work.develop_pipelines(operates=persona.operates)
    if persona.operates:
        found += [*work.host(), *work.run_pipelines()]
    if persona.approves:
        found += work.approve()
    return [*found, *work.others()]
