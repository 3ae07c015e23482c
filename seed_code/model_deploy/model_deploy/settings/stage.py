"""Keys that stages of every kind have."""

from pydantic import Field

from .section import Section


class Stage(Section):
    """A stage of any kind.

    Args:
        kind: kind of the stage.
        version: version of the model package group, 1 or more, which must be approved. Defaults to
            None: the approved version with the highest number.
        tags: tags of every resource. Defaults to none.
    """

    kind: str
    version: int | None = Field(default=None, ge=1)
    tags: dict[str, str] = {}

    @property
    def versions(self) -> dict[str, int | None]:
        """Versions that the stage deploys, by their key; None is the newest approved version."""
        return {"version": self.version}
