"""The applications of Studio that people work in."""

from enum import StrEnum


class StudioApp(StrEnum):
    """An application that Studio starts in a space.

    Studio Classic (JupyterServer, KernelGateway) is closed to new applications; Canvas and RStudio
    are products of their own. Neither is offered.
    """

    JUPYTER_LAB = "JupyterLab"
    """JupyterLab."""

    CODE_EDITOR = "CodeEditor"
    """Code Editor, which is based on Code-OSS, the open part of Visual Studio Code."""
