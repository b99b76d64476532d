/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/synthetic.h"

/*
 * Every key of cupel.ini, once: identifier, section, key, type, who, narrowing,
 * default (NULL: none), rule, choices, description. Sections stay together.
 */
#define CONF_KEYS(X)                                                                               \
	X(CONF_PROJECT_NAME, "project", "name", CONF_STRING, CONF_BY_PROJECT, CONF_FREE, NULL,     \
		CONF_RULE_NAME, NULL, "name of the project, which names the attestation's files")  \
	X(CONF_BUILD_TIMEOUT, "build", "timeout", CONF_DURATION, CONF_BY_PROJECT, CONF_ONLY_LOWER, \
		"0", CONF_RULE_NONE, NULL, "time after which the build is stopped; 0 for never")   \
	X(CONF_BUILD_GRACE, "build", "grace", CONF_DURATION, CONF_BY_PROJECT, CONF_FREE, "250ms",  \
		CONF_RULE_GRACE, NULL, "time between asking the build to end and killing it")      \
	X(CONF_BUILD_ENVIRONMENT, "build", "environment", CONF_LIST, CONF_BY_PROJECT, CONF_FREE,   \
		NULL, CONF_RULE_VARIABLE, NULL, "a variable of the build's environment")           \
	X(CONF_BUILD_ASLR, "build", "aslr", CONF_BOOL, CONF_BY_PROJECT, CONF_FREE, "no",           \
		CONF_RULE_NONE, NULL, "whether addresses of processes are randomised")             \
	X(CONF_BUILD_SOURCE_DATE_EPOCH, "build", "source-date-epoch", CONF_NUMBER,                 \
		CONF_BY_PROJECT, CONF_FREE, NULL, CONF_RULE_NONE, NULL,                            \
		"SOURCE_DATE_EPOCH in seconds, derived from the source when absent")               \
	X(CONF_WORKSPACE_MODE, "workspace", "mode", CONF_ENUM, CONF_BY_PROJECT, CONF_FREE, "auto", \
		CONF_RULE_NONE, "auto|copy|overlay", "how the build gets its workspace")           \
	X(CONF_NETWORK_MODE, "network", "mode", CONF_ENUM, CONF_BY_PROJECT, CONF_NOT_BEYOND,       \
		"none", CONF_RULE_NONE, "none|trusted",                                            \
		"what a build reaches: nothing, or the trusted registries of cupel.registry(5)")   \
	X(CONF_NETWORK_REGISTRIES, "network", "registries", CONF_LIST, CONF_BY_PROJECT,            \
		CONF_ONLY_AMONG, NULL, CONF_RULE_REGISTRY, NULL,                                   \
		"the name of a registry that is trusted; when absent, all but the vendor's are")   \
	X(CONF_NETWORK_ON_DENY, "network", "on-deny", CONF_ENUM, CONF_BY_PROJECT, CONF_ONLY_FIRST, \
		"fail", CONF_RULE_NONE, "fail|continue",                                           \
		"what a refused request does to the build's result besides being on record")       \
	X(CONF_NETWORK_LEARN, "network", "learn", CONF_BOOL, CONF_BY_ADMIN, CONF_FREE, "yes",      \
		CONF_RULE_NONE, NULL, "whether 'cupel registry learn' may let a build fetch")      \
	X(CONF_NETWORK_CONNECTIONS, "network", "connections", CONF_NUMBER, CONF_BY_PROJECT,        \
		CONF_ONLY_LOWER, "4096", CONF_RULE_CONNECTIONS, NULL,                              \
		"connections of the build at one time")                                            \
	X(CONF_NETWORK_HEAD, "network", "head", CONF_BYTES, CONF_BY_PROJECT, CONF_ONLY_LOWER,      \
		"32K", CONF_RULE_HEAD, NULL, "bytes of the head of a request or of an answer")     \
	X(CONF_NETWORK_BODY, "network", "body", CONF_BYTES, CONF_BY_PROJECT, CONF_ONLY_LOWER, "0", \
		CONF_RULE_NONE, NULL, "bytes of the body of one answer; 0 for no limit")           \
	X(CONF_NETWORK_TOTAL, "network", "total", CONF_BYTES, CONF_BY_PROJECT, CONF_ONLY_LOWER,    \
		"64G", CONF_RULE_NONE, NULL, "bytes of all answers together; 0 for no limit")      \
	X(CONF_NETWORK_REQUESTS, "network", "requests", CONF_NUMBER, CONF_BY_PROJECT,              \
		CONF_ONLY_LOWER, "100000", CONF_RULE_NONE, NULL,                                   \
		"requests, refused ones among them, and tunnels; 0 for no limit")                  \
	X(CONF_NETWORK_QUERIES, "network", "queries", CONF_NUMBER, CONF_BY_PROJECT,                \
		CONF_ONLY_LOWER, "200000", CONF_RULE_NONE, NULL,                                   \
		"look-ups of names; 0 for no limit")                                               \
	X(CONF_NETWORK_IDLE, "network", "idle", CONF_DURATION, CONF_BY_PROJECT, CONF_ONLY_LOWER,   \
		"5m", CONF_RULE_NONE, NULL,                                                        \
		"time for which an answer may stand still; 0 for no limit")                        \
	X(CONF_NETWORK_TIME, "network", "time", CONF_DURATION, CONF_BY_PROJECT, CONF_ONLY_LOWER,   \
		"2h", CONF_RULE_NONE, NULL,                                                        \
		"time that one request and its answer may take; 0 for no limit")                   \
	X(CONF_NETWORK_DIGEST, "network", "digest", CONF_ENUM, CONF_BY_PROJECT, CONF_ONLY_FIRST,   \
		"record", CONF_RULE_NONE, "lock|record",                                           \
		"lock to put all registries in lock mode, besides those whose files do")           \
	X(CONF_NETWORK_LOCKS, "network", "locks", CONF_LIST, CONF_BY_PROJECT, CONF_FREE, NULL,     \
		CONF_RULE_LOCK, NULL, "a lock file, for registries in lock mode")                  \
	X(CONF_STORE_ENABLED, "store", "enabled", CONF_BOOL, CONF_BY_USER, CONF_FREE, "yes",       \
		CONF_RULE_NONE, NULL, "whether what registries answer is kept, for replay")        \
	X(CONF_STORE_QUOTA, "store", "quota", CONF_BYTES, CONF_BY_USER, CONF_FREE, "10G",          \
		CONF_RULE_NONE, NULL,                                                              \
		"how much is kept at most, of all builds together; 0 for no limit")                \
	X(CONF_NETWORK_RANGE, "network", "range", CONF_STRING, CONF_BY_USER, CONF_FREE,            \
		SYNTHETIC_DEFAULT4, CONF_RULE_RANGE, NULL,                                         \
		"the IPv4 addresses that names have inside a build with a network")                \
	X(CONF_NETWORK_RANGE6, "network", "range6", CONF_STRING, CONF_BY_USER, CONF_FREE,          \
		SYNTHETIC_DEFAULT6, CONF_RULE_RANGE6, NULL, "the IPv6 addresses that they have")   \
	X(CONF_NETWORK_PROXY, "network", "proxy", CONF_STRING, CONF_BY_USER, CONF_FREE, NULL,      \
		CONF_RULE_PROXY, NULL,                                                             \
		"a proxy through which every registry is reached, by CONNECT; its credential, if " \
		"it wants one, is a file of cupel.credential(5)")                                  \
	X(CONF_OUTPUTS_FILES, "outputs", "files", CONF_LIST, CONF_BY_PROJECT, CONF_FREE, NULL,     \
		CONF_RULE_GLOB, NULL, "a pattern of files of the workspace to keep")               \
	X(CONF_OUTPUTS_DIRECTORY, "outputs", "directory", CONF_STRING, CONF_BY_PROJECT, CONF_FREE, \
		"cupel-out", CONF_RULE_DIRECTORY, NULL, "where outputs are published")             \
	X(CONF_LIMITS_SCRATCH, "limits", "scratch", CONF_BYTES, CONF_BY_PROJECT, CONF_ONLY_LOWER,  \
		"0", CONF_RULE_NONE, NULL, "bytes the build may write; 0 for half of the memory")  \
	X(CONF_LIMITS_FILES, "limits", "files", CONF_NUMBER, CONF_BY_PROJECT, CONF_ONLY_LOWER,     \
		"1048576", CONF_RULE_NONE, NULL, "files the build may create; 0 for no limit")     \
	X(CONF_LIMITS_OPEN_FILES, "limits", "open-files", CONF_NUMBER, CONF_BY_PROJECT,            \
		CONF_ONLY_LOWER, "4096", CONF_RULE_POSITIVE, NULL, "open files of one process")    \
	X(CONF_LIMITS_PROCESSES, "limits", "processes", CONF_NUMBER, CONF_BY_PROJECT,              \
		CONF_ONLY_LOWER, "4096", CONF_RULE_POSITIVE, NULL, "processes at one time")        \
	X(CONF_LIMITS_LOG, "limits", "log", CONF_BYTES, CONF_BY_PROJECT, CONF_ONLY_LOWER, "256M",  \
		CONF_RULE_POSITIVE, NULL, "bytes of the build's log")                              \
	X(CONF_LIMITS_OUTPUT_SIZE, "limits", "output-size", CONF_BYTES, CONF_BY_PROJECT,           \
		CONF_ONLY_LOWER, "8G", CONF_RULE_POSITIVE, NULL, "bytes of all outputs together")  \
	X(CONF_LIMITS_OUTPUT_FILES, "limits", "output-files", CONF_NUMBER, CONF_BY_PROJECT,        \
		CONF_ONLY_LOWER, "100000", CONF_RULE_POSITIVE, NULL, "number of output files")     \
	X(CONF_LIMITS_OUTPUT_DEPTH, "limits", "output-depth", CONF_NUMBER, CONF_BY_PROJECT,        \
		CONF_ONLY_LOWER, "64", CONF_RULE_DEPTH, NULL, "depth of directories in outputs")   \
	X(CONF_ATTEST_ENABLED, "attest", "enabled", CONF_BOOL, CONF_BY_PROJECT, CONF_ONLY_YES,     \
		"yes", CONF_RULE_NONE, NULL, "whether outputs are attested")                       \
	X(CONF_ATTEST_SHA512, "attest", "sha512", CONF_BOOL, CONF_BY_PROJECT, CONF_FREE, "no",     \
		CONF_RULE_NONE, NULL, "whether outputs are hashed with SHA-512 too")               \
	X(CONF_SIGN_KEY, "sign", "key", CONF_STRING, CONF_BY_USER, CONF_FREE, NULL,                \
		CONF_RULE_ABSOLUTE, NULL, "path of the signing key")                               \
	X(CONF_SIGN_BUILDER_ID, "sign", "builder-id", CONF_STRING, CONF_BY_ADMIN, CONF_FREE, NULL, \
		CONF_RULE_URI, NULL, "URI by which attestations name this builder")
