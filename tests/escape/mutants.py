#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes each defence of mutants.txt away, in a copy of the tree, and demands that an attack succeeds.

mutants.py SOURCES ATTACK OUTSIDE [NAME…]: all, or those whose names contain one of NAME. TAP."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCES, *HELPERS = (os.path.realpath(path) for path in sys.argv[1:4])
HERE = os.path.join(SOURCES, "tests/escape")
BOTH = "root user" if os.geteuid() == 0 else "user"
PROGRAMS = "runner/cupel sandbox/cupel-init outputs/cupel-collect attest/cupel-sign attest/cupel-verify images/cupel-image"


def read_mutants():
    mutants = []
    for line in open(os.path.join(HERE, "mutants.txt"), encoding="utf-8"):
        line = line.rstrip("\n")
        word, _, rest = line.partition(" ")
        if word == "mutant":
            mutants.append({"name": rest, "edits": [], "half": BOTH, "cases": []})
        elif word == "file":
            path, last = rest, "+"
        elif word == "red":
            words = rest.split()
            mutants[-1]["half"] = words.pop(0) if words[0] in ("root", "user") else BOTH
            mutants[-1]["cases"] = words
        elif line[:1] in ("-", "+"):
            if line[0] == "-" and last == "+":
                mutants[-1]["edits"].append([path, "", ""])
            mutants[-1]["edits"][-1][1 if line[0] == "-" else 2] += line[1:] + "\n"
            last = line[0]
    return mutants


class Tree:
    """A copy of the sources and one build directory, built again after each edit."""

    def __init__(self, top):
        self.source, self.build = os.path.join(top, "source"), os.path.join(top, "build")
        shutil.copytree(SOURCES, self.source, ignore=self.superfluous)
        subprocess.run(["meson", "setup", self.build, self.source], check=True, stdout=subprocess.DEVNULL)

    @staticmethod
    def superfluous(directory, names):
        top = {".git", "bench", "examples", "fuzz", "man", "tests"} if directory == SOURCES else set()
        return top | {name for name in names if os.path.isdir(os.path.join(directory, name, "meson-private"))}

    def make(self):
        """None, or what the compiler says."""
        run = subprocess.run(["ninja", "-C", self.build, *PROGRAMS.split()], capture_output=True, text=True)
        return run.stdout if run.returncode else None

    def edit(self, edits):
        """Applies them; gives the original texts, or raises."""
        originals = {}
        for path, old, new in edits:
            full = pathlib.Path(self.source, path)
            text = full.read_text(encoding="utf-8")
            originals.setdefault(full, text)
            if text.count(old) != 1:
                self.restore(originals)
                raise ValueError(f"{path} has this {text.count(old)} times: {old!r}")
            self.restore({full: text.replace(old, new)})
        return originals

    @staticmethod
    def restore(texts):
        for full, text in texts.items():
            full.write_text(text, encoding="utf-8")

    def red(self, cases, half, strict=True):
        """The points that are not ok when these cases run; strict: because an attack from inside got through."""
        red = []
        for script in dict.fromkeys(case.partition(":")[0] for case in cases):
            chosen = " ".join(case.partition(":")[2] for case in cases if case.startswith(script + ":"))
            env = {**os.environ, "CUPEL": f"{self.build}/runner/cupel", "SRCDIR": SOURCES, "BUILDDIR": self.build}
            env |= {"HELPERS": " ".join(HELPERS), "CASES": chosen, "HALVES": half}
            run = subprocess.run(["sh", f"{HERE}/{script}.sh"], env=env, capture_output=True, text=True, timeout=600)
            why = r"\n# exit code 0: escaped" if strict and script == "attacks" else ""
            red += re.findall(rf"^not ok \d+ - (.*){why}", run.stdout, re.M)
        return red

    def try_mutant(self, mutant):
        originals = self.edit(mutant["edits"])
        try:
            if self.make() is not None:
                raise ValueError("it does not compile")
            return self.red(mutant["cases"], mutant["half"])
        finally:
            self.restore(originals)


def point(number, ok, name, lines):
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", *lines, sep="\n# ", flush=True)


mutants = [m for m in read_mutants() if len(sys.argv) < 5 or any(word in m["name"] for word in sys.argv[4:])]
with tempfile.TemporaryDirectory(prefix="cupel-mutants.") as top:
    os.chmod(top, 0o755)
    tree = Tree(top)
    said = tree.make()
    cases = list(dict.fromkeys(case for mutant in mutants for case in mutant["cases"]))
    red = said.splitlines()[-20:] if said else tree.red(cases, BOTH, strict=False)
    point(1, not red, "with every defence in place, all attacks fail", red)
    for number, mutant in enumerate(mutants, 2):
        if mutant["half"] not in BOTH:
            point(number, True, mutant["name"] + " # SKIP needs root", [])
            continue
        try:
            red, why = tree.try_mutant(mutant), ["no attack succeeded: " + " ".join(mutant["cases"])]
        except (ValueError, subprocess.TimeoutExpired) as error:
            red, why = [], [str(error)]
        point(number, bool(red), "without it: " + mutant["name"], red or why)
    print(f"1..{len(mutants) + 1}")
