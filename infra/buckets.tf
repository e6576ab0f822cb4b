locals {
  buckets = {
    lake      = var.lake_bucket
    artifacts = var.artifacts_bucket
    access    = "${var.lake_bucket}-access-logs"
  }
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144: one region; bronze can be copied to another by a rule of one's own (docs/infra.md)
  # checkov:skip=CKV2_AWS_62: nobody listens to events; runs are scheduled
  # checkov:skip=CKV_AWS_18: the lake's and the artifacts' accesses are logged (below); the log's own are not
  for_each = local.buckets

  bucket = each.value
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

# S3 can write access logs only to a bucket that it encrypts with its own key.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = each.key != "access"

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == "access" ? "AES256" : "aws:kms"
      kms_master_key_id = each.key == "access" ? null : aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = { for name in ["lake", "artifacts"] : name => aws_s3_bucket.this[name] }

  bucket        = each.value.id
  target_bucket = aws_s3_bucket.this["access"].id
  target_prefix = "${each.key}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket     = each.value.id
  depends_on = [aws_s3_bucket_versioning.this]

  rule {
    id     = "forget-what-was-replaced"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Bronze is read again only by a rebuild.
  dynamic "rule" {
    for_each = each.key == "lake" ? [1] : []

    content {
      id     = "store-old-bronze-cheaply"
      status = "Enabled"

      filter {
        prefix = "${var.lake_prefix}/bronze/"
      }

      transition {
        days          = 90
        storage_class = "GLACIER_IR"
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "access" ? [1] : []

    content {
      id     = "forget-old-accesses"
      status = "Enabled"

      filter {}

      expiration {
        days = 90
      }
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.buckets

  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:${local.partition}:s3:::${each.value}", "arn:${local.partition}:s3:::${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
  dynamic "statement" {
    for_each = each.key == "lake" && var.bronze_is_create_only ? [1] : []

    content {
      sid       = "RefuseToOverwriteBronze"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = ["arn:${local.partition}:s3:::${each.value}/${var.lake_prefix}/bronze/*"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "Null"
        variable = "s3:if-none-match"
        values   = ["true"]
      }

      condition {
        test     = "Bool"
        variable = "s3:ObjectCreationOperation"
        values   = ["true"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "access" ? [1] : []

    content {
      sid       = "LetS3WriteAccessLogs"
      actions   = ["s3:PutObject"]
      resources = ["arn:${local.partition}:s3:::${each.value}/*"]

      principals {
        type        = "Service"
        identifiers = ["logging.s3.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket     = each.value.id
  policy     = data.aws_iam_policy_document.bucket[each.key].json
  depends_on = [aws_s3_bucket_public_access_block.this]
}
