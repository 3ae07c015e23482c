"""A program that serves and monitors, and the stack that starts its monitor."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.conftest import ACCOUNT, REGION

BUCKET = "watched"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
PROGRAM = """
import http.server, json, os, pathlib, sys
ml = pathlib.Path("/opt/ml")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(b"")

    def do_POST(self):
        self.reply(self.rfile.read(int(self.headers["Content-Length"])))

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def serve():
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    http.server.ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()

def monitor():
    rows = 0
    for file in pathlib.Path(os.environ["dataset_source"]).rglob("*.jsonl"):
        rows += len(file.read_text().splitlines())
    limit = json.loads(pathlib.Path(os.environ["baseline_constraints"]).read_text())["rows"]
    output = pathlib.Path(os.environ["output_path"])
    report = {"violations": [{"feature_name": "rows"}] if rows > limit else []}
    (output / "constraint_violations.json").write_text(json.dumps(report))
    metrics = ml / "output/metrics/cloudwatch"
    metrics.mkdir(parents=True)
    names = {
        "Endpoint": os.environ["sagemaker_endpoint_name"],
        "MonitoringSchedule": os.environ["sagemaker_monitoring_schedule_name"],
    }
    dimensions = [{"Name": name, "Value": value} for name, value in names.items()]
    metric = {"MetricName": "rows", "Value": rows, "Dimensions": dimensions}
    (metrics / "cloudwatch_metrics.jsonl").write_text(json.dumps(metric))
    if rows > limit:
        (ml / "output/message").write_text("CompletedWithViolations: Job found 1 violation")

def process():
    (ml / "processing/out/done.txt").write_text("done")

command = (sys.argv[1:] or ["monitor"])[0]  # bias has no arguments
{"serve": serve, "monitor": monitor, "process": process}[command]()
"""


def template(image: str, role: str, longest: int) -> dict[str, Any]:
    """A definition and its schedule, which runs once, at once."""
    output = {"S3Uri": f"s3://{BUCKET}/reports", "LocalPath": "/opt/ml/processing/out"}
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
    definition = {
        "JobDefinitionName": {"Fn::Sub": f"${{AWS::StackName}}-{longest}"},
        "DataQualityAppSpecification": {"ImageUri": image, "ContainerArguments": ["monitor"]},
        "DataQualityBaselineConfig": {
            "ConstraintsResource": {"S3Uri": f"s3://{BUCKET}/baseline/constraints.json"}
        },
        "DataQualityJobInput": {
            "EndpointInput": {"EndpointName": "echo", "LocalPath": "/opt/ml/processing/input"}
        },
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": longest},
        "RoleArn": role,
    }
    schedule = {
        "MonitoringScheduleName": {"Ref": "AWS::StackName"},
        "MonitoringScheduleConfig": {
            "ScheduleConfig": {
                "ScheduleExpression": "NOW",
                "DataAnalysisStartTime": "-PT2H",
                "DataAnalysisEndTime": "PT1H",
            },
            "MonitoringJobDefinitionName": {"Fn::Sub": f"${{AWS::StackName}}-{longest}"},
            "MonitoringType": "DataQuality",
        },
    }
    return {
        "Definition": {
            "Type": "AWS::SageMaker::DataQualityJobDefinition",
            "Properties": definition,
        },
        "Schedule": {
            "Type": "AWS::SageMaker::MonitoringSchedule",
            "Properties": schedule,
            "DependsOn": "Definition",
        },
    }


OUTPUTS = {
    "Definition": {"Value": {"Ref": "Definition"}},
    "Schedule": {"Value": {"Ref": "Schedule"}},
}
