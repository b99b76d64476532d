#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds that try to get around the gateway; attack.py says how.
. "${0%/*}/net.sh"

# attack VARIANT
attack() {
	project
	on_deny continue
	inside attack.py "$1"
	python3 attack.py "$HALF" "$1" cupel-out/net.network.jsonl "$WORLD/seen"
}

case_attacks() {
	project
	attack "$(variant)"
}

# As where the kernel has no nftables.
case_by_port() {
	project
	net_prefix=no-netfilter
	if [ "$(variant)" = ports ]; then
		ok "-v says that the build cannot have the registries' ports"
	else
		not_ok "-v says that the build cannot have the registries' ports" "$(cat variant.log)"
	fi
	attack ports
}

run_cases attacks by_port
finish
