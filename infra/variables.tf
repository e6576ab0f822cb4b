variable "environment" {
  description = "The environment's name, as in profiles/."
  type        = string
  default     = "prod"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.environment))
    error_message = "Use lower case letters, digits and '-', beginning with a letter."
  }
}

variable "region" {
  description = "Region of buckets, secrets and jobs: s3.region of the profile."
  type        = string
  default     = "eu-central-1"
}

variable "lake_bucket" {
  description = "Bucket of the lake: the first part of lake.root (s3://BUCKET/prefix)."
  type        = string
}

variable "lake_prefix" {
  description = "Prefix of the lake in its bucket: the second part of lake.root."
  type        = string
  default     = "lake"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9/_-]*[A-Za-z0-9]$", var.lake_prefix))
    error_message = "Give a prefix without '/' at its ends."
  }
}

variable "artifacts_bucket" {
  description = "Bucket of what is deployed: deploy.artifacts of the profile."
  type        = string
}

variable "job" {
  description = "Name of the Glue job: deploy.job of the profile."
  type        = string
  default     = "mirrorlake-gold"
}

variable "catalog" {
  description = "Name of the database in Glue's catalog: deploy.catalog of the profile."
  type        = string
  default     = "mirrorlake"
}

variable "glue_workers" {
  description = "Workers of the Glue job (G.1X: 4 processors, 16 GB). Two is the least: one drives, one works."
  type        = number
  default     = 2
}

variable "glue_timeout_minutes" {
  description = "A run of the job that takes longer is ended."
  type        = number
  default     = 60
}

variable "emr_serverless" {
  description = "Whether to make an application of EMR Serverless too (gold.runs_on = emr-serverless)."
  type        = bool
  default     = false
}

variable "emr_release" {
  description = "Release of EMR Serverless: Spark 3.5.6 as in Glue 5.1."
  type        = string
  default     = "emr-7.12.0"
}

variable "bronze_is_create_only" {
  description = "Whether the bucket refuses to overwrite bronze. Off where `run --write-s3` mirrors a laptop's lake here."
  type        = bool
  default     = true
}

variable "operator_arns" {
  description = "ARNs of people's or CI's roles that may take on the roles made here."
  type        = list(string)
}

variable "runner_services" {
  description = "Services whose tasks may take on the runner's role, such as ecs-tasks.amazonaws.com."
  type        = list(string)
  default     = []
}

variable "snowflake_user_arn" {
  description = "STORAGE_AWS_IAM_USER_ARN of Snowflake's storage integration; null until it exists."
  type        = string
  default     = null
}

variable "snowflake_external_id" {
  description = "STORAGE_AWS_EXTERNAL_ID of Snowflake's storage integration; null until it exists."
  type        = string
  default     = null
}

variable "alert_emails" {
  description = "Who is told of failed jobs and of the budget."
  type        = list(string)
}

variable "monthly_budget" {
  description = "US dollars a month for the whole account: the budget does not look at tags."
  type        = number
  default     = 100
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
}
