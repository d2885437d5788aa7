#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# config.t: prepare/check-config
set -eu
. "$(dirname "$0")/tap.sh"

printf 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_D=m\n' >"$T/config"
printf 'CONFIG_A=y\n# CONFIG_B is not set\n# CONFIG_C is not set\n' >"$T/good.config"
printf 'CONFIG_B=y\nCONFIG_NONE=y\n# CONFIG_A is not set\nCONFIG_D=y\n' >"$T/bad.config"
check 'config: options that were taken' 0 '' "$HARNESS/prepare/check-config" "$T/config" "$T/good.config"
check 'config: option not taken' '!' 'CONFIG_NONE=y \(bad.config\): is n' "$HARNESS/prepare/check-config" "$T/config" "$T/bad.config"
check 'config: option not switched off' '!' 'CONFIG_A=n \(bad.config\): is y' "$HARNESS/prepare/check-config" "$T/config" "$T/bad.config"
check 'config: module instead of built in' '!' 'CONFIG_D=y \(bad.config\): is m' "$HARNESS/prepare/check-config" "$T/config" "$T/bad.config"

plan
