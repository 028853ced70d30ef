#!/bin/sh
# digiKam, batch queue manager: add the tool "Custom Script" and paste this file's lines, or the path of this file.
# digiKam sets INPUT and OUTPUT; RECIPE is yours. Nothing is written where faceedit refuses the photo.
set -eu
RECIPE="${RECIPE:-$HOME/recipes/evening.yaml}"
part="$OUTPUT.part"
trap 'rm -f "$part"' EXIT
faceedit apply "$RECIPE" - -o - --quiet < "$INPUT" > "$part"
mv "$part" "$OUTPUT"
