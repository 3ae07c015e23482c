"""Long lists of labels and predictions in a few bytes for each row."""

import pytest

from mlops_jobs.monitoring.traffic.compact import Predictions, Texts
from mlops_jobs.monitoring.traffic.predictions import Prediction

TEXTS = ["yes", "no", "1.5", "01.5", "1", "", "nan", "1e400", "-0.0", "yes", "2.25", "1.50", "inf"]


def test_strings_are_returned_as_they_were_added() -> None:
    texts = Texts(TEXTS)
    assert list(texts) == TEXTS
    assert [texts[at] for at in range(len(texts))] == TEXTS
    assert texts[-2:] == TEXTS[-2:]
    assert list(Texts(["a", "1.5", "b", "2.5"])) == ["a", "1.5", "b", "2.5"]
    assert not Texts()
    with pytest.raises(IndexError):
        texts[len(TEXTS)]


def test_predictions_are_returned_as_they_were_added() -> None:
    given = [
        Prediction(label="yes", scores=(0.25,)),
        Prediction(label="", by_label={"b": 0.5, "a": 0.5}),
        Prediction(label="3.75"),
        Prediction(label="no", scores=(0.1, 0.2, 0.7)),
        Prediction(label="yes", by_label={"a": 1.0, "b": 0.0}),
        Prediction(label="yes", scores=(0.5,)),
    ]
    found = Predictions(given)
    assert list(found) == given
    assert [found[at] for at in (0, 3, -1)] == [given[0], given[3], given[-1]]
    assert found[1:3] == given[1:3]
    with pytest.raises(IndexError):
        found[len(given)]
