"""The text of templates: scalars of YAML, JSON, and what CloudFormation does not accept."""

from typing import Any

import pytest

from rehearsal.cloudformation.template_text import Number, TemplateTextError, parse

pytestmark = pytest.mark.unit

SCALARS = [
    ("true", "true"),
    ("True", "true"),
    ("FALSE", "false"),
    ("yes", "true"),
    ("No", "false"),
    ("on", "true"),
    ("OFF", "false"),
    ("y", "y"),
    ("N", "N"),
    ("'yes'", "yes"),
    ('"010"', "010"),
    ("!!str 010", "010"),
    ("10", "10"),
    ("+7", "7"),
    ("-12", "-12"),
    ("1_000", "1000"),
    ("0", "0"),
    ("00", "0"),
    ("010", "8"),
    ("-017", "-15"),
    ("012345670123", "1402433619"),
    ("089", "89.0"),
    ("012345678901", "1.2345678901E10"),
    ("0x1F", "31"),
    ("0b11", "3"),
    ("0o14", "0o14"),
    ("1:30", "90"),
    ("123456789012", "123456789012"),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
    ("1.10", "1.1"),
    ("5.00", "5.0"),
    (".5", "0.5"),
    ("1e3", "1000.0"),
    ("5e+08", "5.0E8"),
    ("12345e67", "1.2345E71"),
    ("0.0001", "1.0E-4"),
    ("1.2.3", "1.2.3"),
    ("2012-10-17", "2012-10-17"),
    ("2001-12-14 21:59:43", "2001-12-14 21:59:43"),
    ("nullable", "nullable"),
]
RESOURCES = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n"


@pytest.mark.parametrize(("written", "expected"), SCALARS)
@pytest.mark.parametrize(
    "template",
    [
        "Parameters: {{P: {{Type: String, Default: {}}}}}",
        "Parameters: {{P: {{Type: String, AllowedValues: [{}]}}}}",
        "Mappings: {{M: {{a: {{b: {}}}}}}}",
        "Conditions: {{C: !Equals [{}, a]}}",
        "Outputs: {{O: {{Value: {}}}}}",
        "Outputs: {{O: {{Value: !If [C, {}, b]}}}}",
        'Resources: {{R: {{Type: T, Properties: {{P: !Sub ["${{x}}", {{x: {}}}]}}}}}}',
        "Resources: {{R: {{Type: T, Properties: {{P: !Join [',', [a, {}]]}}}}}}",
    ],
)
def test_a_scalar_is_the_text_that_cloudformation_reads(
    template: str, written: str, expected: str
) -> None:
    parsed = parse(template.format(written) + "\n")
    assert expected in _leaves(parsed)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("true", "true"), ("5e8", "5.0E8"), ("1.0", "1.0"), ("12", "12"), ('"yes"', "yes")],
)
def test_json_has_the_same_text(written: str, expected: str) -> None:
    assert parse(f'{{"Outputs": {{"O": {{"Value": {written}}}}}}}')["Outputs"]["O"] == {
        "Value": expected
    }


def test_properties_keep_the_types_of_their_values() -> None:
    parsed = parse("Resources: {R: {Type: T, Properties: {A: true, B: 5, C: [1.5, no]}}}")
    assert parsed["Resources"]["R"]["Properties"] == {"A": True, "B": 5, "C": [1.5, False]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources: [", "YAML not well-formed. (line 1, column 13)"),
        ("Resources:\n  A: b: c", "YAML not well-formed. (line 2, column 7)"),
        ('{"Resources": {},}', "JSON not well-formed. (line 1, column 18)"),
        ('{"Resources": NaN}', "NaN is not a JSON value"),
        ("only text", "unsupported structure."),
        ("[a, b]", "unsupported structure."),
        ("Resources:", "At least one Resources member must be defined."),
        (
            "Resources: {A: {Properties: {B: }}}",
            "[/Resources/A/Properties/B] 'null' values are not allowed in templates",
        ),
        ('{"Outputs": {"A": null}}', "[/Outputs/A] 'null' values are not allowed in templates"),
        ("Resources: {A: {DependsOn: [~]}}", "[/Resources/A/DependsOn/0] 'null' values"),
        (
            "Mappings: {M: {123456789012: {a: b}}}",
            "[/Mappings/M] map keys must be strings; received numeric [123456789012] instead",
        ),
        ("Resources: {yes: {Type: T}}", "received boolean [true] instead"),
        (
            "Resources: {A: &a {Type: T}, B: *a}",
            "Template error: YAML aliases are not allowed in CloudFormation templates",
        ),
        ("Resources: {A: {<<: {Type: T}}}", "YAML merges are not supported"),
        ("Resources: {A: !!binary aGk=}", "the tag !!binary is not supported"),
        ("Resources: {A: !Refer b}", "(line 1, column 16): the tag !Refer is not supported"),
        ("Outputs: {}\nResources: {}\nOutputs: {}", "Duplicate key Outputs"),
        ('{"Outputs": {}, "Outputs": {}}', "Duplicate key Outputs"),
    ],
)
def test_what_cloudformation_does_not_accept_is_named_with_its_place(
    text: str, message: str
) -> None:
    with pytest.raises(TemplateTextError) as raised:
        parse(text)
    assert message in str(raised.value)


def test_short_forms_are_functions() -> None:
    parsed = parse(
        "Resources: {R: {Type: T, Properties: {A: !Ref B, C: !GetAtt D.E.F, G: !Sub '${H}', "
        "I: !If [J, !Ref K, !Ref AWS::NoValue]}}}"
    )
    assert parsed["Resources"]["R"]["Properties"] == {
        "A": {"Ref": "B"},
        "C": {"Fn::GetAtt": ["D", "E.F"]},
        "G": {"Fn::Sub": "${H}"},
        "I": {"Fn::If": ["J", {"Ref": "K"}, {"Ref": "AWS::NoValue"}]},
    }


@pytest.mark.parametrize(
    ("number", "text"),
    [(9999999.0, "9999999.0"), (1e7, "1.0E7"), (9.9999999e22, "9.9999999E22"), (-2e-5, "-2.0E-5")],
)
def test_a_number_is_written_as_java_writes_it(number: float, text: str) -> None:
    assert str(Number(number)) == text
