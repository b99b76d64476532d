#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts processes, mounts, namespaces, cgroups, files and our own descriptors before and
after 200 runs, of which some fail, time out, are interrupted or are killed: no difference."""
import glob, os, random, signal, subprocess, sys, tempfile, time

cupel, rounds = os.environ["CUPEL"], int(sys.argv[1]) if sys.argv[1].isdigit() else 0
base = tempfile.mkdtemp()
os.chdir(base)
os.mkdir("work")
with open("work/file", "w") as f:
    f.write("x\n")
random.seed(7)


def namespaces():
    found = set()
    for path in glob.glob("/proc/[0-9]*/ns/*"):
        try:
            found.add(os.readlink(path))
        except OSError:
            pass
    return found


def ours():
    """Programs of this very Cupel that run: undumpable ones are known by name and user."""
    names = {"cupel", "cupel-init", "cupel-collect", "cupel-sign", "cupel-image", "cupel-gateway",
             "cupel-resolve", "cupel-lock", "cupel-verify", "cupel-gc"}
    top, found = os.path.dirname(os.path.dirname(cupel)), []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            if open(path + "/comm").read().strip() not in names:
                continue
            status = open(path + "/status").read()
            if "\nState:\tZ" in status:
                continue  # dead, and not yet reaped by whoever is pid 1 here
            try:
                mine = os.readlink(path + "/exe").startswith(top)
            except PermissionError:
                mine = "\nUid:\t%d\t" % os.getuid() in status
            if mine:
                found.append(path)
        except OSError:
            pass
    return found


def files(top):
    return sorted(os.path.join(d, n) for d, ds, ns in os.walk(top) for n in ds + ns)


def world():
    return {
        "processes": ours(),
        "mounts": len(open("/proc/self/mountinfo").readlines()),
        "namespaces": namespaces(),
        "cgroups": {d for d, _, _ in os.walk("/sys/fs/cgroup")},
        "files": files(base) + files("/run/cupel"),
        "descriptors": sorted(os.listdir("/proc/self/fd")),
    }


def run(options, command, kill=None):
    p = subprocess.Popen([cupel, "run", "-f", "-q", *options, "--", "sh", "-c", command],
                         cwd="work", stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if kill is not None:
        time.sleep(random.random() * 0.05)
        p.send_signal(kill)
    p.wait()
    return p.returncode


ways = [
    ("succeeds", lambda: run([], "echo x >$OUT/x"), {0}),
    ("has no outputs", lambda: run([], "true"), {0}),
    ("fails", lambda: run([], "echo x >$OUT/x; exit 3"), {3}),
    ("leaves processes", lambda: run([], "setsid sleep 999 & exit 0"), {0}),
    ("makes bad outputs", lambda: run([], "mkfifo $OUT/p"), {120}),
    ("times out", lambda: run(["-t", "30ms", "--grace", "10ms"], "sleep 9"), {124}),
    ("is interrupted", lambda: run([], "sleep 9", signal.SIGTERM), {143, -15}),
    ("is killed", lambda: run([], "echo x >$OUT/x; sleep 9", signal.SIGKILL), {-9}),
    ("is an overlay", lambda: run(["--overlay"], "touch new; echo x >$OUT/x"), {0}),
    ("has no command", lambda: run([], "exec no-such"), {127}),
]
if sys.argv[1:] == ["programs"]:
    time.sleep(0.3)
    print("\n".join(ours()) or "none")
    sys.exit()
for _, way, _ in ways:
    way()
run([], "true")
time.sleep(0.5)
before, wrong, number = world(), {}, 0
for i in range(rounds):
    name, way, codes = ways[i % len(ways)]
    code = way()
    if code not in codes:
        wrong.setdefault(name, []).append(code)
run([], "true")  # reclaims what a killed one left
for _ in range(50):
    after = world()
    # One that somebody else had and gave up meanwhile is none that we left.
    for name in ("cgroups", "namespaces"):
        before[name] &= after[name]
    if after == before:
        break
    time.sleep(0.1)
for name in sorted(before):
    number += 1
    same = before[name] == after[name]
    print("%sok %d - %s: no difference after %d runs" % ("" if same else "not ", number, name, rounds))
    if not same:
        print("# before %r\n# after %r" % (before[name], after[name]))
number += 1
print("%sok %d - every run ended as it should" % ("not " if wrong else "", number))
if wrong:
    print("# %r" % wrong)
print("1..%d" % number)
subprocess.run(["rm", "-rf", base])
