# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the files of the tree, C without its comments, and TAP."""
import os
import re
import shutil
import subprocess

PRODUCT = ("base", "conf", "plan", "source", "images", "locks", "sandbox", "gateway", "outputs", "attest", "runner")


def git_files(root):
    # The tree may belong to somebody else than who tests it.
    command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")[:-1]
    except (OSError, subprocess.CalledProcessError):
        return None


def walked_files(root):
    """The same for a tree without git: all but build directories."""
    for directory, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f != ".git" and not os.path.isdir(os.path.join(directory, f, "meson-private"))]
        for name in names:
            yield os.path.relpath(os.path.join(directory, name), root)


def files(root, *endings, folders=None):
    names = git_files(root) or walked_files(root)
    return sorted(
        name
        for name in set(names)
        if (not endings or name.endswith(endings))
        and (folders is None or name.split("/")[0] in folders)
        and os.path.isfile(os.path.join(root, name))
    )


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def code(text):
    """C without comments, strings and characters, syscall(SYS_x, …) as x(…); lines stay where they are."""

    def blank(match):
        kept = "\n" * match[0].count("\n")
        return '"' + kept + '"' if match[0][0] in "\"'" else " " + kept

    text = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)
    return re.sub(r"\bsyscall\(SYS_(\w+),?", r"\1(", text)


def calls(text, names):
    """(line, name, arguments) of each call; a definition or declaration of our own is one, too."""
    for match in re.finditer(rf"(?<![\w.>])({names})\s*\(", text):
        depth, at = 1, match.end()
        while depth > 0 and at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        yield text.count("\n", 0, match.start()) + 1, match[1], text[match.end() : at - 1]


class Tap:
    """One point for each check; findings are shown below it."""

    def __init__(self):
        self.points = 0

    def check(self, name, findings):
        self.points += 1
        print(f"{'not ok' if findings else 'ok'} {self.points} - {name}")
        for finding in findings:
            print(f"# {finding}")

    def skip(self, name, reason):
        self.points += 1
        print(f"ok {self.points} - {name} # SKIP {reason}")

    def need(self, tool, name):
        """False, and a skip with its reason, when a tool is not installed."""
        if shutil.which(tool) is None:
            self.skip(name, f"{tool} is not installed")
        return shutil.which(tool) is not None

    def end(self):
        print(f"1..{self.points}")
