"""Which IAM actions a request needs, on which resources: what the policies of roles are held against.

https://docs.aws.amazon.com/service-authorization/latest/reference/: only the services that the platform speaks to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from rehearsal.serve.requests import ACCOUNT, AwsRequest
from rehearsal.serve.s3_actions import s3_needs


@dataclass(frozen=True)
class Need:
    """One action on one resource; ``context`` holds the condition keys that a policy may ask for."""

    action: str
    resource: str = "*"
    context: tuple[tuple[str, str], ...] = field(default=())


def needs(request: AwsRequest) -> list[Need]:
    """All that has to be allowed for ``request``."""
    if request.service == "s3":
        return [Need(action, resource, context) for action, resource, context in s3_needs(request)]
    name = action_name(request)
    found = [Need(f"{request.service}:{name}", each) for each in _resources(request, name)]
    return [*found, *_passed_roles(request, name)]


def action_name(request: AwsRequest) -> str:
    """``StartJobRun``, from the header, the path or the form by which each protocol says it."""
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    by_path = re.search(r"/operation/(\w+)", request.path)
    if by_path:
        return by_path[1]
    if request.service == "emr-serverless":
        return _emr_action(request)
    return str(request.document.get("Action") or request.arguments.get("Action") or "Unknown")


def _emr_action(request: AwsRequest) -> str:
    runs = {"POST": "StartJobRun", "GET": "ListJobRuns"}
    run = {"GET": "GetJobRun", "DELETE": "CancelJobRun"}
    applications = {"POST": "CreateApplication", "GET": "ListApplications"}
    application = {"GET": "GetApplication", "PATCH": "UpdateApplication", "DELETE": "DeleteApplication"}
    parts = request.path.strip("/").split("/")
    table = [applications, application, runs, run][min(len(parts), 4) - 1]
    if parts[-1] in ("start", "stop") and request.method == "POST":
        return f"{parts[-1].title()}Application"
    return table.get(request.method, "Unknown")


def _resources(request: AwsRequest, action: str) -> list[str]:
    finder = _FINDERS.get(request.service)
    return finder(request, action) if finder else ["*"]


def _glue(request: AwsRequest, action: str) -> list[str]:
    said, arn = request.document, f"arn:aws:glue:{request.region}:{ACCOUNT}"
    if "Job" in action:
        name = said.get("JobName") or said.get("Name")
        return [f"{arn}:job/{name}"] if name else ["*"]
    database = said.get("DatabaseName")
    if "Database" in action:
        database = said.get("Name") or said.get("DatabaseInput", {}).get("Name")
    if not database:
        return [f"{arn}:catalog"]
    found = [f"{arn}:catalog", f"{arn}:database/{database}"]
    if "Table" in action or "Partition" in action:
        table = said.get("TableName") or said.get("Name") or said.get("TableInput", {}).get("Name") or "*"
        found.append(f"{arn}:table/{database}/{table}")
    return found


def _secrets(request: AwsRequest, action: str) -> list[str]:
    name = str(request.document.get("SecretId") or request.document.get("Name") or "*")
    if name == "*" or name.startswith("arn:"):
        return [name]
    return [f"arn:aws:secretsmanager:{request.region}:{ACCOUNT}:secret:{name}-AbCdEf"]  # AWS adds six characters


def _logs(request: AwsRequest, action: str) -> list[str]:
    said = request.document
    group = said.get("logGroupName")
    if not group:
        return ["*"]
    stream = f"log-stream:{said['logStreamName']}" if "logStreamName" in said else "*"
    return [f"arn:aws:logs:{request.region}:{ACCOUNT}:log-group:{group}:{stream}"]


def _emr(request: AwsRequest, action: str) -> list[str]:
    parts = [unquote(part) for part in request.path.strip("/").split("/")]
    arn = f"arn:aws:emr-serverless:{request.region}:{ACCOUNT}:/applications"
    if len(parts) < 2:
        return ["*"]
    return [f"{arn}/{parts[1]}/jobruns/{parts[3]}" if len(parts) > 3 else f"{arn}/{parts[1]}"]


def _sts(request: AwsRequest, action: str) -> list[str]:
    return [str(request.document.get("RoleArn") or "*")]


def _passed_roles(request: AwsRequest, action: str) -> list[Need]:
    """Who hands a role to a service needs the right to."""
    said = request.document
    role = said.get("executionRoleArn") if action == "StartJobRun" else None
    if request.service == "glue" and action in ("CreateJob", "UpdateJob"):
        role = said.get("Role") or said.get("JobUpdate", {}).get("Role")
    if not role:
        return []
    arn = role if str(role).startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
    return [Need("iam:PassRole", arn, (("iam:PassedToService", f"{request.service}.amazonaws.com"),))]


_FINDERS = {
    "glue": _glue,
    "secretsmanager": _secrets,
    "logs": _logs,
    "emr-serverless": _emr,
    "sts": _sts,
}
