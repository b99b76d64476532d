/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a query, over UDP and over TCP. An answer keeps the
 * id, is one, fits, begins with the question, and one address at most is given away.
 */
#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/dns.h"
#include "gateway/names.h"

static void check_answer(const uint8_t *query, size_t size, const uint8_t *answer, size_t n)
{
	assert(n >= 12 && memcmp(answer, query, 2) == 0);
	assert((answer[2] & 0xf8) == (0x80 | (query[2] & 0x78)));
	assert(answer[4] == 0 && answer[5] <= 1 && answer[6] == 0 && answer[7] <= answer[5]);
	assert(answer[8] == 0 && answer[9] == 0 && answer[10] == 0 && answer[11] <= answer[5]);
	if (answer[5] == 0) {
		assert(n == 12 && (answer[3] & 15) != 0);
		return;
	}
	for (size_t i = 12; i < n && query[i] != 0; i++)
		assert(i < size && answer[i] == query[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(names_deinit) struct names names = {0};
	uint8_t udp[DNS_UDP_MAX], tcp[DNS_MESSAGE_MAX], again[DNS_UDP_MAX];
	size_t n, m;

	(void)synthetic_parse(AF_INET, SYNTHETIC_DEFAULT4, &names.range4);
	(void)synthetic_parse(AF_INET6, SYNTHETIC_DEFAULT6, &names.range6);
	n = dns_answer(data, size, &names, udp, sizeof(udp));
	assert(names.count <= 1);
	if (n == 0) {
		assert(size < 12 || (data[2] & 0x80) != 0);
		return 0;
	}
	check_answer(data, size, udp, n);
	/* nothing is so long that the transport matters, and asking twice changes nothing */
	m = dns_answer(data, size, &names, tcp, sizeof(tcp));
	assert(m == n && memcmp(udp, tcp, n) == 0);
	m = dns_answer(data, size, &names, again, sizeof(again));
	assert(m == n && memcmp(udp, again, n) == 0);
	assert(dns_answer(udp, n, &names, again, sizeof(again)) == 0);
	return 0;
}
