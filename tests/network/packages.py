# SPDX-License-Identifier: Apache-2.0
"""packages.py DIRECTORY: registries as files, for a server that does no more than hand
them out: one small package, words 1.0.0, in the way of PyPI, npm, Go, Cargo, Maven and
Debian. Where a file says where another one is, that is below https://packages.test/.
"""
import base64
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile

BASE = "https://packages.test/"
TOP = sys.argv[1]


def put(path, content):
    path = os.path.join(TOP, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def wheel(name, version, code, *needs):
    info = f"{name}-{version}.dist-info/"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
        f"Requires-Dist: {other}\n" for other in needs)
    files = {f"{name}.py": code, info + "METADATA": metadata,
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    record = "".join(f"{path},sha256={digest},{len(text)}\n" for path, text in files.items()
        for digest in [base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()])
    return zipped({**files, info + "RECORD": record + info + "RECORD,,\n"})


def pypi():
    requirements = ""
    for name, code, needs in (("words", "TEXT = 'from a wheel'\n", ["more_words"]),
            ("more_words", "TEXT = 'from another'\n", [])):
        content = wheel(name, "1.0.0", code, *needs)
        file = f"pypi/packages/ab/cd/{name}-1.0.0-py3-none-any.whl"
        put(file, content)
        put(f"pypi/simple/{name.replace('_', '-')}/index.html", "<!DOCTYPE html><html><body>"
            f'<a href="{BASE}{file}#sha256={sha256(content)}">{name}-1.0.0-py3-none-any.whl</a></body></html>')
        requirements += f"{name.replace('_', '-')}==1.0.0 --hash=sha256:{sha256(content)}\n"
    put("pypi/requirements.txt", requirements)


def npm():
    package = {"name": "words", "version": "1.0.0", "main": "index.js"}
    content = tarred({"package/package.json": json.dumps(package),
        "package/index.js": 'module.exports = "from a tarball";\n'})
    put("npm/words/-/words-1.0.0.tgz", content)
    integrity = base64.b64encode(hashlib.sha512(content).digest()).decode()
    package["dist"] = {"tarball": BASE + "npm/words/-/words-1.0.0.tgz", "integrity": "sha512-" + integrity,
        "shasum": hashlib.sha1(content).hexdigest()}
    put("npm/words/index.html", json.dumps({"name": "words", "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": package}}))


def go():
    module = "module example.test/words\n\ngo 1.17\n"
    top = "go/example.test/words/@v/"
    put(top + "list", "v1.0.0\n")
    put(top + "v1.0.0.info", json.dumps({"Version": "v1.0.0", "Time": "2020-01-01T00:00:00Z"}))
    put(top + "v1.0.0.mod", module)
    put(top + "v1.0.0.zip", zipped({"example.test/words@v1.0.0/go.mod": module,
        "example.test/words@v1.0.0/words.go": 'package words\n\nconst Text = "from a module"\n'}))


def cargo():
    """The sparse index, and the same as a Git repository."""
    content = tarred({"words-1.0.0/Cargo.toml": '[package]\nname = "words"\nversion = "1.0.0"\n',
        "words-1.0.0/src/lib.rs": 'pub const TEXT: &str = "from a crate";\n'})
    put("cargo/crates/words/1.0.0/download", content)
    index = {"config.json": json.dumps({"dl": BASE + "cargo/crates", "api": BASE + "cargo"}),
        "wo/rd/words": json.dumps({"name": "words", "vers": "1.0.0", "deps": [], "cksum": sha256(content),
            "features": {}, "yanked": False}) + "\n"}
    for name, text in index.items():
        put("cargo/index/" + name, text)
    repository = os.path.join(TOP, "../git/index.git")
    stream = "commit refs/heads/master\ncommitter a <a@a> 0 +0000\ndata 5\nfirst"
    for name, text in index.items():
        stream += f"\nM 100644 inline {name}\ndata {len(text)}\n{text}"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "master", repository], check=True)
    subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], input=stream.encode() + b"\n", check=True)


def maven():
    """And the one library that Maven adds by itself to whatever extends it."""
    for group, artifact, version in (("test.example", "words", "1.0.0"),
            ("org.codehaus.plexus", "plexus-utils", "1.1")):
        start = f"maven2/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}"
        pom = f"""<project><modelVersion>4.0.0</modelVersion><groupId>{group}</groupId>
            <artifactId>{artifact}</artifactId><version>{version}</version></project>"""
        for suffix, content in ((".jar", zipped({"words.txt": "from a jar\n"})), (".pom", pom.encode())):
            put(start + suffix, content)
            put(start + suffix + ".sha1", hashlib.sha1(content).hexdigest())


def ar(members):
    out = b"!<arch>\n"
    for name, content in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


def debian():
    control = "Package: words\nVersion: 1.0.0+1\nArchitecture: all\nMaintainer: a <a@example.test>\nDescription: words\n"
    content = ar([("debian-binary", b"2.0\n"), ("control.tar.gz", tarred({"./control": control})),
        ("data.tar.gz", tarred({"./usr/share/words": "from a deb\n"}))])
    file = "pool/main/w/words/words_1.0.0+1_all.deb"
    put("debian/" + file, content)
    packages = control + f"Filename: {file}\nSize: {len(content)}\nSHA256: {sha256(content)}\n\n"
    index = {"main/binary-all/Packages": packages.encode(), "main/binary-all/Packages.gz": gzip.compress(packages.encode())}
    release = "Origin: test\nLabel: test\nSuite: stable\nCodename: stable\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n"
    release += "Architectures: all\nComponents: main\nAcquire-By-Hash: yes\nSHA256:\n"
    for name, text in index.items():
        put("debian/dists/stable/" + name, text)
        put("debian/dists/stable/main/binary-all/by-hash/SHA256/" + sha256(text), text)
        release += f" {sha256(text)} {len(text)} {name}\n"
    # Signed, when somebody can (packages.sh).
    put("debian/dists/stable/Release", release)


for make in (pypi, npm, go, cargo, maven, debian):
    make()
