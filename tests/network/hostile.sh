#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds that try to get around the gateway; attack.py says how.
. "${0%/*}/net.sh"

case_attacks() {
	project
	on_deny continue
	inside attack.py
	python3 attack.py "$HALF" cupel-out/net.network.jsonl "$WORLD/seen"
}

run_cases attacks
finish
