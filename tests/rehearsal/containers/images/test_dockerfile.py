"""Supported and rejected instructions of Dockerfiles."""

import pytest

from rehearsal.containers.images.dockerfile import (
    DockerfileError,
    pairs,
    parse,
    split_words,
    substitute,
)


def test_continuations_comments_and_empty_lines_are_resolved() -> None:
    text = (
        "# syntax=docker/dockerfile:1\n\nfrom python:3.11\n"
        "RUN one && \\\n    # a comment\n\n    two\n"
    )
    first, second = parse(text)
    assert (first.name, first.text, first.line) == ("FROM", "python:3.11", 3)
    assert (second.line, second.text.split()) == (4, ["one", "&&", "two"])


def test_exec_and_shell_form_are_distinguished() -> None:
    instructions = parse('FROM python:3.11\nCMD ["a", "b c"]\nCMD a b\nCMD [not json]')
    assert [item.words for item in instructions[1:]] == [("a", "b c"), None, None]


def test_pairs_support_quotes_and_the_old_form() -> None:
    text = "FROM python:3.11\nENV A=1 B=\"two words\" C='3'\nENV OLD the rest"
    _, first, second = parse(text)
    assert pairs(first) == {"A": "1", "B": "two words", "C": "3"}
    assert pairs(second) == {"OLD": "the rest"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A/${A}", "1/1"),
        ("${NONE:-default}", "default"),
        ("${A:-default}", "1"),
        ("${A:+set}${NONE:+set}", "set"),
        (r"\$A", "$A"),
        ("$NONE.", "."),
    ],
)
def test_variables_are_substituted(text: str, expected: str) -> None:
    assert substitute(text, {"A": "1"}) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no instruction"),
        ("RUN x", "expected FROM"),
        ("FROM python:3.11\nFROM python:3.11", "line 2: multi-stage"),
        ("FROM python:3.11\nADD https://example.org/x /opt/x", "line 2: .*ADD.*COPY"),
        ('FROM python:3.11\nSHELL ["bash"]', "SHELL.*exec form"),
        ("FROM python:3.11\nVOLUME /data", "VOLUME"),
        ("FROM python:3.11\nONBUILD RUN x", "ONBUILD"),
        ("FROM --platform=linux/arm64 python:3.11", "--platform"),
        ("FROM python:3.11\nCOPY --from=x /a /opt/a", "--from"),
        ("FROM python:3.11\nCOPY --chown=1 a /opt/a", "--chown"),
        ("FROM python:3.11\nRUN --mount=type=cache,target=/x y", "--mount"),
        ("FROM python:3.11\nRUN <<EOF\nx\nEOF", "here-document"),
        ("# escape=`\nFROM python:3.11", "escape"),
        ("FROM python:3.11\nRUN", "RUN needs an argument"),
    ],
)
def test_unsupported_instructions_are_rejected_by_name(text: str, message: str) -> None:
    with pytest.raises(DockerfileError, match=message):
        parse(text)


def test_a_mount_of_the_cache_of_uv_is_supported() -> None:
    text = "FROM python:3.11\nRUN --mount=type=cache,target=/root/.cache/uv uv pip sync lock.txt"
    assert parse(text)[1].text == "uv pip sync lock.txt"


def test_a_variable_in_single_quotes_is_rejected() -> None:
    _, instruction = parse("FROM python:3.11\nENV A='$B'")
    with pytest.raises(DockerfileError, match="single quotes"):
        split_words(instruction, instruction.text)


def test_a_pair_without_a_value_is_rejected() -> None:
    _, instruction = parse("FROM python:3.11\nLABEL a=1 b")
    with pytest.raises(DockerfileError, match="expected NAME=value"):
        pairs(instruction)
