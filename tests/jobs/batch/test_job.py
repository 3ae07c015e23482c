"""Files around a transform job: parts of its input, and the check of its output."""

import csv
import json
from pathlib import Path

import pytest

from mlops_jobs.batch import job
from mlops_jobs.batch.line_files import Form
from mlops_jobs.batch.parts import MANIFEST
from mlops_jobs.failure import InputError

FORMS = {Form.CSV: ".csv", Form.JSON_LINES: ".jsonl"}


def run(command: str, form: Form, *arguments: str | Path) -> str:
    options = [command, f"--content-type={form}", *map(str, arguments)]
    return job.run(job.parser().parse_args(options))


def record(form: Form, number: int) -> str:
    cells = {"id": number, "city": "Zürich, CH", "age": number / 7}
    if form is Form.JSON_LINES:
        return json.dumps(cells, ensure_ascii=False)
    return f'{number},"Zürich, CH",{number / 7}'


def write(folder: Path, form: Form, *lines: str, name: str = "rows") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}{FORMS[form]}").write_text("".join(f"{line}\n" for line in lines))
    return folder


def transform(form: Form, parts: Path, output: Path, *, join: bool = False) -> None:
    """Predicts each record of the parts, as a transform job does."""
    output.mkdir(exist_ok=True)
    for file in parts.glob(f"*{FORMS[form]}"):
        predictions = []
        for line in file.read_text().splitlines():
            if form is Form.CSV:
                predictions.append(f"{line},yes,0.75" if join else "yes,0.75")
            else:
                found = {"label": "yes", "probability": 0.75}
                joined = json.loads(line) | {"SageMakerOutput": found}
                predictions.append(json.dumps(joined if join else found))
        text = "".join(f"{one}\n" for one in predictions)
        (output / f"{file.name}.out").write_text(text)


def report_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "batch.json").read_text())
    return found


@pytest.fixture(params=list(Form))
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


@pytest.mark.parametrize("join", [False, True], ids=["alone", "joined"])
def test_a_large_file_becomes_parts_whose_predictions_are_complete(
    tmp_path: Path, form: Form, join: bool
) -> None:
    lines = [record(form, number) for number in range(500)]
    data, parts = write(tmp_path / "data", form, *lines), tmp_path / "parts"

    said = run("split", form, "--input", data, "--output", parts, "--part-bytes=4000")

    files = sorted(parts.glob(f"*{FORMS[form]}"))
    assert said == f"500 records in {len(files)} parts; 0 lines rejected"
    assert len(files) > 3
    assert all(file.stat().st_size <= 4000 for file in files)
    assert [line for file in files for line in file.read_text().splitlines()] == lines

    transform(form, parts, tmp_path / "predictions", join=join)
    arguments = ("--input", parts, "--predictions", tmp_path / "predictions")
    assert run("check", form, *arguments, "--output", tmp_path / "report") == (
        "500 predictions of 500 records; 0 failed"
    )
    assert report_of(tmp_path / "report") == {
        "files": len(files),
        "records": 500,
        "predictions": 500,
        "failed": 0,
        "reasons": [],
    }


def test_the_manifest_lists_the_parts_as_sagemaker_reads_them(tmp_path: Path) -> None:
    data = write(tmp_path / "data", Form.CSV, *(record(Form.CSV, one) for one in range(9)))
    prefix = "--prefix=s3://bucket/batch/parts"
    run("split", Form.CSV, "--input", data, "--output", tmp_path, "--part-bytes=100", prefix)

    first, *names = json.loads((tmp_path / MANIFEST).read_text())
    assert first == {"prefix": "s3://bucket/batch/parts/"}
    assert names == sorted(file.name for file in tmp_path.glob("rows-*.csv"))


def test_lines_that_are_no_records_are_set_aside(tmp_path: Path, form: Form) -> None:
    wrong = '2,"Zür' if form is Form.CSV else '{"id": 2'
    data = write(tmp_path / "data", form, record(form, 1), wrong, "", record(form, 3))

    said = run("split", form, "--input", data, "--output", tmp_path / "parts")

    assert said == "2 records in 1 parts; 1 lines rejected"
    (rejected,) = (tmp_path / "parts/rejected").iterdir()
    assert rejected.read_text() == f"{wrong}\n"


