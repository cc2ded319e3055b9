/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of the JSON that a sealed file carries, by name and type: for this
 * room's readers. Members nobody asks for are tolerated. Errors begin the field
 * path with the member's name; the caller adds what is above.
 */
#ifndef PV_SEAL_FIELD_H
#define PV_SEAL_FIELD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "codec/json.h"

struct pv_fields {
	const struct pv_json *doc;
	uint32_t at; /* an object */
	struct pv_arena *a;
};

/* The member, of that type; INPUT when it is not there. */
PV_RESULT pv_field_need(const struct pv_fields *f, const char *name, enum pv_json_type type,
    uint32_t *out, struct pv_err *e);
/* PV_JSON_NONE when it is absent or null. */
PV_RESULT pv_field_find(const struct pv_fields *f, const char *name, enum pv_json_type type,
    uint32_t *out, struct pv_err *e);
/* Texts are copied to the arena. Without control characters, at most max bytes. */
PV_RESULT pv_field_text(const struct pv_fields *f, const char *name, size_t max,
    struct pv_slice *out, struct pv_err *e);
PV_RESULT pv_field_text_if(const struct pv_fields *f, const char *name, size_t max,
    struct pv_slice *out, struct pv_err *e);
/* A PEM or other text whose line ends matter: as it stands. */
PV_RESULT pv_field_lines(const struct pv_fields *f, const char *name, size_t max,
    struct pv_slice *out, struct pv_err *e);
PV_RESULT pv_field_is(
    const struct pv_fields *f, const char *name, const char *want, struct pv_err *e);
/* A number from 0 to max; absent: fallback. */
PV_RESULT pv_field_number(const struct pv_fields *f, const char *name, uint64_t max,
    uint64_t fallback, uint64_t *out, struct pv_err *e);

#endif
