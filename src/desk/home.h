/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the desk: an open home.
 *
 *	HOME/home.json     where things are (never who may what)
 *	HOME/proviso.db    the logs and tables; HOME/erase.db the keys that erasure destroys
 *	HOME/keys/NAME.key this home's private keys: log, journal, signer, gateway, kas (RSA), kas-ec (P-256), and its officers'
 *	HOME/sealed/       the sealed files of reports shared from here or held here
 *
 * Acts are folded once, when the home is opened or when another process has
 * added some; each act's row keeps the note and the vkeys that were verified.
 */
#ifndef PV_DESK_HOME_H
#define PV_DESK_HOME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/vec.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "crypto/keyfile.h"
#include "crypto/note.h"
#include "crypto/wrap.h"
#include "desk/desk.h"
#include "store/store.h"

/* An order log that decisions here stand on: our own, or a copy of a partner's. */
struct pv_log {
	struct pv_slice origin;
	bool own;
	uint64_t loaded;        /* entries of the store's log that are folded */
	struct pv_arena *arena; /* the records of state */
	struct pv_state *state;
	struct pv_snapshot *snapshot; /* NULL until a decision needs it */
	uint64_t signed_s;            /* newest verified freshness signature */
	uint64_t refresh_s, lease_s, skew_s;
	uint64_t texts; /* of a copy: acts whose text was here when it was folded */
	bool broken;    /* its rows do not fold: closed until they are mended */
	bool
	    withheld; /* of a copy: a text that is meant for us is not here (DESIGN 6.4): closed until it is */
	uint64_t
	    checked; /* entries that were looked at for that, with so many keys and peers known */
	size_t checked_with;
};

struct pv_remote; /* desk/remote.c */

struct pv_callers; /* desk/callers.h */

struct pv_kas_state;
void pv_kas_state_free(struct pv_kas_state *s); /* kas.c */
struct pv_labels;
void pv_labels_give(struct pv_labels *l); /* labels.c */

struct pv_desk {
	char *path;               /* NULL when it is elsewhere */
	struct pv_remote *remote; /* NULL: a home on this machine */
	struct pv_env env;
	struct pv_arena *arena;
	struct pv_store *store;
	struct pv_slice party, origin, journal, kas_url;
	bool seal_ec; /* reports are sealed to kas-ec, not to kas */
	struct pv_log own;
	PV_VEC(struct pv_log *) copies;
	uint64_t boot_ms,
	    real_ms; /* both clocks when the home was opened: one set back later does not count */
	struct pv_err broken;        /* why the own log is */
	uint64_t seen;               /* pv_store_version() of the last refresh; 0: look anew */
	struct pv_labels *labels;    /* desk/labels.h; NULL until it is used */
	struct pv_pair *journal_key; /* NULL until it signs */
	struct pv_kas_state *kas;    /* desk/kas.h; NULL until it is used */
	struct pv_callers *callers;  /* NULL until somebody calls */
	bool callers_own;            /* made here, not lent */
	struct pv_doors *doors;    /* who is who at the doors (door.c); NULL until somebody asks */
	_Atomic uint64_t *decided; /* counts by enum pv_reason (watch.h); NULL: nobody counts */
	struct {
		uint64_t size; /* 0: none */
		uint8_t root[32];
	} owed; /* the journal's tree that no checkpoint is kept of yet (journal.c) */
};

/* ---- home.c ---- */

/* A log without any act; one more act, as its row has it (desk/acts.h), in log order; what is said about leases then. */
void pv_home_log_begin(struct pv_log *log, struct pv_slice origin, bool own);
PV_RESULT pv_home_log_act(
    struct pv_log *log, uint64_t index, uint64_t second, struct pv_slice body, struct pv_err *e);
void pv_home_log_leases(struct pv_log *log);
/* Folds what the store has beyond what is loaded (another process may have written), and learns of new copies. */
PV_RESULT pv_home_refresh(struct pv_desk *d, struct pv_err *e);
/* Forgets the fold of the own log, after a failed act left it half way, and folds again. */
PV_RESULT pv_home_refold(struct pv_desk *d, struct pv_err *e);
/* The row of the meta table that says how many texts of a copy are here. */
struct pv_slice pv_home_texts_name(struct pv_slice origin, struct pv_arena *a);
/* The same for a copy. */
PV_RESULT pv_home_forget(struct pv_desk *d, struct pv_slice origin, struct pv_err *e);
struct pv_log *pv_home_log(struct pv_desk *d, struct pv_slice origin); /* NULL: not held here */
void pv_home_snapshot(struct pv_log *log); /* builds log->snapshot when it is missing */
/* An unlocked key of this home that has no passphrase: "log", "journal", "signer", "gateway", "kas", "kas-ec". */
PV_RESULT pv_home_key(
    struct pv_desk *d, const char *name, struct pv_keyfile **out, struct pv_err *e);
PV_RESULT pv_home_pair(struct pv_desk *d, const char *name, struct pv_pair **out,
    struct pv_slice *vkey, struct pv_arena *a, struct pv_err *e);
/* The same of "kas" and "kas-ec", as what it wraps with. */
PV_RESULT pv_home_wrap_key(
    struct pv_desk *d, const char *name, struct pv_wrap_key **out, struct pv_err *e);
bool pv_home_has_key(
    const struct pv_desk *d, const char *name); /* kas-ec: homes made by older versions have none */
/* A folder and all that is in it: of a home or a backup that was not made whole. */
void pv_home_remove(const char *path);
/* HOME/rest, in the arena. */
const char *pv_home_path(struct pv_desk *d, struct pv_arena *a, const char *rest);

/* Seconds: CLOCK_REALTIME, or what it would be had nobody set it back since the home was opened. */
uint64_t pv_home_clock(const struct pv_desk *d);
/* Seconds: the largest of the clock and the newest signed time of that log (DESIGN 6.2). */
uint64_t pv_home_now(const struct pv_desk *d, const struct pv_log *log);
/* Whether log may be acted on now; for the own log a fresh signature is made when it is time (the signer runs in process). */
PV_RESULT pv_home_fresh(struct pv_desk *d, struct pv_log *log, bool *fresh, struct pv_err *e);

/* ---- tree.c: the desk wires tlog's hashing to the store ---- */
struct pv_store_tree pv_home_tree(void);

/* ---- checkpoint of a log that this home writes ---- */

/* The note alone, as it is now: to be kept with a submission of the caller's. */
PV_RESULT pv_home_note(struct pv_desk *d, struct pv_slice log, uint64_t size,
    const uint8_t root[32], struct pv_buf *note, uint64_t *second, struct pv_err *e);
/* Signs (size, root), which must be durable, with the log's key; of the own order log also cosigns as the freshness signer. */
PV_RESULT pv_home_checkpoint(struct pv_desk *d, struct pv_slice log, uint64_t size,
    const uint8_t root[32], struct pv_err *e);

/* ---- submitting ---- */

/* pv_store_apply, with MOVED turned into *moved. */
PV_RESULT pv_home_submit(struct pv_desk *d, const struct pv_store_submission *sub,
    struct pv_store_result *r, bool *moved, struct pv_err *e);

#define PV_CELL_S(text)   ((struct pv_store_cell){ .s = (text) })
#define PV_CELL_N(number) ((struct pv_store_cell){ .n = (number) })

#endif
