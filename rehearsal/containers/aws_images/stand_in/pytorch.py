"""The PyTorch images, which have script mode only.

Sources: https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html and
https://github.com/aws/sagemaker-pytorch-inference-toolkit
"""

from pathlib import Path
from typing import Any

from . import encoding

NAME = "pytorch"
_MODEL = "model.pt"


def train() -> None:
    """Raises an error: this image needs a script."""
    raise RuntimeError("The PyTorch image needs a script: set sagemaker_program.")


class Handlers:
    """The functions that a script may replace; data and predictions are tensors."""

    def model_fn(self, model_dir: str) -> Any:
        import torch  # type: ignore[import-not-found]

        path = Path(model_dir, _MODEL)
        if not path.exists():
            raise NotImplementedError(
                f"Please provide a model_fn implementation: there is no {_MODEL} of TorchScript."
            )
        return torch.jit.load(str(path), map_location="cpu")

    def input_fn(self, body: bytes, content_type: str) -> Any:
        import torch

        array = encoding.decode(body, content_type)
        text = encoding.media_type(content_type) in encoding.TEXT
        return torch.FloatTensor(array) if text else torch.from_numpy(array)

    def predict_fn(self, data: Any, model: Any) -> Any:
        import torch

        with torch.no_grad():
            model.eval()
            return model(data)

    def output_fn(self, prediction: Any, accept: str) -> tuple[bytes, str]:
        import torch

        if isinstance(prediction, torch.Tensor):
            prediction = prediction.detach().cpu().numpy()
        return encoding.encode(prediction, accept), accept


def defaults() -> Handlers:
    """Returns the functions that a script may replace."""
    return Handlers()


def handlers() -> Handlers:
    """Returns the functions without a script, for models in TorchScript."""
    return Handlers()
