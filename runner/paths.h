/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;

/*
 * The caller's own directories (XDG base directory specification), the only
 * place where the environment is read, but for footer.c, which asks what the
 * terminal is. Each writes an absolute path.
 */
/* ~/.config/cupel; empty when there is no home. */
void paths_config(char *out, size_t size);
/* The caller's home; empty when there is none. */
void paths_home(char *out, size_t size);
/* ~/.local/share/cupel; empty when there is no home. */
void paths_data_place(char *out, size_t size);
/* The same, made when missing (0700). 0, or -1 with *e filled. */
int paths_data(char *out, size_t size, struct error *e);
/*
 * The content store: ~/.local/share/cupel/store, and for root /var/lib/cupel/store unless
 * XDG_DATA_HOME says otherwise. make: also made. 0, or -1 with *e filled.
 */
int paths_store(char *out, size_t size, bool make, struct error *e);
/* ~/.cache/cupel, made when missing; empty when that is impossible. */
void paths_cache(char *out, size_t size);
