/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables say about a record, for others: a JSON Schema, and the members of its page in docs/protocol/. */
#ifndef PV_WIRE_DESCRIBE_H
#define PV_WIRE_DESCRIBE_H

#include "base/buf.h"
#include "core/record.h"

/* Appends the schema (draft 2020-12), indented, with a line end. */
void pv_schema_write(enum pv_kind kind, struct pv_buf *out);
/* Appends the tables of the record's own members and of the objects in it, in Markdown. */
void pv_page_write(enum pv_kind kind, struct pv_buf *out);
/* The same for the members that all records have. */
void pv_page_common_write(struct pv_buf *out);

#endif
