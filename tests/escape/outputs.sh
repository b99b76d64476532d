#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Attacks on the tree of outputs, on whoever reads it, and on what is said about it.
. "${0%/*}/../lib.sh"

# run CODE NAME SCRIPT [OPTION…]: as a build in the current directory, unsigned.
run() {
	run_code=$1 run_name=$2 run_script=$3
	shift 3
	expect "$run_code" "$run_name" timeout -k 5 120 "$CUPEL" run --no-attest "$@" \
		-- sh -ec "$run_script"
}

nothing_left() {
	left=$(find . -mindepth 1 -maxdepth 1 ! -name cupel.ini)
	if [ -z "$left" ]; then ok "$1: nothing is left"; else not_ok "$1: nothing is left" "$left"; fi
}

# refused NAME REGEX SCRIPT: the outputs are refused, with a reason, and nothing is published.
refused() {
	run 120 "$1: is refused" "$3"
	judge "$1: with the reason" grep -Eq -e "$2" "$TMP/output"
	nothing_left "$1"
}

case_fifo() { refused 'FIFO' 'named pipe' 'mkfifo $OUT/pipe'; }
case_socket() {
	refused 'socket' 'is a socket' \
		'perl -MSocket -e "socket(S, AF_UNIX, SOCK_STREAM, 0) and
		bind(S, sockaddr_un(q(/out/s))) or die"'
}
case_link_absolute() {
	refused 'absolute link' 'link that leads out' 'ln -s /etc/shadow $OUT/link'
}
case_link_climbing() {
	refused 'climbing link' 'link that leads out' 'mkdir $OUT/d; ln -s ../../etc/shadow $OUT/d/l'
}
case_link_root() { refused 'link to the root' 'link that leads out' 'ln -s / $OUT/root'; }
case_link_through() {
	refused 'link through a link' 'link that leads out' \
		'mkdir -p $OUT/a/b; ln -s ../.. $OUT/a/b/top; ln -s top/../etc $OUT/a/b/link'
}
case_link_proc() {
	refused 'magic link' 'link that leads out' 'ln -s /proc/self/root $OUT/link'
}
case_link_newline() {
	refused 'link with a newline in it' 'cannot be kept' 'ln -s "$(printf "a\nb")" $OUT/link'
}
case_link_to_directory() {
	run 0 'a link to a directory stays a link' \
		'mkdir $OUT/real; echo x >$OUT/real/file; ln -s real $OUT/link'
	judge 'a link to a directory stays a link: it does' test -L cupel-out/link
	judge 'a link to a directory stays a link: relative' \
		test "$(readlink cupel-out/link)" = real
}
case_hard_link() {
	run 0 'hard links are broken' 'echo x >$OUT/one; ln $OUT/one $OUT/two'
	judge 'hard links are broken: one' test "$(stat -c %h cupel-out/one)" = 1
	judge 'hard links are broken: two' test "$(cat cupel-out/two)" = x
}
case_setuid() { refused 'setuid' 'setuid, setgid' 'echo >$OUT/f; chmod 4755 $OUT/f'; }
case_setgid() { refused 'setgid' 'setuid, setgid' 'echo >$OUT/f; chmod 2755 $OUT/f'; }
case_sticky() { refused 'sticky' 'setuid, setgid' 'echo >$OUT/f; chmod 1644 $OUT/f'; }
case_modes() {
	run 0 'modes are plain' 'umask 0; mkdir -m 2777 $OUT/d; echo >$OUT/d/f; chmod 666 $OUT/d/f'
	judge 'modes are plain: directory' test "$(stat -c %a cupel-out/d)" = 755
	judge 'modes are plain: file' test "$(stat -c %a cupel-out/d/f)" = 644
}
case_newline() { refused 'newline in a name' 'control character' 'echo >"$OUT/$(printf "a\nb")"'; }
case_escape() {
	refused 'ESC in a name' 'control character' 'echo >"$OUT/$(printf "a\033[2Jb")"'
	if grep -q "$(printf '\033')" "$TMP/output"; then
		not_ok 'ESC in a name: the message is harmless' "$(cat "$TMP/output")"
	else
		ok 'ESC in a name: the message is harmless'
	fi
}
case_utf8() { refused 'bad UTF-8 in a name' 'not UTF-8' 'echo >"$OUT/$(printf "a\377b")"'; }
case_overlong() { refused 'overlong UTF-8' 'not UTF-8' 'echo >"$OUT/$(printf "a\300\257b")"'; }
case_long_path() {
	refused 'a path of 1,300 bytes' 'too long a name|deeper' \
		'cd $OUT; n=$(printf "%0250d" 0); for i in 1 2 3 4 5; do mkdir $n; cd $n; done; echo >f'
}
case_sparse() {
	refused 'a file of 8 EiB' 'larger than' 'truncate -s 9223372036854775807 $OUT/f'
}
case_sparse_sum() {
	refused 'many files of 8 EiB' 'larger than' \
		'for i in 1 2 3 4 5; do truncate -s 9223372036854775807 $OUT/$i; done'
}
case_sparse_kept() {
	run 0 'holes stay holes' 'truncate -s 1G $OUT/f; echo x >>$OUT/f'
	judge 'holes stay holes: on disk' test "$(stat -c %b cupel-out/f)" -lt 2048
}
case_deep() {
	refused '2,000 levels' 'deeper than' \
		'perl -e "chdir(q(/out)); for (1..2000) { mkdir(q(d)) and chdir(q(d)) or die }"'
}
case_many() {
	printf '[limits]\noutput-files = 100\n' >cupel.ini
	refused '101 files' 'more than 100' 'cd $OUT; for i in $(seq 101); do echo >$i; done'
}
case_size() {
	printf '[limits]\noutput-size = 1M\n' >cupel.ini
	refused 'more than 1 MiB' 'larger than' 'head -c 1048577 /dev/zero >$OUT/f'
}
case_reserved_attestation() {
	refused 'a look-alike attestation' 'reserved name' 'echo {} >$OUT/build.intoto.jsonl'
}
case_reserved_bundle() {
	refused 'a look-alike bundle' 'reserved name' 'echo {} >$OUT/build.sigstore.json'
}
case_reserved_log() { refused 'a look-alike log' 'reserved name' 'echo >$OUT/build.log'; }
case_reserved_directory() {
	refused 'a directory for the log' 'reserved name' 'mkdir -p $OUT/build.log/x'
}
case_reserved_named() {
	printf '[project]\nname = thing\n' >cupel.ini
	refused 'a look-alike with a name' 'reserved name' 'echo {} >$OUT/thing.intoto.jsonl'
}
case_reserved_workspace() {
	printf '[outputs]\nfiles = build.log\n' >cupel.ini
	refused 'a look-alike from the workspace' 'reserved name' 'echo >build.log'
}
case_reserved_sums() {
	refused 'a look-alike list of digests' 'reserved name' \
		'cd $OUT; for i in $(seq 1000); do echo >$i; done; echo >SHA256SUMS'
}
# A name that is not reserved is no attestation either.
case_other_attestation() {
	expect 0 'another look-alike: is built' "$CUPEL" run -- sh -c \
		'echo x >$OUT/f; echo {} >$OUT/other.intoto.jsonl; echo {} >$OUT/f.intoto.jsonl'
	expect 1 'another look-alike: proves nothing' "$CUPEL" verify cupel-out/f \
		--attestation cupel-out/f.intoto.jsonl
	expect 0 'another look-alike: hides nothing' "$CUPEL" verify cupel-out/f \
		--attestation cupel-out/build.intoto.jsonl
}
case_replaced() {
	run 0 '$OUT cannot be replaced' 'echo x >$OUT/f; rm -rf $OUT || true
		ln -s /etc $OUT 2>/dev/null || true; mv $OUT /tmp/o 2>/dev/null || true
		mount --bind /etc $OUT 2>/dev/null || true; echo y >/out/g'
	judge '$OUT cannot be replaced: only ours' test "$(ls cupel-out)" = 'build.log
g'
}
case_unreadable() {
	run 0 'what was made unreadable is read' \
		'mkdir $OUT/d; echo x >$OUT/d/f; chmod 0 $OUT/d/f $OUT/d; chmod 0 $OUT'
	judge 'what was made unreadable is read: with its content' \
		test "$(cat cupel-out/d/f 2>/dev/null)" = x
}

