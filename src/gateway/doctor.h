/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the configuration of a web or mail server and finds where it lets pass
 * without having asked at our door (docs/doors.md names the traps). It knows
 * their grammar, not all of their directives: what it does not know it leaves,
 * so "nothing found" is no proof.
 */
#ifndef PV_GATEWAY_DOCTOR_H
#define PV_GATEWAY_DOCTOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

enum pv_grave {
	PV_GRAVE_NONE = 0,
	PV_GRAVE_OPENS, /* something passes that was not asked about, or was refused */
	PV_GRAVE_SHUTS, /* it does not work: everything is refused */
	PV_GRAVE_SLOW,  /* it fails closed, but everybody waits */
};
extern const char *const pv_grave_words[]; /* "opens", "shuts", "slow" by number */

struct pv_trap {
	enum pv_grave grave;
	struct pv_slice file;
	unsigned line; /* 0: of the whole file */
	struct pv_slice what, fix;
};
struct pv_traps {
	struct pv_arena *a;
	PV_VEC(struct pv_trap) all;
	unsigned doors; /* places that ask us */
	/* Where our listeners for Postfix are, as the daemon's settings have it; empty: any counts as ours. */
	struct pv_slice policy, lookup;
};
void pv_traps_free(struct pv_traps *f);
void pv_traps_add(struct pv_traps *f, enum pv_grave grave, struct pv_slice file, unsigned line,
    struct pv_slice what, const char *fix);

/* nginx.conf and what it includes; main.cf and master.cf of a folder. An error: it cannot be read, or is none. */
PV_RESULT pv_doctor_nginx(struct pv_traps *f, const char *path, struct pv_err *e);
PV_RESULT pv_doctor_postfix(struct pv_traps *f, const char *folder, struct pv_err *e);
/* The same of texts, without what they include. */
PV_RESULT pv_doctor_nginx_text(
    struct pv_traps *f, struct pv_slice text, const char *name, struct pv_err *e);
PV_RESULT pv_doctor_postfix_text(struct pv_traps *f, struct pv_slice main_cf,
    struct pv_slice master_cf, const char *folder, struct pv_err *e);

/* At most PV_DOCTOR_BYTES of a file. */
#define PV_DOCTOR_BYTES (4u << 20)
PV_RESULT pv_doctor_read(
    struct pv_arena *a, const char *path, struct pv_slice *out, struct pv_err *e);

#endif
