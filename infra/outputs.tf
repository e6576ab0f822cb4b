output "variables" {
  description = "What the environment of whoever runs `mirrorlake` has to say, as lines for .env.prod."
  value = join("\n", compact([
    "MIRRORLAKE_LAKE_ROOT=s3://${var.lake_bucket}/${var.lake_prefix}",
    "MIRRORLAKE_S3_REGION=${var.region}",
    "MIRRORLAKE_DEPLOY_ARTIFACTS=s3://${var.artifacts_bucket}",
    "MIRRORLAKE_DEPLOY_ROLE=${aws_iam_role.this["transformer"].arn}",
    "MIRRORLAKE_SNOWFLAKE_STORAGE_ROLE=${aws_iam_role.this["snowflake"].arn}",
    var.emr_serverless ? "MIRRORLAKE_DEPLOY_EMR_APPLICATION=${aws_emrserverless_application.gold[0].id}" : "",
  ]))
}

output "roles" {
  description = "ARNs of the roles, by name."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}
