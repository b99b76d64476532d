#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# leaks.py, as root and as an ordinary user.
. "${0%/*}/../lib.sh"
python3 "$SRCDIR/tests/sandbox/leaks.py" 200 | grep -v '^1\.\.' |
	sed -E "s/^((not )?ok) [0-9]+ - (.*)/\1 - \3 ($HALF)/"
finish
