/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of store.h as a backend needs them: names and kinds of their columns. */
#ifndef PV_STORE_TABLES_H
#define PV_STORE_TABLES_H

#include "store/store.h"

enum pv_column_kind { PV_COL_LOG, PV_COL_TEXT, PV_COL_NUMBER, PV_COL_BYTES };

struct pv_column {
	const char *name;
	enum pv_column_kind kind;
	bool indexed;
};

struct pv_table {
	const char *name;
	unsigned keys;    /* the first columns, unique together */
	unsigned columns; /* in all */
	bool clustered;   /* small rows that lie in the order of their key */
	struct pv_column c[PV_STORE_COLUMNS];
};

/* NULL for what is no table. */
const struct pv_table *pv_table_get(enum pv_store_table table);

#endif