# Whoever writes on after the command has ended is dead before anything is read.
case_writer() {
	expect 0 'a writer left running: is built' "$CUPEL" run -- sh -c 'echo x >$OUT/f
		setsid sh -c "trap \"\" TERM HUP; while :; do echo more >>/out/f; done" &
		setsid perl -e "open(F, q(+<), q(/out/f)); while (1) { seek(F, 0, 0); syswrite(F, rand) }" &
		sleep 0.1'
	expect 0 'a writer left running: what is attested is what is there' \
		"$CUPEL" verify cupel-out/f
	before=$(sha256sum cupel-out/f)
	sleep 0.2
	judge 'a writer left running: it is dead' test "$before" = "$(sha256sum cupel-out/f)"
}

# What the build says is carried on as it is, and shown again harmlessly.
lies='printf "cupel: built in 0.01 s\n  outputs   /: 1 files\n\033]0;title\007\033[2J\a\rover\n"'
case_lies() {
	"$CUPEL" run --no-attest -- sh -c "$lies; echo x >\$OUT/f" >said 2>errors
	sh -c "$lies" >wanted
	judge 'lies: the output is as it was made' cmp said wanted
	judge 'lies: so is the log' cmp cupel-out/build.log wanted
	judge 'lies: our own summary is ours' test "$(grep -c 'cupel: built' errors)" = 1
}
case_lies_failing() {
	"$CUPEL" run --no-attest -- sh -c "$lies; exit 3" >said 2>errors
	judge 'lies of a failing build: shown again' grep -q '^  | .*title' errors
	if LC_ALL=C grep -q "$(printf '[\001-\010\016-\037]')" errors; then
		not_ok 'lies of a failing build: shown harmlessly' "$(cat errors)"
	else
		ok 'lies of a failing build: shown harmlessly'
	fi
	judge 'lies of a failing build: never as ours' test "$(grep -c '^cupel: built' errors)" = 0
}
case_flood() {
	printf '[limits]\nlog = 1M\n' >cupel.ini
	run 122 '300 MB of output: the limit is reached' 'echo x >$OUT/f; head -c 300M /dev/zero'
	nothing_left '300 MB of output'
}
case_flood_errors() {
	printf '[limits]\nlog = 1M\n' >cupel.ini
	run 122 '300 MB of errors: the limit is reached' 'echo x >$OUT/f; head -c 300M /dev/zero >&2'
	nothing_left '300 MB of errors'
}

run_cases fifo socket link_absolute link_climbing link_root link_through link_proc link_newline \
	link_to_directory hard_link setuid setgid sticky modes newline escape utf8 overlong \
	long_path sparse sparse_sum sparse_kept deep many size reserved_attestation \
	reserved_bundle reserved_log reserved_directory reserved_named reserved_workspace \
	reserved_sums other_attestation replaced unreadable writer lies lies_failing flood \
	flood_errors
finish
