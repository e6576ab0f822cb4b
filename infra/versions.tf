# The state holds no secret of ours; keep it in a bucket all the same, so that two people do not apply at once:
#   terraform init -backend-config=backend.hcl      (backend.hcl.example shows what stands in it)
terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }

  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
