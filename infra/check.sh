#!/usr/bin/env bash
# The cloud's resources and the containers, checked without an account and without a daemon: `just infra`.
# What cannot be checked for want of a program or of the network is said at the end, and fails nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=.venvs/infra/bin
left=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

terraform=$(command -v terraform || command -v tofu || true)
if [ -n "$terraform" ]; then
  export TF_CLI_CONFIG_FILE=/dev/null TF_DATA_DIR="$scratch/terraform" CHECKPOINT_DISABLE=1
  echo "terraform fmt"
  "$terraform" -chdir=infra fmt -check -diff -recursive
  cp -r infra "$scratch/infra" # init writes a lock of the provider's hashes beside the files
  if "$terraform" -chdir="$scratch/infra" init -backend=false -input=false -no-color > "$scratch/init" 2>&1; then
    echo "terraform validate"
    "$terraform" -chdir="$scratch/infra" validate -no-color
  else
    left+=("terraform validate: the AWS provider cannot be fetched here")
  fi
else
  left+=("terraform fmt and validate: neither terraform nor tofu is installed")
fi

echo "checkov"
"$tools/checkov" -d infra --framework terraform --quiet --compact --skip-download
"$tools/checkov" -f Dockerfile --framework dockerfile --quiet --compact --skip-download

echo "hadolint"
"$tools/hadolint" Dockerfile

if docker compose version > /dev/null 2>&1; then
  echo "docker compose config"
  docker compose --profile '*' config --quiet
else
  left+=("docker compose config: the compose plugin is not installed")
fi
if ! docker info > /dev/null 2>&1; then
  left+=("docker build and up: there is no daemon")
fi

for each in "${left[@]}"; do
  echo "not checked here: $each"
done
