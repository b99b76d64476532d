# SPDX-License-Identifier: Apache-2.0
"""Translates one case of a vector manifest into a command line of cupel-verify.

It looks at what a case demands (keys, policy, trust), never at what it expects.
None: the case needs a feature that cupel-verify does not claim: certificates and
timestamps, transparency logs, verification summaries.
CUPEL_VERIFY names the program (default: ./build/attest/cupel-verify).
"""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERIFY = os.environ.get("CUPEL_VERIFY", str(ROOT / "build" / "attest" / "cupel-verify"))

TEXT = {
    "predicateType": "--predicate-type",
    "builderId": "--builder-id",
    "buildType": "--build-type",
    "sourceCommit": "--source-commit",
    "maxDeniedConnections": "--max-denied",
}
LISTS = {"trustedRegistries": "--registry", "requireByproducts": "--byproduct"}
UNCLAIMED = {"verifierId", "resourceUri", "verifiedLevels"}


def policy_flags(policy):
    flags = []
    for name, flag in TEXT.items():
        if name in policy:
            flags += [flag, str(policy[name])]
    for name, flag in LISTS.items():
        for value in policy.get(name, []):
            flags += [flag, value]
    for name, value in policy.get("externalParameters", {}).items():
        flags += ["--parameter", f"{name}={value}"]
    if policy.get("allowExtraParameters") is False:
        flags.append("--strict-parameters")
    if policy.get("requireDependencyDigests"):
        flags.append("--require-digests")
    if "maxAgeSeconds" in policy:
        flags += ["--max-age", f"{policy['maxAgeSeconds']}s"]
    return flags


def key_flags(case, policy, keys):
    if "signers" not in policy:
        return [arg for name in case["keys"] for arg in ("--key", keys[name])]
    return [
        arg
        for builder, names in policy["signers"].items()
        for name in names
        if name in case["keys"]
        for arg in ("--signer", f"{keys[name]}={builder}")
    ]


def argv(case, man, vectors, tmp):
    policy = man["policies"].get(case.get("policy"), {})
    if case["format"] not in ("dsse", "jsonl", "bundle") or UNCLAIMED & set(policy):
        return None
    if case.get("trust", "managed-key") != "managed-key":
        return None
    keys = {name: str(vectors / key["public"]) for name, key in man["keys"].items()}
    command = [VERIFY, "--attestation", str(vectors / case["file"])]
    command += key_flags(case, policy, keys) + policy_flags(policy)
    command += ["--threshold", str(case.get("threshold", 1))]
    if "verifyTime" in case:
        command += ["--at", case["verifyTime"]]
    return command + ["--", str(vectors / case["artifact"])]
