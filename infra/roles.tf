# The rights stand in policies/*.json, one document per kind of work. The rehearsal runs under the same documents, and a
# test holds them against every action that was seen there (tests/rehearsal/test_least_rights.py).
resource "aws_iam_policy" "this" {
  for_each = toset(distinct(flatten(values(local.roles))))

  name        = "${local.name}-${each.key}"
  description = "Mirrorlake ${var.environment}: what a ${each.key} may do"
  policy      = templatefile("${path.module}/policies/${each.key}.json", local.policy_values)
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${local.name}-${each.key}"
  description          = "Mirrorlake ${var.environment}: ${each.key}"
  assume_role_policy   = local.trust[each.key]
  max_session_duration = 14400
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = merge([
    for role, documents in local.roles : { for document in documents : "${role}-${document}" => [role, document] }
  ]...)

  role       = aws_iam_role.this[each.value[0]].name
  policy_arn = aws_iam_policy.this[each.value[1]].arn
}

locals {
  # AWS shows for ECS, in this very use, that it names the account for which it takes on a role:
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
  # A condition on what a service does not name would keep it out, so the others get none (EC2, Lambda, and Glue below);
  # nobody of another account may hand a role of this one to a service anyway (iam:PassRole).
  name_the_account = ["ecs-tasks.amazonaws.com"]

  trust = merge(
    { for role in ["reader", "ingester", "loader", "keeper", "deployer", "validator"] : role => data.aws_iam_policy_document.people.json },
    {
      runner      = data.aws_iam_policy_document.runner.json
      transformer = data.aws_iam_policy_document.jobs.json
      snowflake   = data.aws_iam_policy_document.snowflake.json
    },
  )
}

data "aws_iam_policy_document" "people" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.operator_arns
    }
  }
}

data "aws_iam_policy_document" "runner" {
  source_policy_documents = [data.aws_iam_policy_document.people.json]

  dynamic "statement" {
    for_each = toset(var.runner_services)

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "Service"
        identifiers = [statement.key]
      }

      dynamic "condition" {
        for_each = contains(local.name_the_account, statement.key) ? [1] : []

        content {
          test     = "StringEquals"
          variable = "aws:SourceAccount"
          values   = [local.account]
        }
      }
    }
  }
}

# EMR Serverless names the account: roles for it that are in public use bear this condition.
data "aws_iam_policy_document" "jobs" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["emr-serverless.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# Before Snowflake's side exists nobody may take on its role: the condition names an id that nobody has.
data "aws_iam_policy_document" "snowflake" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [coalesce(var.snowflake_user_arn, "arn:${local.partition}:iam::${local.account}:root")]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [coalesce(var.snowflake_external_id, "not-known-yet-${aws_kms_key.data.key_id}")]
    }
  }
}
