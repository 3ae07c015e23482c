"""Projects: what a team gets in one step, and the templates from which they get it."""

from .project import Project
from .seed import Seed
from .seed_repository import SeedRepository

__all__ = ["Project", "Seed", "SeedRepository"]
