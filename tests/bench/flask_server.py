"""The server that `serving.py` compares with: Flask, pandas and a DMatrix for each request."""

import io
import os
from pathlib import Path

import pandas as pd
import xgboost
from flask import Flask, Response, request

NAMES = os.environ["COLUMNS"].split(",")
LABELS = os.environ["LABELS"].split(",")

app = Flask(__name__)
booster = xgboost.Booster({"nthread": 1}, model_file=Path(os.environ["SM_MODEL_DIR"]) / "model.ubj")


@app.get("/ping")
def ping() -> Response:
    return Response(status=200)


@app.post("/invocations")
def invocations() -> Response:
    table = pd.read_csv(io.BytesIO(request.get_data()), header=None, names=NAMES)
    probabilities = booster.predict(xgboost.DMatrix(table.to_numpy()))
    predicted = pd.DataFrame(
        {"label": [LABELS[int(value >= 0.5)] for value in probabilities], "value": probabilities}
    )
    return Response(predicted.to_csv(header=False, index=False), mimetype="text/csv")
