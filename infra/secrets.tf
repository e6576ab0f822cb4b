# The places of the secrets, not the secrets: values are put by hand (docs/promotion.md, step 4), so none is in the state.
locals {
  secrets = {
    "staging-url"           = "URL of the staging Postgres, with its password"
    "snowflake-private-key" = "Private key of the Snowflake user, PEM"
  }
}

resource "aws_secretsmanager_secret" "this" {
  # checkov:skip=CKV2_AWS_57: both are changed together with what they open (docs/infra.md), not by a timer
  for_each = local.secrets

  name                    = "mirrorlake/${var.environment}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.data.arn
  recovery_window_in_days = 30
}
