"""Studio applications that this library supports."""

from enum import StrEnum


class StudioApp(StrEnum):
    """An application that Studio starts in a space.

    Studio Classic (JupyterServer, KernelGateway) is closed to new applications; Canvas and RStudio
    are separate products. None of them is supported.
    """

    JUPYTER_LAB = "JupyterLab"
    """JupyterLab."""

    CODE_EDITOR = "CodeEditor"
    """Code Editor, which is based on Code-OSS, the open part of Visual Studio Code."""
