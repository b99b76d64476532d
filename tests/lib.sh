# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# Sourced first by each test script: `. "${0%/*}/../lib.sh"`. It prints TAP and
# runs the script twice when it was started by root: once as root, once as an
# ordinary user (cupel-test, or else nobody). Started by an ordinary user it runs
# it once, and one point says that root's half was skipped.
#
# From meson: CUPEL (the built cupel), SRCDIR, BUILDDIR, and HELPERS (programs to
# have on the PATH). A script sees CUPEL and SRCDIR in a private directory that
# both users can read, laid out as after an installation; HALF (root or user); TMP
# (its own directory, removed at the end), with HOME and XDG_* in it; and
# CUPEL_TEST_SHARED (one directory for both halves).
#
# To choose: HALVES="user", and CASES="a b" for scripts that use run_cases.

ok() { printf 'ok - %s (%s)\n' "$1" "$HALF"; }

# not_ok NAME [DETAIL]
not_ok() {
	printf 'not ok - %s (%s)\n' "$1" "$HALF"
	[ $# -lt 2 ] || printf '%s\n' "$2" | lib_comment
}

# skip NAME REASON
skip() { printf 'ok - %s (%s) # SKIP %s\n' "$1" "$HALF" "$2"; }

# judge NAME COMMAND…: ok when the command succeeds; it prints nothing of its own.
judge() {
	lib_name=$1
	shift
	if "$@" >"$TMP/judged" 2>&1; then
		ok "$lib_name"
	else
		not_ok "$lib_name" "$*: $(cat "$TMP/judged")"
	fi
}

# expect CODE NAME COMMAND…: the exit code is CODE. What it printed is in $TMP/output.
expect() {
	lib_code=$1 lib_name=$2 lib_got=0
	shift 2
	"$@" >"$TMP/output" 2>&1 || lib_got=$?
	if [ "$lib_got" = "$lib_code" ]; then
		ok "$lib_name"
	else
		not_ok "$lib_name" "exit code $lib_got instead of $lib_code: $*"
		tail -n 20 "$TMP/output" | lib_comment
	fi
}

# expect_output NAME REGEX COMMAND…: what it prints matches, whatever its exit code.
expect_output() {
	lib_name=$1 lib_regex=$2
	shift 2
	"$@" >"$TMP/output" 2>&1 || true
	if grep -Eq -e "$lib_regex" "$TMP/output"; then
		ok "$lib_name"
	else
		not_ok "$lib_name" "nothing matches '$lib_regex': $*"
		tail -n 20 "$TMP/output" | lib_comment
	fi
}

# said NAME REGEX: so did the command that the last expect or expect_output ran.
said() {
	if grep -Eq -e "$2" "$TMP/output"; then
		ok "$1"
	else
		not_ok "$1" "nothing matches '$2': $(cat "$TMP/output")"
	fi
}

# run_cases NAME…: calls case_NAME in an empty directory and a shell of its own.
run_cases() {
	for lib_case in "$@"; do
		case " ${CASES-$lib_case} " in *" $lib_case "*) ;; *) continue ;; esac
		lib_dir=$(mktemp -d "$TMP/case.XXXXXX")
		(cd "$lib_dir" && "case_$lib_case") || not_ok "$lib_case" "the case broke off"
	done
}

# The last line of a script.
finish() {
	lib_finished=yes
	exit 0
}

lib_comment() { tail -c 4096 | cat -v | sed 's/^/# /'; }

# A directory that both users can read, with everything that a script needs.
lib_prepare() {
	LIB_TOP=$(mktemp -d /tmp/cupel-test.XXXXXX)
	trap 'lib_cleanup' EXIT
	trap 'exit 1' HUP INT TERM
	mkdir -p "$LIB_TOP/bin" "$LIB_TOP/libexec/cupel" "$LIB_TOP/src" "$LIB_TOP/shared"
	# shellcheck disable=SC2086 # a list
	cp "$CUPEL" ${HELPERS-} "$LIB_TOP/bin/"
	find "$BUILDDIR" -maxdepth 2 -type f -perm -u+x -name 'cupel-*' \
		-exec cp {} "$LIB_TOP/libexec/cupel/" \;
	tar -C "$SRCDIR" --exclude=./.git --exclude="./${BUILDDIR##*/}" --exclude='./build*/*' \
		-cf - . | tar -C "$LIB_TOP/src" --no-same-owner -xf -
	chmod -R a+rX "$LIB_TOP"
	chmod 1777 "$LIB_TOP/shared"
	lib_script=$(cd "${0%/*}" && pwd -P)/${0##*/}
	lib_script=$LIB_TOP/src${lib_script#"$(cd "$SRCDIR" && pwd -P)"}
}

lib_cleanup() {
	chmod -R u+rwX "$LIB_TOP" 2>/dev/null || true
	rm -rf "$LIB_TOP"
}

# lib_half NAME [COMMAND…]: the script, through a command that changes the user.
lib_half() {
	HALF=$1 TMP=$LIB_TOP/$1
	shift
	mkdir -p "$TMP/home" "$TMP/tmp"
	[ $# = 0 ] || chown -R "$lib_uid:$lib_gid" "$TMP"
	(cd "$TMP" && env -u XDG_CONFIG_DIRS -u XDG_DATA_DIRS HALF="$HALF" TMP="$TMP" \
		CUPEL_TEST_SHARED="$LIB_TOP/shared" HOME="$TMP/home" \
		XDG_CONFIG_HOME="$TMP/home/.config" XDG_DATA_HOME="$TMP/home/.local/share" \
		XDG_CACHE_HOME="$TMP/home/.cache" XDG_RUNTIME_DIR="$TMP/tmp" TMPDIR="$TMP/tmp" \
		CUPEL="$LIB_TOP/bin/cupel" SRCDIR="$LIB_TOP/src" PATH="$LIB_TOP/bin:$PATH" \
		"$@" sh "$lib_script") || not_ok "the script" "it ended early, with code $?"
}

lib_both() {
	if [ "$(id -u)" != 0 ]; then
		printf "ok - root's half # SKIP needs root\n"
		lib_half user
		return
	fi
	lib_user=cupel-test
	id "$lib_user" >/dev/null 2>&1 || lib_user=nobody
	lib_uid=$(id -u "$lib_user") lib_gid=$(id -g "$lib_user")
	for lib_which in ${HALVES-root user}; do
		case $lib_which in
		root) lib_half root ;;
		user) lib_half user setpriv --reuid "$lib_uid" --regid "$lib_gid" --clear-groups \
			--inh-caps=-all ;;
		esac
	done
}

# Numbers the points, as they come.
lib_number() {
	lib_count=0
	while IFS= read -r lib_line; do
		case $lib_line in
		'ok - '*) lib_count=$((lib_count + 1)) lib_line="ok $lib_count ${lib_line#ok }" ;;
		'not ok - '*)
			lib_count=$((lib_count + 1)) lib_line="not ok $lib_count ${lib_line#not ok }"
			;;
		esac
		printf '%s\n' "$lib_line"
	done
	printf '1..%s\n' "$lib_count"
}

if [ -z "${HALF-}" ]; then
	: "${CUPEL:?}" "${SRCDIR:?}" "${BUILDDIR:?}"
	lib_prepare
	lib_both | lib_number
	exit 0
fi
trap '[ -n "${lib_finished-}" ] || exit 99' EXIT
