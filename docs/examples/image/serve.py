"""A minimal serving container for SageMaker, which predicts the sum of each CSV row.

`/opt/ml/model/model.json` can contain `{"intercept": 1.5}`, which is added to each sum. As a
multi-model container it loads and unloads such folders at the request of SageMaker.

Source: "Custom Inference Code with Hosting Services" and "Build Your Own Container for SageMaker
AI Multi-Model Endpoints" of SageMaker's developer guide.
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = Path("/opt/ml/model")
MULTI_MODEL = os.environ.get("SAGEMAKER_MULTI_MODEL") == "true"


def intercept_of(model: Path) -> float:
    """Returns the intercept of a model; 0 without a model."""
    file = model / "model.json"
    return float(json.loads(file.read_text())["intercept"]) if file.exists() else 0.0


class Handler(BaseHTTPRequestHandler):
    """Serves `/ping` and `/invocations`, and `/models` as a multi-model container."""

    loaded: dict[str, tuple[str, float]] = {}  # folder and intercept, of the whole server

    def do_GET(self) -> None:  # the name that http.server calls
        models = {
            name: {"modelName": name, "modelUrl": folder}
            for name, (folder, _) in self.loaded.items()
        }
        if self.path == "/ping":
            self.respond(200, "")
        elif self.path == "/models" and MULTI_MODEL:
            self.respond(200, json.dumps({"models": list(models.values())}))
        elif self.path.removeprefix("/models/") in models:
            self.respond(200, json.dumps(models[self.path.removeprefix("/models/")]))
        else:
            self.respond(404, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/invocations" and not MULTI_MODEL:
            self.predict(body, intercept_of(MODEL))
        elif self.path == "/models" and MULTI_MODEL:
            self.load(json.loads(body))
        elif (name := self.path.removeprefix("/models/").removesuffix("/invoke")) in self.loaded:
            self.predict(body, self.loaded[name][1])
        else:
            self.respond(404, f"{self.path} is not known\n")

    def do_DELETE(self) -> None:
        found = self.loaded.pop(self.path.removeprefix("/models/"), None)
        self.respond(200 if found else 404, "")

    def load(self, request: dict[str, str]) -> None:
        """Loads the model in the folder `url`."""
        name, url = request["model_name"], request["url"]
        if name in self.loaded:
            self.respond(409, f"{name} is loaded\n")
            return
        self.loaded[name] = (url, intercept_of(Path(url)))
        self.respond(200, "")

    def predict(self, body: str, intercept: float) -> None:
        """Responds with the sum of each row."""
        try:
            sums = [sum(map(float, row.split(","))) for row in body.split()]
        except ValueError as problem:
            self.respond(400, f"every row must be numbers, separated by commas: {problem}\n")
            return
        self.respond(200, "".join(f"{total + intercept:g}\n" for total in sums))

    def respond(self, status: int, text: str) -> None:
        """Sends a whole response."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()  # noqa: S104  # SageMaker asks
