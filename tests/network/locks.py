# SPDX-License-Identifier: Apache-2.0
"""Lock files of the suite, and the files that they lock: locks.py KIND…, in this directory."""
import base64
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile

HOST = "https://locked.test"


def sri(body):
    return "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()


def served(path, body):
    """A file that locked.test has as /files/PATH: server.py finds it so."""
    folder = os.path.join(os.environ["WORLD"], "files")
    os.makedirs(folder, exist_ok=True)
    name = os.path.join(folder, path.replace("/", "+"))
    # The other half has made the same.
    if not os.path.exists(name):
        with open(name, "wb") as file:
            file.write(body)


def archive(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)


def write(name, text):
    with open(name, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def npm():
    """What the registry answers with "plain PATH", but for what is wrong."""
    bodies = {path: b"plain " + path.encode() for path in ("/a.tgz", "/b/-/b-1.0.0.tgz", "/encoded", "/encoded-always",
        "/mislabelled", "/longer", "/range", "/gone")}
    bodies |= {"/wrong": b"something else", "/to-good": b"plain /good", "/to-evil": b"plain /good",
        "/to-listed": b"plain /good", "/part-of": b"plain", "/chunked": b"hello world", "/not-found": b"none"}
    packages = {f"node_modules/p{i}": {"version": "1.0.0", "resolved": HOST + path, "integrity": sri(body)}
        for i, (path, body) in enumerate(bodies.items())}
    # As a lock file that was made with the public registry has it.
    packages["node_modules/c"] = {"version": "1.0.0", "integrity": sri(b"plain /c/-/c-1.0.0.tgz")}
    packages["node_modules/weak"] = {"resolved": HOST + "/weak", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="}
    write("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": packages}))


def cargo():
    crate = b"plain /crate"
    served("crates/one/1.0.0/download", crate)
    served("crates/one/one-1.0.0.crate", crate)
    write("Cargo.lock", f"""version = 3

[[package]]
name = "one"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "{hashlib.sha256(crate).hexdigest()}"
""")


def h1(files):
    lines = "".join(f"{hashlib.sha256(files[n].encode()).hexdigest()}  {n}\n" for n in sorted(files))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def go():
    files = {"m.test/One@v1.0.0/go.mod": "module m.test/One\n", "m.test/One@v1.0.0/one.go": "package one\n" * 99}
    for name, content in (("m.test/!one/@v/v1.0.0.zip", files), ("m.test/two/@v/v1.0.0.zip", files | {"x": "evil"})):
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archived:
            for path, text in content.items():
                archived.writestr(path, text)
        served("go/" + name, raw.getvalue())
    served("go/m.test/!one/@v/v1.0.0.mod", b"module m.test/One\n")
    served("go/m.test/two/@v/v1.0.0.mod", b"module evil\n")
    served("go/m.test/bad/@v/v1.0.0.zip", b"PK\3\4 is no zip file")
    mod = h1({"go.mod": "module m.test/One\n"})
    write("go.sum", "".join(f"m.test/{m} v1.0.0 {h1(files)}\nm.test/{m} v1.0.0/go.mod {mod}\n" for m in ("One", "two", "bad")))


def wheel():
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archived:
        for name, text in {"mine/__init__.py": "print('mine')\n",
            "mine_x-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: Mine.X\nVersion: 1.0\n",
            "mine_x-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "mine_x-1.0.dist-info/RECORD": "mine/__init__.py,,\nmine_x-1.0.dist-info/METADATA,,\n"
                "mine_x-1.0.dist-info/WHEEL,,\nmine_x-1.0.dist-info/RECORD,,\n"}.items():
            archived.writestr(zipfile.ZipInfo(name), text)
    return raw.getvalue()


def pip():
    body, name = wheel(), "mine_x-1.0-py3-none-any.whl"
    served("packages/aa/bb/" + name, body)
    served("packages/aa/bb/other-1.0.tar.gz", body)
    served("simple/mine-x/", f'<a href="../../packages/aa/bb/{name}">{name}</a>'.encode())
    write("requirements.txt", f"Mine.X==1.0 \\\n    --hash=sha256:{hashlib.sha256(body).hexdigest()}\n")
    write("wrong.txt", f"mine-x==1.0 --hash=sha256:{'0' * 64}\n")


def npm_project():
    """What a real npm installs."""
    body = archive({"package/package.json": '{"name":"real","version":"1.0.0"}', "package/index.js": "console.log('real')"})
    served("npm/real/-/real-1.0.0.tgz", body)
    packages = {"": {"name": "me", "version": "1.0.0", "dependencies": {"real": "1.0.0"}}, "node_modules/real": {
        "version": "1.0.0", "resolved": "https://locked.test/files/npm/real/-/real-1.0.0.tgz", "integrity": sri(body)}}
    write("package.json", json.dumps(packages[""]))
    write("package-lock.json", json.dumps({"name": "me", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}))


def hostile():
    os.makedirs("hostile", exist_ok=True)
    package = '"node_modules/a":{"resolved":"%s","integrity":"' + sri(b"x") + '"}'
    good = '{"lockfileVersion":3,"packages":{%s}}'
    for name, text in {"twice": good % ((package % "https://locked.test/a") + "," + package % "https://locked.test/b"),
        "deep": '{"a":' * 5000 + "1" + "}" * 5000, "nul": good % (package % "https://locked.test/a\0"),
        "control": good % (package % "https://locked.test/a\\nurl"), "huge": " " * (33 << 20), "empty": "",
        "latin": good % (package % "https://locked.test/\udcff")}.items():
        os.makedirs("hostile/" + name, exist_ok=True)
        with open(f"hostile/{name}/package-lock.json", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)


for kind in sys.argv[1:]:
    {"npm": npm, "cargo": cargo, "go": go, "pip": pip, "npm-project": npm_project, "hostile": hostile}[kind]()
