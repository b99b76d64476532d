/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: bodies of the build's requests and of registries' answers, in
 * the gateway's own confined process. One state for each place in the grammar of RFC
 * 9112 §7.1 and one byte at a time between the chunks, so that how the bytes were cut
 * up on their way cannot change what they mean. A mistake is final.
 */
#include "gateway/http.h"

#include "gateway/ascii.h"

enum { SIZE_DIGITS_MAX = 15, LINE_MAX_BYTES = 4096 };

enum state {
	STATE_SIZE, /* 0: where a zeroed struct begins */
	STATE_EXTENSION,
	STATE_SIZE_LF,
	STATE_DATA,
	STATE_DATA_CR,
	STATE_DATA_LF,
	STATE_TRAILER_CR,
	STATE_TRAILER_LF,
	STATE_DONE,
	STATE_BROKEN
};

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* Digits, then CR or an extension. */
static int take_size(struct http_chunks *c, char byte, const char **why)
{
	int digit = ascii_hex(byte);

	if (digit >= 0) {
		if (++c->line > SIZE_DIGITS_MAX)
			return refuse(why, "a chunk size that is too long");
		c->left = c->left << 4 | (unsigned int)digit;
		return 0;
	}
	if (c->line == 0 || (byte != '\r' && byte != ';'))
		return refuse(why, "a malformed chunk size");
	c->state = byte == ';' ? STATE_EXTENSION : STATE_SIZE_LF;
	return 0;
}

static int take_extension(struct http_chunks *c, char byte, const char **why)
{
	if (byte == '\r') {
		c->state = STATE_SIZE_LF;
		return 0;
	}
	if (byte == '\n')
		return refuse(why, "bare LF in a chunked body");
	if (ascii_is_control(byte) && byte != '\t')
		return refuse(why, "a control character in a chunk extension");
	if (++c->line > LINE_MAX_BYTES)
		return refuse(why, "a chunk extension that is too long");
	return 0;
}

static int expect(struct http_chunks *c, char byte, char wanted, enum state next, const char **why)
{
	if (byte == wanted) {
		c->state = (int)next;
		return 0;
	}
	if (c->state == STATE_TRAILER_CR)
		return refuse(why, "a trailer");
	return refuse(why, byte == '\n' ? "bare LF in a chunked body" : "a malformed chunk");
}

/* One byte between the chunks. */
static int take_byte(struct http_chunks *c, char byte, const char **why)
{
	switch ((enum state)c->state) {
	case STATE_SIZE:
		return take_size(c, byte, why);
	case STATE_EXTENSION:
		return take_extension(c, byte, why);
	case STATE_SIZE_LF:
		return expect(c, byte, '\n', c->left > 0 ? STATE_DATA : STATE_TRAILER_CR, why);
	case STATE_DATA_CR:
		return expect(c, byte, '\r', STATE_DATA_LF, why);
	case STATE_DATA_LF:
		c->line = 0;
		return expect(c, byte, '\n', STATE_SIZE, why);
	case STATE_TRAILER_CR:
		return expect(c, byte, '\r', STATE_TRAILER_LF, why);
	case STATE_TRAILER_LF:
		return expect(c, byte, '\n', STATE_DONE, why);
	case STATE_DATA:
	case STATE_DONE:
	case STATE_BROKEN:
	default:
		return refuse(why, "a chunked body that was refused before");
	}
}

int http_chunks_take(struct http_chunks *c, const char *bytes, size_t n, size_t *used,
	const char **data, size_t *data_size, const char **why)
{
	size_t i = 0;

	*data = bytes;
	*data_size = 0;
	while (i < n && c->state != STATE_DATA && c->state != STATE_DONE) {
		if (take_byte(c, bytes[i], why) < 0) {
			c->state = STATE_BROKEN;
			return -1;
		}
		i++;
	}
	if (c->state == STATE_DATA && i < n) {
		*data = bytes + i;
		*data_size = c->left < n - i ? (size_t)c->left : n - i;
		c->left -= *data_size;
		i += *data_size;
		if (c->left == 0)
			c->state = STATE_DATA_CR;
	}
	c->done = c->state == STATE_DONE;
	*used = i;
	return 0;
}
