/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The options of `cupel verify`, once: its parser, --help, the manual page and
 * the shells' completion all follow this table. Members: identifier, long name,
 * short letter or 0, name of the argument or NULL, help. An option with '…'
 * behind its argument's name may be repeated.
 */
#define VERIFY_OPTIONS(X)                                                                          \
	X(ATTESTATION, "attestation", 'a', "FILE", "use this attestation, look for no other")      \
	X(KEY, "key", 'k', "PUB…", "trust this public key (PEM)")                                  \
	X(SIGNER, "signer", 0, "PUB=ID…", "trust this public key, for builder ID only")            \
	X(TRUST_DIR, "trust-dir", 0, "DIR…", "trust the public keys (*.pub) in this directory")    \
	X(BUILDER_ID, "builder-id", 'b', "ID", "the builder must be ID")                           \
	X(BUILD_TYPE, "build-type", 0, "URI", "the build type must be URI")                        \
	X(PREDICATE_TYPE, "predicate-type", 0, "URI",                                              \
		"the predicate must be of this type (default: SLSA provenance v1)")                \
	X(PARAMETER, "parameter", 'p', "NAME=VALUE…", "this external parameter must have VALUE")   \
	X(STRICT_PARAMETERS, "strict-parameters", 0, NULL,                                         \
		"there must be no external parameter that --parameter does not name")              \
	X(THRESHOLD, "threshold", 't', "N", "N different keys must have signed (default 1)")       \
	X(AT, "at", 0, "TIME", "judge as of TIME, as 2026-01-31T12:00:00Z (default: now)")         \
	X(MAX_AGE, "max-age", 0, "DURATION", "the build must have ended at most DURATION ago")     \
	X(SOURCE_COMMIT, "source-commit", 0, "HEX", "the source must be this Git commit")          \
	X(REQUIRE_DIGESTS, "require-digests", 0, NULL,                                             \
		"every dependency must have a secure digest")                                      \
	X(NETWORK, "network", 0, "MODE…",                                                          \
		"the build's network must have been MODE (none, trusted, replay)")                 \
	X(REGISTRY, "registry", 0, "URL…", "downloads must come from below URL")                   \
	X(DOWNLOAD_HOST, "download-host", 0, "HOST…", "downloads must come from HOST")             \
	X(REQUIRE_INSPECTED, "require-inspected", 0, NULL,                                         \
		"every download must have been inspected, and have a secure digest")               \
	X(BYPRODUCT, "byproduct", 0, "NAME…", "this by-product must be recorded")                  \
	X(AS_BYPRODUCT, "as-byproduct", 0, "NAME",                                                 \
		"FILE is what was recorded as by-product NAME, not an output")                     \
	X(MAX_DENIED, "max-denied", 0, "N", "at most N connections may have been denied")          \
	X(JSON, "json", 'j', NULL, "print JSON, one object for each file")                         \
	X(HELP, "help", 'h', NULL, "print this help")

struct verify_option {
	const char *name;
	char letter;
	const char *argument;
	const char *help;
};

#define VERIFY_OPTION_ENUM(id, name, letter, argument, help) VERIFY_##id,
enum { VERIFY_OPTIONS(VERIFY_OPTION_ENUM) VERIFY_OPTION_COUNT };
#undef VERIFY_OPTION_ENUM

#define VERIFY_OPTION_ROW(id, name, letter, argument, help) {name, letter, argument, help},
static const struct verify_option verify_options[]
	__attribute__((unused)) = {VERIFY_OPTIONS(VERIFY_OPTION_ROW)};
#undef VERIFY_OPTION_ROW
_Static_assert(sizeof(verify_options) / sizeof(verify_options[0]) == VERIFY_OPTION_COUNT,
	"a row for every option");