def test_a_row_of_another_width_is_set_aside(tmp_path: Path) -> None:
    data = write(tmp_path / "data", Form.CSV, "a,b", "1,2", "3,4,5", "6,7")
    said = run("split", Form.CSV, "--heading", "--input", data, "--output", tmp_path / "parts")
    assert said == "2 records in 1 parts; 1 lines rejected"
    assert (tmp_path / "parts/rows-00000.csv").read_text() == "1,2\n6,7\n"
    assert (tmp_path / "parts/rejected/rows.csv").read_text() == "3,4,5\n"


@pytest.mark.parametrize(
    ("change", "failed", "reason"),
    [
        (lambda lines: lines[:-1], [4], "line 5: got no prediction"),
        (lambda lines: [lines[0], "", *lines[2:]], [1], "line 2: "),
        (lambda lines: [lines[0], "null", *lines[2:]], [1], "line 2: "),
        (lambda lines: [*lines[:3], "[1, 2, 3]", lines[4]], [3], "line 4: got a prediction of"),
    ],
    ids=["short", "empty", "null", "another form"],
)
def test_records_without_a_prediction_are_set_aside_and_counted(
    tmp_path: Path, change: object, failed: list[int], reason: str
) -> None:
    form = Form.JSON_LINES
    lines = [record(form, number) for number in range(5)]
    data = write(tmp_path / "data", form, *lines)
    transform(form, data, tmp_path / "predictions")
    output = tmp_path / "predictions/rows.jsonl.out"
    changed = change(output.read_text().splitlines())  # type: ignore[operator]
    output.write_text("".join(f"{line}\n" for line in changed))
    arguments = ("--input", data, "--predictions", output.parent, "--output", tmp_path / "report")

    with pytest.raises(InputError, match="1 of 5 records have no prediction; allowed: a share of"):
        run("check", form, *arguments)
    (tmp_path / "report/failed/rows.jsonl").unlink()
    said = run("check", form, *arguments, "--max-failed-share=0.2")

    assert said == "4 predictions of 5 records; 1 failed"
    found = report_of(tmp_path / "report")
    assert (found["records"], found["predictions"], found["failed"]) == (5, 4, 1)
    assert reason in str(found["reasons"])
    aside = (tmp_path / "report/failed/rows.jsonl").read_text().splitlines()
    assert aside == [lines[number] for number in failed]


def test_an_output_that_belongs_to_other_files_is_rejected(tmp_path: Path, form: Form) -> None:
    data = write(tmp_path / "data", form, *(record(form, number) for number in range(3)))
    arguments = ("--input", data, "--predictions", tmp_path, "--output", tmp_path / "report")
    with pytest.raises(InputError, match=r"\.out: no such file"):
        run("check", form, *arguments)
    transform(form, data, tmp_path)
    write(data, form, record(form, 1))
    with pytest.raises(InputError, match="line 2: got a prediction without a record"):
        run("check", form, *arguments)


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        ((), (), "got no record in 1 file"),
        (("1,2",), ("--prefix=/data",), "got the prefix '/data'; allowed: an S3 URI"),
        (('"',), (), "got no record in 1 file(s), and 1 line(s) that are not records: rows.csv"),
    ],
)
def test_input_that_no_job_can_read_is_rejected(
    tmp_path: Path, lines: tuple[str, ...], options: tuple[str, ...], message: str
) -> None:
    data = write(tmp_path / "data", Form.CSV, *lines)
    with pytest.raises(InputError) as error:
        run("split", Form.CSV, "--input", data, "--output", tmp_path / "parts", *options)
    assert message in str(error.value)


def test_a_folder_without_files_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got no file; add files"):
        run("split", Form.CSV, "--input", tmp_path / "nothing", "--output", tmp_path)


def test_binary_files_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/rows.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"rows\.csv: got text that is not UTF-8"):
        run("split", Form.CSV, "--input", tmp_path / "data", "--output", tmp_path / "parts")


def test_a_quoted_row_survives_the_split(tmp_path: Path) -> None:
    line = '7,"say ""hi"", then go",x'
    data = write(tmp_path / "data", Form.CSV, line)
    run("split", Form.CSV, "--input", data, "--output", tmp_path / "parts")
    with (tmp_path / "parts/rows-00000.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [["7", 'say "hi", then go', "x"]]
