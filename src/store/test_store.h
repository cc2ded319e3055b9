/* SPDX-License-Identifier: Apache-2.0 */
/* Short ways for tests of the store. */
#ifndef PV_STORE_TEST_STORE_H
#define PV_STORE_TEST_STORE_H

#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"
#include "store/test_tree.h"
#include "tap.h"

#define ORDERS  PV_SLICE("example.org/orders")
#define JOURNAL PV_SLICE("example.org/journal")
#define FOREIGN PV_SLICE("example.net/orders")

struct suite_backend {
	const char *name;
	const char *folder; /* the suite's own */
};

static inline const char *
suite_folder_make(void)
{
	static char folder[] = "/tmp/proviso-store-XXXXXX";

	if (mkdtemp(folder) != NULL)
		return folder;
	printf("Bail out! no folder to test in\n");
	exit(1);
}

static inline void
suite_folder_remove(const char *folder)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own folder */
		tap_note("%s stays", folder);
}

/* Options with the test tree and the system's randomness. */
static inline struct pv_store_options
suite_options(enum pv_store_mode mode)
{
	return (struct pv_store_options){
		.mode = mode, .tree = test_tree, .env = pv_env_system(), .key_batch = 8
	};
}

/* folder/name, in one of 64 buffers that take turns. */
static inline const char *
suite_path(const struct suite_backend *b, const char *name)
{
	static char path[64][500];
	static unsigned turn;
	char *p = path[turn++ % 64];

	snprintf(p, sizeof(path[0]), "%s/%s", b->folder, name);
	return p;
}

static inline struct pv_store *
open_or_die(const char *path, enum pv_store_mode mode)
{
	struct pv_store_options o = suite_options(mode);
	struct pv_store *s;
	struct pv_err e;

	if (pv_ok(pv_store_open(&s, path, &o, &e)))
		return s;
	printf("Bail out! %s: %s\n", path, e.what);
	exit(1);
}

static inline struct pv_store_view *
view_or_die(struct pv_store *s)
{
	struct pv_store_view *v;
	struct pv_err e;

	if (pv_ok(pv_store_view_open(&v, s, &e)))
		return v;
	printf("Bail out! %s\n", e.what);
	exit(1);
}

static inline enum pv_store_outcome
apply(struct pv_store *s, const struct pv_store_change *c, size_t n, struct pv_store_result *r)
{
	struct pv_store_submission sub = { .changes = c, .n = n };
	struct pv_err e;

	pv_ignore(pv_store_apply(s, &sub, r, &e));
	return r->outcome;
}

static inline struct pv_store_change
new_log(struct pv_slice name, enum pv_store_log_kind kind)
{
	return (struct pv_store_change){ .op = PV_OP_LOG, .log = name, .log_kind = kind };
}

static inline struct pv_store_entry
entry_of(const char *text)
{
	struct pv_store_entry e = { .bytes = pv_slice_of(text), .second = 1700000000 };

	test_leaf(NULL, e.bytes, e.leaf);
	return e;
}

static inline struct pv_store_change
append_of(struct pv_slice log, const struct pv_store_entry *e, size_t n)
{
	return (struct pv_store_change){ .op = PV_OP_APPEND, .log = log, .entries = e, .n = n };
}

static inline struct pv_store_change
row_of(enum pv_store_op op, enum pv_store_table table)
{
	return (struct pv_store_change){ .op = op, .table = table };
}

#endif
