#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Collecting outputs against sha256sum on the same tree: CPU seconds, GB/s per
# core, and the ratio. cupel-collect also copies the tree, checks it and hashes
# it in one pass; sha256sum only hashes. The runs are interleaved, the best of
# ROUNDS counts, everything is in memory. Usage: bench/collect.sh BUILD-DIRECTORY
set -eu

build=$(cd "${1:?usage: collect.sh BUILD-DIRECTORY}" && pwd)
rounds=${ROUNDS:-7}
collect=$build/outputs/cupel-collect
drive=$build/tests/unit/outputs/collect-drive
work=$(mktemp -d /dev/shm/cupel-bench-XXXXXX)
trap 'rm -rf "$work"' EXIT

make_trees() {
	mkdir "$work/big" "$work/small" "$work/mixed"
	for i in 1 2 3 4; do
		head -c 64M /dev/urandom >"$work/big/$i"
	done
	for d in $(seq 50); do
		mkdir "$work/small/$d"
		split -a 3 -b 4096 -n 100 /usr/bin/gdb "$work/small/$d/" 2>/dev/null ||
			head -c 409600 /dev/urandom | split -a 3 -b 4096 - "$work/small/$d/"
	done
	cp -rL /usr/include "$work/mixed/" 2>/dev/null || :
}

# User and system seconds of a command and its children.
cpu_of() {
	# shellcheck disable=SC3045
	(
		"$@" >/dev/null
		times
	) | tail -n 1 | sed 's/m/ /g; s/s//g' | awk '{ print $1 * 60 + $2 + $3 * 60 + $4 }'
}

best() {
	sort -n | head -n 1
}

measure() {
	tree=$1
	bytes=$(find "$tree" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
	files=$(find "$tree" -type f | wc -l)
	: >"$work/ours"
	: >"$work/wall"
	: >"$work/theirs"
	for _ in $(seq "$rounds"); do
		mkdir "$work/staging"
		"$drive" "$collect" "$tree" "$work/staging" >"$work/line"
		read -r cpu wall <"$work/line"
		echo "$cpu" >>"$work/ours"
		echo "$wall" >>"$work/wall"
		rm -rf "$work/staging"
		cpu_of sh -c "find '$tree' -type f -print0 | xargs -0 sha256sum" >>"$work/theirs"
	done
	awk -v name="$(basename "$tree")" -v files="$files" -v bytes="$bytes" \
		-v ours="$(best <"$work/ours")" -v wall="$(best <"$work/wall")" \
		-v theirs="$(best <"$work/theirs")" 'BEGIN {
		printf "%-6s %6d files %5.0f MB: cupel-collect %.3f s CPU (%.2f GB/s per core, ",
			name, files, bytes / 1e6, ours, bytes / 1e9 / ours
		printf "%.3f s wall), sha256sum %.3f s CPU (%.2f GB/s), ratio %.2f\n",
			wall, theirs, bytes / 1e9 / theirs, theirs / ours
	}'
}

make_trees
for tree in big small mixed; do
	measure "$work/$tree"
done
