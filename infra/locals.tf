locals {
  name      = "mirrorlake-${var.environment}"
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  tags = {
    project     = "mirrorlake"
    environment = var.environment
  }

  # What the documents in policies/ leave open. The rehearsal fills in the same names (rehearsal/roles.py).
  policy_values = {
    partition        = local.partition
    region           = var.region
    account          = local.account
    name             = local.name
    env              = var.environment
    lake_bucket      = var.lake_bucket
    lake_prefix      = var.lake_prefix
    artifacts_bucket = var.artifacts_bucket
    catalog          = var.catalog
    job              = var.job
    emr_application  = var.emr_serverless ? aws_emrserverless_application.gold[0].id : "none"
    key_arn          = aws_kms_key.data.arn
  }

  # Which documents each role has. A runner does everything in one process, as `mirrorlake run` does.
  roles = jsondecode(file("${path.module}/roles.json"))
}
