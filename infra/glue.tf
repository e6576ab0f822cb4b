resource "aws_glue_catalog_database" "lake" {
  name        = var.catalog
  description = "The tables of Mirrorlake's lake."
}

resource "aws_glue_security_configuration" "this" {
  name = local.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = aws_kms_key.data.arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = aws_kms_key.data.arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = aws_kms_key.data.arn
    }
  }
}

# What runs is the deployment's: `mirrorlake deploy` sets script and arguments, and Terraform leaves them alone.
resource "aws_glue_job" "gold" {
  name                   = var.job
  description            = "Builds the gold tables of Mirrorlake."
  role_arn               = aws_iam_role.this["transformer"].arn
  glue_version           = "5.1"
  worker_type            = "G.1X"
  number_of_workers      = var.glue_workers
  timeout                = var.glue_timeout_minutes
  max_retries            = 0
  execution_class        = "STANDARD"
  security_configuration = aws_glue_security_configuration.this.name

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${var.artifacts_bucket}/scripts/not-deployed-yet.py"
  }

  execution_property {
    max_concurrent_runs = 1
  }

  lifecycle {
    ignore_changes = [command, default_arguments]
  }
}
