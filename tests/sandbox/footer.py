#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""footer.py [COLUMNS] [SECONDS=KEYS…] -- COMMAND…: runs it on a terminal of its own and types
KEYS ("^C" is Ctrl-C) SECONDS after its start. All that the terminal was sent goes to the file
raw, what is on its screen in the end to screen, and the widest line that there was until
something was erased for the last time to width."""
import os, pty, re, select, struct, sys, termios, time
from fcntl import ioctl

before, command = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
columns = int(before.pop(0)) if before and before[0].isdigit() else 80
keys = sorted((float(at), re.sub(r"\^(.)", lambda m: chr(ord(m[1]) & 31), typed))
              for at, typed in (word.split("=", 1) for word in before))


def run():
    pid, fd = pty.fork()
    if pid == 0:
        ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvp(command[0], command)
    raw, start = b"", time.monotonic()
    while True:
        left = start + (keys[0][0] if keys else 60) - time.monotonic()
        if select.select([fd], [], [], max(left, 0))[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                break
            raw += data
        elif not keys:
            os.kill(pid, 9)
        else:
            os.write(fd, keys.pop(0)[1].encode())
    return raw, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def show(text):
    """The little that a terminal must know: CR, LF and the erasing of what is right of it."""
    lines, column, width = [""], 0, 0
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.", text, re.S):
        if token == "\r":
            column = 0
        elif token == "\n":
            lines.append("")
        elif token == "\x1b[K":
            lines[-1] = lines[-1][:column]
        elif token[0] != "\x1b":
            lines[-1] = lines[-1][:column].ljust(column) + token + lines[-1][column + 1:]
            column += 1
            width = max(width, column)
    return lines, width


raw, code = run()
text = raw.decode(errors="replace")
lines, width = show(text)[0], show(text[:text.rfind("\x1b[K") + 1])[1]
with open("raw", "wb") as f:
    f.write(raw)
with open("screen", "w") as f:
    f.write("\n".join(lines))
with open("width", "w") as f:
    f.write(str(width))
sys.exit(code)
