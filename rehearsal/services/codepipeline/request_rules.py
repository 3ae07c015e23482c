"""Rules of CodePipeline's requests, beyond the models.

Sources name shapes of the AWS CodePipeline API Reference, or a page of its user guide.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import rule
from rehearsal.framework.rules.rule import Call, Catalogue, Rule
from rehearsal.framework.rules.tagging import tag_rules

_DECLARE = ("CreatePipeline", "UpdatePipeline")
_MIN_STAGES, _MAX_STAGES, _MAX_ACTIONS = 2, 50, 50
_CONDITIONS = ("beforeEntry", "onSuccess", "onFailure")
_CONNECTION = "CodeStarSourceConnection"
_FILTERS = ("branches", "filePaths", "tags")
_STRUCTURE = "InvalidStructureException"
_STAGE = "InvalidStageDeclarationException"
_STRUCTURE_GUIDE = '"CodePipeline pipeline structure reference"'
_FILTER_GUIDE = '"Filter triggers on code push or pull requests"'
_SOURCE = "pipeline.stages[0].actions[0]"
_BUILD = "pipeline.stages[1].actions[0]"
_GIT = "pipeline.triggers[0].gitConfiguration"


def _action(place: str, category: str, provider: str, name: str) -> dict[str, Any]:
    return {
        f"{place}.name": name,
        f"{place}.actionTypeId.category": category,
        f"{place}.actionTypeId.owner": "AWS",
        f"{place}.actionTypeId.provider": provider,
        f"{place}.actionTypeId.version": "1",
    }


_PIPELINE: dict[str, Any] = {
    "pipeline.name": "churn",
    "pipeline.artifactStore.type": "S3",
    "pipeline.artifactStore.location": "bucket",
    "pipeline.stages[0].name": "Source",
    **_action(_SOURCE, "Source", _CONNECTION, "Git"),
    "pipeline.stages[1].name": "Build",
    **_action(_BUILD, "Build", "CodeBuild", "Test"),
}
_V2 = {**_PIPELINE, "pipeline.pipelineType": "V2"}
_PUSH = f"{_GIT}.push[0]"
_TRIGGERED = {
    **_V2,
    "pipeline.triggers[0].providerType": _CONNECTION,
    f"{_GIT}.sourceActionName": "Git",
    f"{_PUSH}.branches.includes[0]": "main",
}


def _stages(call: Call) -> list[Mapping[str, Any]]:
    return list(call.get("pipeline.stages") or ())


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _is_v1(call: Call) -> bool:
    return bool((call.get("pipeline.pipelineType") or "V1") == "V1")


def _few_stages(call: Call) -> Iterator[str]:
    number = len(_stages(call))
    if number < _MIN_STAGES:
        yield (
            f"Pipeline has only {number} stage(s). There should be a minimum of {_MIN_STAGES} "
            "stages in a pipeline"
        )


def _many_stages(call: Call) -> Iterator[str]:
    number = len(_stages(call))
    if number > _MAX_STAGES:
        yield f"Pipeline has {number} stages. There can be a maximum of {_MAX_STAGES} stages"


def _many_actions(call: Call) -> Iterator[str]:
    for stage in _stages(call):
        number = len(stage.get("actions") or ())
        if number > _MAX_ACTIONS:
            yield f"Stage {stage['name']} has {number} actions; the maximum is {_MAX_ACTIONS}"


def _stage_names(call: Call) -> Iterator[str]:
    for name in _repeated(stage["name"] for stage in _stages(call)):
        yield f"Stage name {name} is used more than once"


def _action_names(call: Call) -> Iterator[str]:
    for stage in _stages(call):
        for name in _repeated(action["name"] for action in stage.get("actions") or ()):
            yield f"Stage {stage['name']}: action name {name} is used more than once"


def _is_source(action: Mapping[str, Any]) -> bool:
    return bool((action.get("actionTypeId") or {}).get("category") == "Source")


def _first_stage(call: Call) -> Iterator[str]:
    for stage in _stages(call)[:1]:
        if not all(map(_is_source, stage.get("actions") or ())):
            yield "the first stage must have source actions only"


def _later_stages(call: Call) -> Iterator[str]:
    for stage in _stages(call)[1:]:
        if any(map(_is_source, stage.get("actions") or ())):
            yield f"stage {stage['name']}: source actions belong to the first stage"


def _stores(call: Call) -> Iterator[str]:
    pipeline = call.get("pipeline") or {}
    if ("artifactStore" in pipeline) == ("artifactStores" in pipeline):
        yield "specify either artifactStore or artifactStores"


def _blockers(call: Call) -> Iterator[str]:
    for stage in _stages(call):
        if stage.get("blockers"):
            yield f"Stage {stage['name']}: blockers are reserved by AWS"


def _needs_v2(member: str) -> Callable[[Call], Iterator[str]]:
    def check(call: Call) -> Iterator[str]:
        if _is_v1(call) and call.get(f"pipeline.{member}"):
            yield f"{member} need a pipeline of type V2 (pipelineType)"

    return check


def _v2_conditions(call: Call) -> Iterator[str]:
    for stage in _stages(call):
        for member in _CONDITIONS:
            if _is_v1(call) and stage.get(member):
                where = f"{member} of stage {stage['name']}"
                yield f"{where} needs a pipeline of type V2 (pipelineType)"


def _v2_mode(call: Call) -> Iterator[str]:
    mode = call.get("pipeline.executionMode") or "SUPERSEDED"
    if _is_v1(call) and mode != "SUPERSEDED":
        yield f"executionMode {mode} needs a pipeline of type V2 (pipelineType)"


def _variable_names(call: Call) -> Iterator[str]:
    for name in _repeated(one["name"] for one in call.get("pipeline.variables") or ()):
        yield f"Variable name {name} is used more than once"


def _triggers(call: Call) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for _, git in call.values("pipeline.triggers[].gitConfiguration"):
        yield f"Trigger of {git.get('sourceActionName')}", git


def _trigger_source(call: Call) -> Iterator[str]:
    actions = _stages(call)[0].get("actions") or () if _stages(call) else ()
    known = [one["name"] for one in actions if one["actionTypeId"]["provider"] == _CONNECTION]
    for where, git in _triggers(call):
        name = git.get("sourceActionName")
        if name not in known:
            yield f"{where}: there is no source action {name} of provider {_CONNECTION}"


def _trigger_once(call: Call) -> Iterator[str]:
    for where in _repeated(where for where, _ in _triggers(call)):
        yield f"{where}: a source action has one trigger"


def _trigger_kind(call: Call) -> Iterator[str]:
    for where, git in _triggers(call):
        if not git.get("push") and not git.get("pullRequest"):
            yield f"{where}: gitConfiguration needs push or pullRequest"


def _push_filters(call: Call) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for where, git in _triggers(call):
        for push in git.get("push") or ():
            yield where, push


def _push_empty(call: Call) -> Iterator[str]:
    for where, push in _push_filters(call):
        if not push:
            yield f"{where}: a push filter is empty"


def _push_tags(call: Call) -> Iterator[str]:
    for where, push in _push_filters(call):
        if "tags" in push and len(push) > 1:
            yield f"{where}: a push filter has tags, or branches and filePaths, not both"


def _push_paths(call: Call) -> Iterator[str]:
    for where, push in _push_filters(call):
        if "filePaths" in push and "branches" not in push:
            yield f"{where}: a push filter with filePaths needs branches"


def _pull_branches(call: Call) -> Iterator[str]:
    for where, git in _triggers(call):
        for pull in git.get("pullRequest") or ():
            if "branches" not in pull:
                yield f"{where}: a pullRequest filter needs branches"


def _patterns(call: Call) -> Iterator[str]:
    for where, git in _triggers(call):
        for one in (*(git.get("push") or ()), *(git.get("pullRequest") or ())):
            for kind in _FILTERS:
                found = one.get(kind)
                if found is not None and not found.get("includes") and not found.get("excludes"):
                    yield f"{where}: {kind} of a filter has neither includes nor excludes"


def _rule(
    name: str,
    text: str,
    check: Callable[[Call], Iterator[str]],
    source: str,
    fails: Mapping[str, Any],
    passes: Mapping[str, Any],
    code: str = _STRUCTURE,
) -> Rule:
    return rule(name, _DECLARE, text, check, source=source, fails=fails, passes=passes, code=code)


_CONDITION = "pipeline.stages[1].onSuccess.conditions[0].result"
_VARIABLE = {"pipeline.variables[0].name": "size", "pipeline.variables[0].defaultValue": "1"}

CODEPIPELINE = Catalogue(
    "codepipeline",
    *tag_rules(
        "codepipeline",
        tags="tags",
        source='"Tagging resources", tag restrictions',
        code="InvalidTagsException",
    ),
    _rule(
        "stage-minimum",
        "A pipeline has at least two stages.",
        _few_stages,
        _STRUCTURE_GUIDE,
        {k: v for k, v in _PIPELINE.items() if "stages[1]" not in k},
        _PIPELINE,
    ),
    _rule(
        "stage-maximum",
        "A pipeline has at most 50 stages.",
        _many_stages,
        '"Quotas in AWS CodePipeline"',
        {**_PIPELINE, **{f"pipeline.stages[{n}].name": f"s{n}" for n in range(2, 51)}},
        _PIPELINE,
    ),
    _rule(
        "action-maximum",
        "A stage has at most 50 actions.",
        _many_actions,
        '"Quotas in AWS CodePipeline"',
        {**_PIPELINE, **{f"pipeline.stages[1].actions[{n}].name": f"a{n}" for n in range(1, 51)}},
        _PIPELINE,
        _STAGE,
    ),
    _rule(
        "stage-names",
        "Names of stages are unique in a pipeline.",
        _stage_names,
        _STRUCTURE_GUIDE,
        {**_PIPELINE, "pipeline.stages[1].name": "Source"},
        _PIPELINE,
    ),
    _rule(
        "first-stage",
        "The first stage has source actions only.",
        _first_stage,
        _STRUCTURE_GUIDE,
        {**_PIPELINE, f"{_SOURCE}.actionTypeId.category": "Build"},
        _PIPELINE,
    ),
    _rule(
        "later-stages",
        "Source actions are in the first stage only.",
        _later_stages,
        _STRUCTURE_GUIDE,
        {**_PIPELINE, f"{_BUILD}.actionTypeId.category": "Source"},
        _PIPELINE,
    ),
    _rule(
        "artifact-stores",
        "A pipeline has either artifactStore or artifactStores.",
        _stores,
        "PipelineDeclaration, artifactStore",
        {k: v for k, v in _PIPELINE.items() if "artifactStore" not in k},
        _PIPELINE,
    ),
    *(
        _rule(
            f"v2-{member}",
            f"{member} need a pipeline of type V2.",
            _needs_v2(member),
            f"PipelineDeclaration, {member} and pipelineType",
            {k: v for k, v in given.items() if k != "pipeline.pipelineType"},
            given,
        )
        for member, given in (("variables", {**_V2, **_VARIABLE}), ("triggers", _TRIGGERED))
    ),
    _rule(
        "v2-conditions",
        "Conditions of stages need a pipeline of type V2.",
        _v2_conditions,
        '"Configure conditions for a stage"',
        {**_PIPELINE, _CONDITION: "FAIL"},
        {**_V2, _CONDITION: "FAIL"},
    ),
    _rule(
        "v2-execution-mode",
        "The execution modes QUEUED and PARALLEL need a pipeline of type V2.",
        _v2_mode,
        "PipelineDeclaration, executionMode",
        {**_PIPELINE, "pipeline.executionMode": "QUEUED"},
        {**_V2, "pipeline.executionMode": "QUEUED"},
    ),
    _rule(
        "variable-names",
        "Names of variables are unique in a pipeline.",
        _variable_names,
        "PipelineVariableDeclaration, name",
        {**_V2, **_VARIABLE, "pipeline.variables[1].name": "size"},
        {**_V2, **_VARIABLE, "pipeline.variables[1].name": "color"},
    ),
    _rule(
        "trigger-once",
        "A source action has one trigger.",
        _trigger_once,
        "GitConfiguration, sourceActionName",
        {
            **_TRIGGERED,
            "pipeline.triggers[1].gitConfiguration.sourceActionName": "Git",
            "pipeline.triggers[1].gitConfiguration.push[0].branches.includes[0]": "dev",
        },
        _TRIGGERED,
    ),
    _rule(
        "trigger-kind",
        "A trigger has push or pullRequest filters.",
        _trigger_kind,
        "GitConfiguration, push and pullRequest",
        {k: v for k, v in _TRIGGERED.items() if "push" not in k},
        _TRIGGERED,
    ),
    _rule(
        "push-filter",
        "A push filter is not empty.",
        _push_empty,
        "GitPushFilter",
        {**_TRIGGERED, _PUSH: {}},
        _TRIGGERED,
    ),
    _rule(
        "push-tags",
        "A push filter has tags, or branches with file paths.",
        _push_tags,
        _FILTER_GUIDE,
        {**_TRIGGERED, f"{_PUSH}.tags.includes[0]": "v1"},
        _TRIGGERED,
    ),
    _rule(
        "push-paths",
        "A push filter with file paths has branches.",
        _push_paths,
        _FILTER_GUIDE,
        {**_TRIGGERED, _PUSH: {"filePaths": {"includes": ["src/**"]}}},
        {**_TRIGGERED, f"{_PUSH}.filePaths.includes[0]": "src/**"},
    ),
    _rule(
        "pull-request-branches",
        "A pullRequest filter has branches.",
        _pull_branches,
        _FILTER_GUIDE,
        {**_TRIGGERED, f"{_GIT}.pullRequest[0].events[0]": "OPEN"},
        {**_TRIGGERED, f"{_GIT}.pullRequest[0].branches.includes[0]": "main"},
    ),
    _rule(
        "filter-patterns",
        "A filter has patterns to include or to exclude.",
        _patterns,
        "GitBranchFilterCriteria, includes and excludes",
        {**_TRIGGERED, f"{_PUSH}.branches": {}},
        {**_TRIGGERED, f"{_PUSH}.branches": {"excludes": ["dev"]}},
    ),
    _rule(
        "trigger-source",
        f"A trigger names a source action of provider {_CONNECTION}.",
        _trigger_source,
        "PipelineTriggerDeclaration",
        {**_TRIGGERED, f"{_GIT}.sourceActionName": "Other"},
        _TRIGGERED,
    ),
    _rule(
        "action-names",
        "Names of actions are unique in a stage.",
        _action_names,
        _STRUCTURE_GUIDE,
        {**_PIPELINE, **_action("pipeline.stages[1].actions[1]", "Build", "CodeBuild", "Test")},
        _PIPELINE,
        _STAGE,
    ),
    _rule(
        "stage-blockers",
        "Blockers of stages are reserved for future use.",
        _blockers,
        "StageDeclaration, blockers",
        {**_PIPELINE, "pipeline.stages[1].blockers[0].name": "reserved"},
        _PIPELINE,
        _STAGE,
    ),
)
