resource "aws_emrserverless_application" "gold" {
  count = var.emr_serverless ? 1 : 0

  name          = "${local.name}-gold"
  release_label = var.emr_release
  type          = "spark"

  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = 5
  }

  # A bound on what a run can cost, however it is written.
  maximum_capacity {
    cpu    = "16 vCPU"
    memory = "64 GB"
    disk   = "200 GB"
  }
}
