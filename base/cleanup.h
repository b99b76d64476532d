/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What every acquisition in a function is declared with, so that no path leaks. */
#define _cleanup_(f) __attribute__((cleanup(f)))

/* Hands ownership over: yields the value and leaves NULL behind. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_from_ = &(p);                                                  \
		__typeof__(p) taken_ = *take_from_;                                                \
		*take_from_ = NULL;                                                                \
		taken_;                                                                            \
	})

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

/* For _cleanup_: free(3) of a pointer variable of any type. */
void cleanup_freep(void *p);
