#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# stock.t: what make stock refuses
set -eu
. "$(dirname "$0")/tap.sh"
check 'stock: an architecture whose image is not fetched' '!' 'names no image for ARCH=arm64' env BASE=6.1 ARCH=arm64 "$HARNESS/commands/stock"
check 'stock: a base without one' '!' 'names no image for ARCH=x86_64 .*; have: 6.1 6.12 ;' env BASE=7.3 "$HARNESS/commands/stock"
check 'stock: an image without its headers' '!' 'go together' env KERNEL=/dev/null "$HARNESS/commands/stock"
check 'stock: an image that is not there' '!' 'KERNEL=/nonexistent: there is no such image' env KERNEL=/nonexistent HEADERS=/nonexistent "$HARNESS/commands/stock"
echo >"$T/image"
check 'stock: headers that are none' '!' 'has no Module.symvers' env KERNEL="$T/image" HEADERS="$T" "$HARNESS/commands/stock"

plan
