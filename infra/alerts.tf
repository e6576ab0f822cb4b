# The names are Glue's: since 5.0 a job under a security configuration writes to these two, and would make them itself, to
# be kept for ever. https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
resource "aws_cloudwatch_log_group" "glue" {
  for_each = toset(["error", "output"])

  name              = "/aws-glue/jobs/${aws_glue_security_configuration.this.name}-role/${aws_iam_role.this["transformer"].name}/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_sns_topic" "alerts" {
  name              = "${local.name}-alerts"
  kms_master_key_id = aws_kms_key.data.id
}

resource "aws_sns_topic_subscription" "mail" {
  for_each = toset(var.alert_emails)

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.key
}

data "aws_iam_policy_document" "alerts" {
  # Without a condition: EventBridge tells a topic nothing that one could compare, so with one no mail would ever come.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html (Amazon SNS permissions)
  statement {
    sid       = "TellOfFailedJobs"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  statement {
    sid       = "TellOfAlarmsAndTheBudget"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

resource "aws_cloudwatch_event_rule" "glue_failed" {
  name        = "${local.name}-glue-failed"
  description = "The job that builds gold did not end well"

  event_pattern = jsonencode({
    source        = ["aws.glue"]
    "detail-type" = ["Glue Job State Change"]
    detail        = { jobName = [var.job], state = ["FAILED", "TIMEOUT", "STOPPED"] }
  })
}

resource "aws_cloudwatch_event_rule" "emr_failed" {
  count = var.emr_serverless ? 1 : 0

  name        = "${local.name}-emr-failed"
  description = "A job run of EMR Serverless did not end well"

  event_pattern = jsonencode({
    source        = ["aws.emr-serverless"]
    "detail-type" = ["EMR Serverless Job Run State Change"]
    detail        = { applicationId = [aws_emrserverless_application.gold[0].id], state = ["FAILED", "CANCELLED"] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  for_each = toset(concat([aws_cloudwatch_event_rule.glue_failed.name], aws_cloudwatch_event_rule.emr_failed[*].name))

  rule = each.key
  arn  = aws_sns_topic.alerts.arn
}

# Tasks of Spark that fail and are repeated cost time before the job fails, if it does: a first sign of bad nodes or data.
resource "aws_cloudwatch_metric_alarm" "failed_tasks" {
  alarm_name          = "${local.name}-failed-tasks"
  alarm_description   = "Spark tasks of the job that builds gold fail"
  namespace           = "Glue"
  metric_name         = "glue.driver.aggregate.numFailedTasks"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]

  dimensions = {
    JobName  = var.job
    JobRunId = "ALL"
    Type     = "count"
  }
}

# Of the whole account: a filter by tag sees nothing until somebody has made the tag one for cost allocation, and never
# what is not made here (the staging database, whatever runs Airflow).
resource "aws_budgets_budget" "monthly" {
  name         = local.name
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.key
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.alert_emails
      subscriber_sns_topic_arns  = [aws_sns_topic.alerts.arn]
    }
  }
}
