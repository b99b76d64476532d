#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real projects, from Debian's source packages, built without network by the machine's
# toolchain: zlib, Lua, bzip2, SQLite, and cJSON with CMake. Built twice, in different
# directories, as different users, at different times: the digests are the same.
. "${0%/*}/../lib.sh"
shared=$CUPEL_TEST_SHARED

if ! command -v cmake >/dev/null || ! command -v tclsh >/dev/null ||
	! command -v dpkg-source >/dev/null; then
	skip "real projects" "cmake, tcl and dpkg-dev are needed"
	finish
fi
# The second half unpacks again, elsewhere and later.
if ! "$SRCDIR/tools/fetch-source" "$TMP/at-$HALF" zlib lua5.4 bzip2 sqlite3 cjson \
	>"$TMP/output" 2>&1; then
	not_ok "the sources come from the machine's own archive" "$(cat "$TMP/output")"
	finish
fi
ok "the sources come from the machine's own archive"

# project NAME COMMANDS
project() {
	out=$TMP/out-$1
	expect 0 "$1 builds" "$CUPEL" run -C "$TMP/at-$HALF/$1" -o "$out" -- sh -ec "$2"
	expect 0 "$1: every output verifies" "$CUPEL" verify "$out"
	(cd "$out" && find . -type f ! -name 'build.*' -exec sha256sum {} + | sort -k 2) >"$TMP/$1.sums"
	[ -s "$TMP/$1.sums" ] && ok "$1: $(wc -l <"$TMP/$1.sums") outputs" || not_ok "$1: outputs"
	if [ -f "$shared/$1.sums" ]; then
		judge "$1: the same digests as in another directory, by another user, later" \
			diff "$shared/$1.sums" "$TMP/$1.sums"
	else
		cp "$TMP/$1.sums" "$shared/$1.sums" && chmod 644 "$shared/$1.sums"
	fi
	rm -rf "$out" "$TMP/at-$HALF/$1"
}

project zlib './configure --prefix=/usr; make -j2; make test; make install DESTDIR=$OUT'
project lua5.4 'make -j2 linux; make test; make install INSTALL_TOP=$OUT/usr'
# Its install target makes absolute links, which cannot leave a sandbox.
project bzip2 'make -j2 bzip2 bzip2recover libbz2.a; make test
	install -D -t $OUT/usr/bin bzip2 bzip2recover; install -D -m 644 -t $OUT/usr/lib libbz2.a'
project sqlite3 './configure --prefix=/usr --disable-tcl --disable-shared CFLAGS=-O0
	make -j2 sqlite3; install -D -t $OUT/usr/bin sqlite3
	install -D -m 644 -t $OUT/usr/include sqlite3.h; echo "select 6 * 7;" | ./sqlite3 | grep -qx 42'
project cjson 'cmake -B b -DCMAKE_INSTALL_PREFIX=/usr -DENABLE_CJSON_TEST=Off; cmake --build b -j2
	DESTDIR=$OUT cmake --install b'
finish
