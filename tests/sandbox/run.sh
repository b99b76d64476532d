#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `cupel run` as its users meet it: no configuration, the workspace, what is kept, exit
# codes, the result file, the plan.
. "${0%/*}/../lib.sh"

case_zero_configuration() {
	printf 'all:\n\tcc -o $(OUT)/hello hello.c\n' >Makefile
	echo 'int main(void) { return 0; }' >hello.c
	before=$(find . -type f | xargs sha256sum | sort)
	expect 0 "make in any directory, without configuration" "$CUPEL" run -- make
	judge "the output is published and runs" ./cupel-out/hello
	judge "the log is kept" grep -q 'cc -o' cupel-out/build.log
	judge "the attestation is published twice" \
		test -s cupel-out/build.intoto.jsonl -a -s cupel-out/build.sigstore.json
	rm -r cupel-out/hello cupel-out
	[ "$before" = "$(find . -type f | xargs sha256sum | sort)" ] &&
		ok "the user's tree is unchanged" || not_ok "the user's tree is unchanged"
	[ -z "$(find . -name '.*cupel*')" ] && ok "nothing is left beside it" ||
		not_ok "nothing is left beside it" "$(ls -a)"
}

case_workspace() {
	echo one >a
	mkdir d && echo two >d/b
	ln -s a link
	script='rm a; echo changed >d/b; echo new >c; ls >/out/list; cat link 2>/dev/null; pwd'
	for mode in --overlay --no-overlay; do
		expect_output "$mode: it appears at /build" '^/build$' \
			"$CUPEL" run -f $mode -- sh -c "$script"
		printf 'c\nd\nlink\n' | cmp -s - cupel-out/list && ok "$mode: the build may change it" ||
			not_ok "$mode: the build may change it" "$(cat cupel-out/list)"
		[ "$(cat a d/b)" = "one
two" ] && [ ! -e c ] && ok "$mode: the user's own is never changed" ||
			not_ok "$mode: the user's own is never changed" "$(cat a d/b)"
		rm -r cupel-out
	done
	expect 0 "-C names another workspace" "$CUPEL" run -C d -- cmp b b
	expect 0 "a directory that the caller made read-only" sh -c \
		'chmod 555 d; "$CUPEL" run --no-attest -o "$TMP/elsewhere" -C d -- touch new'
	chmod 755 d
}

case_read_only() {
	# shellcheck disable=SC2016 # for the shell inside
	script='for p in / /usr /etc /dev /run /var /home /usr/bin; do
		(echo x >$p/cupel-test) 2>&1 | grep -q "Read-only file system" || echo "$p"; done'
	expect_output "all but the scratch space is read-only" '^-none$' sh -c \
		"\"\$CUPEL\" run -- sh -c '$script' 2>/dev/null | sed 's/^/writable: /'; echo -none"
	grep -q writable "$TMP/output" && not_ok "no directory is writable" "$(cat "$TMP/output")" ||
		ok "no directory is writable"
	expect_output "and so is /proc" 'Read-only file system' "$CUPEL" run -- \
		sh -c 'echo x >/proc/self/comm'
	expect 0 "/tmp, \$HOME, /dev/shm and \$OUT can be written" "$CUPEL" run --no-attest -- \
		sh -c 'touch /tmp/x /var/tmp/y $HOME/x /dev/shm/x $OUT/x /build/x'
	for path in /root /sys /opt /mnt /srv /boot /var/lib /etc/shadow /etc/ssh /etc/apt; do
		expect 1 "$path does not exist" "$CUPEL" run --no-attest -o "$TMP/none" -- test -e "$path"
	done
}

case_keep() {
	mkdir -p sub/deep
	echo x >sub/deep/x.o
	expect 0 "globs keep files of the workspace" "$CUPEL" run -k '**/*.o' -k 'made*' -- \
		sh -c 'echo 1 >made-1; echo 2 >made-2'
	[ "$(cd cupel-out && find . -name '*.o' -o -name 'made*' | sort | tr '\n' ' ')" = \
		"./made-1 ./made-2 ./sub/deep/x.o " ] && ok "with their paths" ||
		not_ok "with their paths" "$(find cupel-out)"
	printf '[outputs]\nfiles = made\n' >cupel.ini
	expect 0 "and so do those in cupel.ini" "$CUPEL" run -f -- sh -c 'echo 3 >made'
	judge "which is what is published" cmp -s cupel-out/made - <<-END
		3
	END
	expect 120 "a pattern that matches nothing" "$CUPEL" run -f -k 'no*such' -- true
	said "names the pattern and a cure" "'no\*such' matches nothing"
	expect 120 "an output that is named twice" "$CUPEL" run -f -- \
		sh -c 'echo a >made; echo b >$OUT/made'
	said "is called by its name" "'made' is named twice"
	[ "$(cat cupel-out/made)" = 3 ] && ok "what was published before is still there" ||
		not_ok "what was published before is still there"
}

case_exit_codes() {
	expect 0 "success" "$CUPEL" run -- true
	for code in 1 2 7 99 120 125 255; do
		expect $code "the build's own exit code $code" "$CUPEL" run -- sh -c "exit $code"
	done
	expect 137 "killed by a signal of its own" "$CUPEL" run -- sh -c 'kill -9 $$'
	expect 127 "a command that does not exist" "$CUPEL" run -- no-such-command
	touch file
	expect 126 "a command that cannot be executed" "$CUPEL" run -- ./file
	expect 124 "a time limit" "$CUPEL" run -t 200ms -- sleep 60
	expect 125 "no command" "$CUPEL" run
	expect 125 "an unknown option" "$CUPEL" run --forse -- true
	said "and the one that was meant" "did you mean '--force'"
	expect 2 "an unknown subcommand" "$CUPEL" no-such
	expect 125 "a workspace that cannot be entered" "$CUPEL" run -C nowhere -- true
}

case_result() {
	"$CUPEL" run -q --result r.json -- sh -c 'exit 125' 2>/dev/null
	judge "a build's 125 is told from the runner's" grep -q '"by":"build"' r.json
	"$CUPEL" run -q --result r.json -C / -t 1x -- true 2>/dev/null
	[ -f /r.json ] && rm -f /r.json
	"$CUPEL" run -q --result r.json -t 1x -- true 2>/dev/null
	judge "and the runner's is its own" grep -q '"by":"runner","outcome":"usage"' r.json
	"$CUPEL" run -q --result r.json -- sh -c 'echo x >$OUT/x' 2>/dev/null
	judge "success says what was published" \
		grep -q '"outcome":"succeeded".*"files":1.*"attested":true' r.json
	"$CUPEL" run -f -q --status-fd 9 -- sh -c 'echo x >$OUT/x' 9>status 2>/dev/null
	[ "$(sed -n 's/^{"event":"\([a-z]*\)".*/\1/p' status | tr '\n' ' ')" = "plan start published " ] &&
		ok "--status-fd tells each stage" || not_ok "--status-fd tells each stage" "$(cat status)"
	expect_output "--json says it on standard error" '^\{"by":"build","outcome":"succeeded"' \
		"$CUPEL" run -f --json -- true
	expect 125 "a result that cannot be written is told" "$CUPEL" run -f --result no/such -- true
	expect 125 "a plan that cannot be printed, too" sh -c '"$CUPEL" plan -- true >/dev/full'
	expect 125 "a status descriptor that is not open" "$CUPEL" run --status-fd 77 -- true
}

case_output() {
	"$CUPEL" run -- sh -c 'for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done' \
		>both 2>&1
	grep '^out\|^err' both | head -n 10 >seen
	for i in 1 2 3 4 5; do printf 'out %d\nerr %d\n' $i $i; done >wanted
	judge "both streams keep their common order" cmp seen wanted
	head -c 3000000 /dev/urandom >bytes
	"$CUPEL" run -- cat bytes >copy 2>/dev/null
	judge "three million bytes come through unchanged" cmp bytes copy
	"$CUPEL" run -f -- sh -c 'cat bytes; cp bytes $OUT' >copy 2>/dev/null
	judge "and are the same in build.log" cmp bytes cupel-out/build.log
	echo hello | "$CUPEL" run -- cat >seen 2>/dev/null
	[ ! -s seen ] && ok "standard input is /dev/null" || not_ok "standard input is /dev/null"
	echo hello | "$CUPEL" run -f -i -- cat 2>/dev/null | grep -q hello &&
		ok "-i hands ours over" || not_ok "-i hands ours over"
	"$CUPEL" run -f -q -- echo hello >seen 2>&1
	[ ! -s seen ] && ok "-q prints nothing" || not_ok "-q prints nothing" "$(cat seen)"
	expect_output "after a failure the last lines come once more" '^  \| the last words$' \
		"$CUPEL" run -f -- sh -c 'echo the last words; exit 3'
}

case_plan() {
	echo x >file
	"$CUPEL" plan --json -- make all >"$TMP/plan.json"
	judge "the plan is JSON" grep -q '"command":\["make","all"\]' "$TMP/plan.json"
	digest=$(printf %s "$(cat "$TMP/plan.json")" | sha256sum | cut -d' ' -f1)
	expect_output "its digest is that of its canonical JSON" "^digest *= sha256:$digest$" \
		"$CUPEL" plan -- make all
	"$CUPEL" plan --json -- sh -c 'echo 1 >$OUT/o' >"$TMP/plan.json"
	digest=$(printf %s "$(cat "$TMP/plan.json")" | sha256sum | cut -d' ' -f1)
	"$CUPEL" run -q -- sh -c 'echo 1 >$OUT/o'
	sed 's/.*"payload":"\([^"]*\)".*/\1/' cupel-out/build.intoto.jsonl | base64 -d >"$TMP/statement"
	judge "the attestation has the same digest" \
		grep -q "{\"digest\":{\"sha256\":\"$digest\"},\"mediaType\":\"application/json\",\"name\":\"plan\"}" \
		"$TMP/statement"
	for word in "$(id -un)" "$(uname -n)" "$PWD" "$HOME"; do
		[ "$word" = root ] || [ "$word" = nobody ] || ! grep -qE "[\"/@=]$word[\"/@,]" "$TMP/statement" "$TMP/plan.json" &&
			ok "the statement does not say $word" || not_ok "the statement does not say $word"
	done
}

case_epoch() {
	echo x >file
	touch -d @1111111111 file
	expect_output "SOURCE_DATE_EPOCH is the newest file's time" '^1111111111$' \
		"$CUPEL" run -- sh -c 'echo $SOURCE_DATE_EPOCH'
	git init -q . && git add file && GIT_COMMITTER_DATE='@1234567890 +0000' git \
		-c user.name=x -c user.email=x@x.example commit -qm x
	expect_output "and a commit's where there is one" '^1234567890$' \
		"$CUPEL" run -- sh -c 'echo $SOURCE_DATE_EPOCH'
	printf '[core]\n\tfsmonitor = touch %s/ran; false\n\tsshCommand = touch %s/ran\n' \
		"$PWD" "$PWD" >>.git/config
	printf '#!/bin/sh\ntouch %s/ran\n' "$PWD" >.git/hooks/post-checkout
	"$CUPEL" run -q -- true
	[ ! -e ran ] && ok "the repository's configuration ran nothing outside" ||
		not_ok "the repository's configuration ran nothing outside"
}

# What the sandbox shares with the host stays the host's.
case_devices() {
	git init -q . && git -c user.name=x -c user.email=x@x.example commit -q --allow-empty -m x
	before=$(stat -c '%u %g %a' /dev/null /dev/full)
	expect 1 "the build cannot change a device" "$CUPEL" run -q -- chmod 600 /dev/null
	"$CUPEL" doctor >/dev/null
	[ "$(stat -c '%u %g %a' /dev/null /dev/full)" = "$before" ] &&
		ok "nor does Cupel give one away" || not_ok "nor does Cupel give one away" \
		"$(stat -c '%u %g %a' /dev/null)"
	if [ "$HALF" = root ]; then
		expect 125 "root that cannot give the build other ids refuses" \
			setpriv --bounding-set=-sys_admin "$CUPEL" run -- true
		said "and says what to do" 'ordinary user'
	else
		skip "root that cannot give the build other ids" "it needs root"
	fi
}

# What an overlay shows is part of the source that is signed.
case_source_digest() {
	digest() {
		sed 's/.*"payload":"\([^"]*\)".*/\1/' "$1/build.intoto.jsonl" | base64 -d |
			sed 's/.*"digest":{"sha256":"\([0-9a-f]*\)"},"name":"source".*/\1/'
	}
	mkdir cupel-out && echo 1 >cupel-out/seed
	"$CUPEL" run -q -f --overlay -o "$TMP/one" -- sh -c 'cat cupel-out/seed >$OUT/x'
	echo 2 >cupel-out/seed
	"$CUPEL" run -q -f --overlay -o "$TMP/two" -- sh -c 'cat cupel-out/seed >$OUT/x'
	[ "$(digest "$TMP/one")" != "$(digest "$TMP/two")" ] &&
		ok "other files, other source digest" || not_ok "other files, other source digest"
	"$CUPEL" run -q -f --overlay --source-date-epoch 1 -o "$TMP/one" -- sh -c 'echo >$OUT/x'
	"$CUPEL" run -q -f --no-overlay --source-date-epoch 1 -o "$TMP/two" -- sh -c 'echo >$OUT/x'
	[ "$(digest "$TMP/one")" = "$(digest "$TMP/two")" ] &&
		ok "the same files, the same digest, copied or not" ||
		not_ok "the same files, the same digest, copied or not"
}

# What a large workspace costs is told, and so is why it is copied all the same.
case_workspace_note() {
	large='truncate -s 300M large; echo x >file'
	mkdir own && (cd own && eval "$large")
	expect_output "-v tells of an overlay" '^cupel: workspace: 2 files, 300 MiB: mounted' \
		"$CUPEL" plan -v -C own -- true
	if [ "$HALF" = root ]; then
		mkdir -p ramfs "$CUPEL_TEST_SHARED/foreign"
		(cd "$CUPEL_TEST_SHARED/foreign" && eval "$large")
		expect_output "and of a file system that cannot map ids" \
			'^cupel: workspace: copied, because its file system cannot map ids$' \
			unshare -m sh -c "mount -t ramfs none ramfs && cd ramfs && $large &&
				\"\$CUPEL\" plan -v -- true"
		said "which is copied" '^workspace *= copy$'
		expect_output "another's files are no matter to root" 'mounted as an overlay' \
			"$CUPEL" plan -v -C "$CUPEL_TEST_SHARED/foreign" -- true
	elif [ -d "$CUPEL_TEST_SHARED/foreign" ]; then
		expect_output "and of another's files" \
			'^cupel: workspace: copied, because something in it belongs to another' \
			"$CUPEL" plan -v -C "$CUPEL_TEST_SHARED/foreign" -o "$TMP/none" -- true
		said "which are copied" '^workspace *= copy$'
	else
		skip "and of another's files" "it needs root"
	fi
	rm own/large && chmod 755 own
	"$CUPEL" plan -v -C own -- true >"$TMP/output" 2>&1
	! grep -q '^cupel: workspace' "$TMP/output" && ok "of a small one nothing is told" ||
		not_ok "of a small one nothing is told" "$(cat "$TMP/output")"
}

# `cupel plan` changes nothing, not even what a dead run left.
case_left_over() {
	mkdir .cupel-staging-0123abcd && echo x >.cupel-staging-0123abcd/part
	expect 0 "a plan where a dead run left something" "$CUPEL" plan -- true
	judge "leaves it alone" test -s .cupel-staging-0123abcd/part
	expect 0 "a run there" "$CUPEL" run --no-attest -- true
	judge "removes it" test ! -e .cupel-staging-0123abcd
}

run_cases workspace_note left_over devices source_digest zero_configuration workspace read_only keep exit_codes result output plan epoch
finish
