#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes docs/man anew from the table of commands. usage: man_sources.sh PROVISO ROOT
set -e
folder=$2/docs/man
rm -f "$folder"/proviso*.1.scd
"$1" help --man > "$folder/proviso.1.scd"
"$1" help --json | tr '{' '\n' | sed -n 's/^"name":"\([a-z ]*\)".*/\1/p' | while read -r name; do
  # shellcheck disable=SC2086 # two words are two arguments
  "$1" help --man $name > "$folder/proviso-$(echo "$name" | tr ' ' '-').1.scd"
done
