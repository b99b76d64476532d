#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every attack from inside, each in a sandbox of its own. It is blocked when it says
# so itself, and when that was the build's own doing.
. "${0%/*}/../lib.sh"

workspace=$TMP/secret-place
outside=$TMP/outside
mkdir "$workspace" "$outside"
cp "$(command -v attack)" "$workspace/"
(cd "$outside" && exec outside serve "$workspace") &
service=$!
trap 'kill $service 2>/dev/null' EXIT
until [ -f "$outside/world" ] || ! kill -0 $service; do sleep 0.05; done
world=$(cat "$outside/world")
secret=this-is-the-secret
small='processes=64 scratch=8388608 files=200 open-files=64'

# What the caller leaves lying around: a secret, a directory, a file of his own in /tmp,
# groups that he is in.
groups=''
[ "$HALF" = user ] || groups='setpriv --groups 4,24,27'
callers_file=$(mktemp /tmp/cupel-callers-file.XXXXXX)
attack_once() {
	(cd "$workspace" && SECRET=$secret timeout -k 5 60 $groups "$CUPEL" run \
		--no-attest --timeout 30s --result "$TMP/result" "$@" 7</ 8<"$workspace" 9<"$0") \
		>"$TMP/output" 2>"$TMP/errors"
}

# point NAME CLASS [OPTION…]
point() {
	attack=$1 name="$2: $1${3:+ ($3)}" code=0
	shift 2
	rm -f "$TMP/result"
	# shellcheck disable=SC2086 # lists
	attack_once "$@" -- ./attack "$attack" $world $small "secret=$secret" \
		path=secret-place || code=$?
	said=$(tail -n 1 "$TMP/output")
	if ! grep -q '"by":"build"' "$TMP/result"; then
		not_ok "$name" "the runner ended it: $code, $said, $(cat "$TMP/errors")"
	elif [ "$code" = 1 ] && [ "${said#blocked: }" != "$said" ]; then
		ok "$name"
	elif [ "$code" = 77 ]; then
		skip "$name" "${said#not applicable: }"
	else
		not_ok "$name" "exit code $code: $said"
	fi
}

wanted() { case " ${CASES-$1} " in *" $1 "*) ;; *) return 1 ;; esac }

printf '[limits]\nprocesses = 64\nscratch = 8M\nfiles = 200\nopen-files = 64\n' >"$TMP/limits.ini"
attack --list >"$TMP/list"
[ -s "$TMP/list" ] && [ -n "$world" ] || not_ok 'attacks' 'there are none'
while read -r attack class; do
	wanted "$attack" || continue
	case $class in
	limits) cp "$TMP/limits.ini" "$workspace/cupel.ini" ;;
	*) rm -f "$workspace/cupel.ini" ;;
	esac
	if [ "$attack $HALF" = 'groups-of-caller user' ]; then
		skip "$class: $attack" 'with a single id the kernel does not let groups go'
		continue
	fi
	point "$attack" "$class"
	case $attack in
	host-path | workspace-socket | climb | descriptors) point "$attack" "$class" --overlay ;;
	esac
done <"$TMP/list"

if [ -z "${CASES-}" ]; then
	judge "outside: the service was never reached" test ! -e "$outside/touched"
	judge "outside: the service is alive" kill -0 $service
	judge "outside: files in /tmp are still there" test -e "$callers_file"
	judge "outside: the workspace is as it was" test "$(ls "$workspace")" = "attack
cupel.ini
host.fifo
host.sock"
	judge "outside: the host has its name" test "$(uname -n)" != escaped
	judge "outside: the host has its devices" \
		test "$(stat -c '%u %a' /dev/null)" = '0 666'
fi
rm -f "$callers_file"
kill $service
wait $service 2>/dev/null
trap '[ -n "${lib_finished-}" ] || exit 99' EXIT
finish
