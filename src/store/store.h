/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where one home (one gateway) keeps its logs and tables: one file (SQLite), and
 * beside it a small file of keys that erasure destroys. The store knows bytes,
 * not records, and promises:
 *
 * - A submission happens as a whole or not at all, and is durable (fsync) before
 *   anybody is told. Many submissions share one fsync.
 * - A log only grows. A size never has two roots: (size, root) is durable before
 *   it is told, so before anybody can sign it.
 * - Readers see one moment, never wait for the writer and never hold it up.
 * - Several processes may use one store; one writes at a time, the others wait
 *   a stated time.
 *
 * What fails says who can mend it: CONFIG no space, read-only, no such store;
 * UNTRUSTED damaged, or a tree that contradicts what is kept; DOWN another process
 * is writing; INPUT a row that is already there; LIMIT too large.
 *
 * Files, all of mode 0600: PATH, PATH-wal and PATH-shm belong together (copy them
 * with pv_store_backup, never one by one); PATH.reserve is space kept for orders on
 * a full disk; erase.db has the keys that erasure destroys, and belongs in no
 * backup, else a restore would bring back what was erased. A row that is deleted
 * may still lie in PATH-wal for a while: what must be forgotten is sealed under an
 * erasable key.
 *
 * Text and bytes handed in are borrowed until the answer. The calls may be made
 * from any thread; a view belongs to one thread at a time.
 */
#ifndef PV_STORE_STORE_H
#define PV_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "base/slice.h"

#define PV_STORE_NAME_MAX  1024 /* bytes of a log's name */
#define PV_STORE_HASH      32
#define PV_STORE_ENTRY_MAX 65535        /* bytes of one entry, as C2SP tlog-tiles */
#define PV_STORE_BODY_MAX  (16u << 20)  /* bytes of one cell of a row */
#define PV_STORE_SIZE_MAX  (1ULL << 40) /* entries of one log */
#define PV_STORE_LOGS_MAX  8            /* logs that one submission may touch */
#define PV_STORE_TILE      256          /* hashes of a full tile */
#define PV_STORE_EDGE_MAX  40           /* hashes of a right edge */
#define PV_STORE_KEY       32
#define PV_STORE_KEY_BATCH 1024

struct pv_store;
struct pv_store_view;
struct pv_store_cursor;

/* ---- opening ---- */

/*
 * The tree hashing, from above. A right edge holds one hash for each bit set in
 * size, the largest subtree first. root() of size 0 is the empty tree's.
 */
struct pv_store_tree {
	void (*leaf)(void *ctx, struct pv_slice bytes, uint8_t out[PV_STORE_HASH]);
	/* edge is of a tree of size leaves; afterwards of size + 1 */
	void (*append)(void *ctx, uint64_t size, uint8_t (*edge)[PV_STORE_HASH],
	    const uint8_t leaf[PV_STORE_HASH]);
	void (*root)(void *ctx, uint64_t size, const uint8_t (*edge)[PV_STORE_HASH],
	    uint8_t out[PV_STORE_HASH]);
	void *ctx; /* used from several threads: keep no state in it, or lock it */
};

enum pv_store_mode {
	PV_STORE_READ = 0, /* nothing on the disk changes */
	PV_STORE_WRITE,    /* must exist */
	PV_STORE_CREATE,   /* must not exist */
};

struct pv_store_options {
	enum pv_store_mode mode;
	struct pv_store_tree tree;
	struct pv_env env; /* its randomness makes the keys that erasure destroys */
	/* the keys that erasure destroys: a flat file, not a database, so that no copy of a key is ever elsewhere */
	const char *erase_path; /* NULL: "erase.db" beside the store */
	size_t
	    key_batch; /* keys made ahead by one fsync, by later ones up to 16 times as many; 0: PV_STORE_KEY_BATCH. A single command: 1 */
	size_t reserve_bytes; /* see "urgent" below; 0: none */
	unsigned busy_ms;     /* how long to wait for another writer; 0: 5,000 */
	bool
	    adopt; /* open a backup copy as the store itself (a restore); else refused for writing */
	const char *vfs; /* SQLite VFS, for tests; NULL: the system's */
};

/* path is the store's file; files are made with mode 0600. */
PV_RESULT pv_store_open(
    struct pv_store **out, const char *path, const struct pv_store_options *o, struct pv_err *e);
/* Finishes what was submitted, then closes. Views must be closed before. */
void pv_store_free(struct pv_store *s);
void pv_store_freep(struct pv_store **s);

/* ---- writing ---- */

/* Tables: each row is the columns named in its enum, the first ones being its key (see the count at the right). */
enum pv_store_table {
	PV_T_ACTS,        /* 2  index over the order logs */
	PV_T_TEXTS,       /* 2  texts of private acts (salt and note) */
	PV_T_REPORTS,     /* 1  labels, own and received */
	PV_T_RELEASES,    /* 1  openings and other releases */
	PV_T_OUTCOMES,    /* 1 */
	PV_T_INCIDENTS,   /* 1 */
	PV_T_ACKS,        /* 3 */
	PV_T_ANSWERS,     /* 2  of counterparts to notices */
	PV_T_REQUESTS,    /* 1 */
	PV_T_NOTICES,     /* 1 */
	PV_T_WITHHELD,    /* 3  what an order kept from whom, to be offered again */
	PV_T_KAS_KEYS,    /* 1  what is known of them; never a secret */
	PV_T_DISCLOSURES, /* 3  sealed openings of a journal's private fields */
	PV_T_BLOBS,       /* 2  larger bytes in parts */
	PV_T_META,        /* 1  name and value */
	/* STIX objects (desk/taxii.h): since schema 2 */
	PV_T_OBJECTS,     /* 1  each version that was accepted, sealed */
	PV_T_MEMBERS,     /* 2  which collection it stands in, in the order of date_added */
	PV_T_LABELS,      /* 1  their labels, each once */
	PV_T_MARKINGS,    /* 1  what marking-definitions that came say */
	PV_T_COLLECTIONS, /* 1  what an officer set for a collection */
	PV_T_GAPS,        /* 3  what an order kept from a reader of a collection */
	PV_T_OFFERS,      /* 2  what was offered again, at its new place */
	PV_T_STATUSES,    /* 1  what became of a push */
	PV_STORE_TABLES
};

/* Kinds of column: L a log's name (.s), T text (.s), N number (.n, at most INT64_MAX), B bytes (.s). * has an index. */
enum {
	PV_C_ACT_ORIGIN /* L */,
	PV_C_ACT_INDEX /* N */,
	PV_C_ACT_KIND /* T* */,
	PV_C_ACT_ID /* T* */,
	PV_C_ACT_ISSUER /* T* */,
	PV_C_ACT_SECOND /* N */,
	PV_C_ACT_BODY /* B */
};
enum {
	PV_C_TEXT_ORIGIN /* L */,
	PV_C_TEXT_INDEX /* N */,
	PV_C_TEXT_KEY /* N, of pv_store_key_take, or 0 */,
	PV_C_TEXT_BODY /* B */
};
enum {
	PV_C_REPORT_ID /* T */,
	PV_C_REPORT_ORIGINATOR /* T* */,
	PV_C_REPORT_STATE /* T* */,
	PV_C_REPORT_PLACE /* T: where the payload is */,
	PV_C_REPORT_DIGEST /* B*: of the label */,
	PV_C_REPORT_SEALED /* B*: of the sealed file */,
	PV_C_REPORT_CONTENT /* B*: of the plaintext */,
	PV_C_REPORT_CREATED /* N* */,
	PV_C_REPORT_BODY /* B: the label */,
	PV_C_REPORT_EXTRA /* B */
};
enum {
	PV_C_RELEASE_ID /* T */,
	PV_C_RELEASE_REPORT /* T* */,
	PV_C_RELEASE_PARTY /* T* */,
	PV_C_RELEASE_PURPOSE /* T */,
	PV_C_RELEASE_STATE /* T */,
	PV_C_RELEASE_PERSON /* B: commitment */,
	PV_C_RELEASE_SECOND /* N* */,
	PV_C_RELEASE_JOURNAL /* L */,
	PV_C_RELEASE_INDEX /* N */,
	PV_C_RELEASE_BODY /* B */
};
enum {
	PV_C_OUTCOME_ID /* T */,
	PV_C_OUTCOME_REPORT /* T* */,
	PV_C_OUTCOME_RELEASE /* T* */,
	PV_C_OUTCOME_PARTY /* T* */,
	PV_C_OUTCOME_SECOND /* N* */,
	PV_C_OUTCOME_BODY /* B */
};
enum {
	PV_C_INCIDENT_ID /* T */,
	PV_C_INCIDENT_TOPIC /* T* */,
	PV_C_INCIDENT_REGION /* T* */,
	PV_C_INCIDENT_SECOND /* N* */,
	PV_C_INCIDENT_BODY /* B */
};
enum {
	PV_C_ACK_ORDER /* T */,
	PV_C_ACK_PARTY /* T* */,
	PV_C_ACK_STATE /* T */,
	PV_C_ACK_SECOND /* N */,
	PV_C_ACK_BODY /* B */
};
enum {
	PV_C_ANSWER_NOTICE /* T */,
	PV_C_ANSWER_PARTY /* T* */,
	PV_C_ANSWER_VERDICT /* T */,
	PV_C_ANSWER_SECOND /* N */,
	PV_C_ANSWER_BODY /* B */
};
enum {
	PV_C_REQUEST_ID /* T */,
	PV_C_REQUEST_REPORT /* T* */,
	PV_C_REQUEST_PARTY /* T* */,
	PV_C_REQUEST_STATE /* T* */,
	PV_C_REQUEST_SECOND /* N */,
	PV_C_REQUEST_BODY /* B */
};
enum {
	PV_C_NOTICE_ID /* T */,
	PV_C_NOTICE_KIND /* T */,
	PV_C_NOTICE_PARTY /* T* */,
	PV_C_NOTICE_ABOUT /* T* */,
	PV_C_NOTICE_STATE /* T* */,
	PV_C_NOTICE_SECOND /* N */,
	PV_C_NOTICE_BODY /* B */
};
enum {
	PV_C_WITHHELD_ORDER /* T */,
	PV_C_WITHHELD_REPORT /* T* */,
	PV_C_WITHHELD_PARTY /* T* */,
	PV_C_WITHHELD_STATE /* T* */,
	PV_C_WITHHELD_SECOND /* N */,
	PV_C_WITHHELD_BODY /* B */
};
enum {
	PV_C_KAS_KEY_ID /* T */,
	PV_C_KAS_KEY_KIND /* T */,
	PV_C_KAS_KEY_STATE /* T* */,
	PV_C_KAS_KEY_CREATED /* N */,
	PV_C_KAS_KEY_BODY /* B */
};
enum {
	PV_C_DISCLOSURE_LOG /* L */,
	PV_C_DISCLOSURE_INDEX /* N */,
	PV_C_DISCLOSURE_FIELD /* T */,
	PV_C_DISCLOSURE_KEY /* N, of pv_store_key_take */,
	PV_C_DISCLOSURE_BODY /* B */
};
enum { PV_C_BLOB_NAME /* T */, PV_C_BLOB_PART /* N */, PV_C_BLOB_BODY /* B */ };
enum { PV_C_META_NAME /* T */, PV_C_META_BODY /* B */ };
enum {
	PV_C_OBJECT_ADDED /* N: microseconds, one for each */,
	PV_C_OBJECT_STIX /* T* */,
	PV_C_OBJECT_VERSION /* T */,
	PV_C_OBJECT_TYPE /* T */,
	PV_C_OBJECT_SPEC /* T */,
	PV_C_OBJECT_LABEL /* N* */,
	PV_C_OBJECT_PARTY /* T: who gave it */,
	PV_C_OBJECT_HASH /* B*: of the bytes */,
	PV_C_OBJECT_KEY /* N*, of pv_store_key_take */,
	PV_C_OBJECT_BODY /* B */
};
enum {
	PV_C_MEMBER_COLLECTION /* T */,
	PV_C_MEMBER_ADDED /* N */,
	PV_C_MEMBER_STIX /* T */,
	PV_C_MEMBER_VERSION /* T */,
	PV_C_MEMBER_TYPE /* T */,
	PV_C_MEMBER_SPEC /* T */,
	PV_C_MEMBER_LABEL /* N */,
	PV_C_MEMBER_FLAGS /* N */
};
enum { PV_C_LABEL_ID /* N */, PV_C_LABEL_DIGEST /* B* */, PV_C_LABEL_BODY /* B */ };
enum { PV_C_MARKING_ID /* T */, PV_C_MARKING_PARTY /* T */, PV_C_MARKING_BODY /* B */ };
enum { PV_C_COLLECTION_NAME /* T */, PV_C_COLLECTION_BODY /* B */ };
enum {
	PV_C_GAP_STREAM /* T */,
	PV_C_GAP_LABEL /* N */,
	PV_C_GAP_FROM /* N */,
	PV_C_GAP_TO /* N */,
	PV_C_GAP_STATE /* T */,
	PV_C_GAP_ORDERS /* T: names, a blank between */
};
enum { PV_C_OFFER_STREAM /* T */, PV_C_OFFER_ADDED /* N */, PV_C_OFFER_OBJECT /* N */ };
enum {
	PV_C_STATUS_ID /* T */,
	PV_C_STATUS_PARTY /* T */,
	PV_C_STATUS_ROOT /* T */,
	PV_C_STATUS_SECOND /* N* */,
	PV_C_STATUS_BODY /* B */
};
#define PV_STORE_COLUMNS 10

struct pv_store_cell {
	struct pv_slice s;
	uint64_t n;
	/* 1 + the number of an append among the submission's changes: n counts from its first index. 0: n as it is */
	unsigned from_append;
};

struct pv_store_row {
	struct pv_store_cell c[PV_STORE_COLUMNS];
};

struct pv_store_entry {
	struct pv_slice bytes;
	uint8_t leaf[PV_STORE_HASH];
	uint64_t second;
};

enum pv_store_log_kind {
	PV_STORE_COPY = 0 /* of a foreign order log */,
	PV_STORE_ORDER_LOG /* our own */,
	PV_STORE_JOURNAL
};

enum pv_store_note_kind { PV_STORE_SIGNED = 0 /* by the log itself */, PV_STORE_COSIGNED };

struct pv_store_checkpoint {
	enum pv_store_note_kind kind;
	uint64_t size;
	uint8_t root[PV_STORE_HASH];
	uint64_t second; /* signed time; never goes back for a kind */
	struct pv_slice note;
};

enum pv_store_op {
	PV_OP_NONE = 0, /* refused */
	PV_OP_LOG,      /* log, log_kind: makes it, empty; the same again changes nothing */
	PV_OP_APPEND,   /* log, entries, n */
	PV_OP_TREE, /* log, checkpoint.{size,root}: fails UNTRUSTED unless the log, after the changes before this one, is that tree */
	PV_OP_CHECKPOINT, /* log, checkpoint: keeps the note; its size is at most the log's, and its root is the log's at that size (else UNTRUSTED); one older than the newest kept changes nothing */
	PV_OP_ADD, /* table, row: fails INPUT if its key is there with other content; the same again changes nothing */
	PV_OP_PUT,    /* table, row: replaces */
	PV_OP_DELETE, /* table, row's key; nothing to delete is fine */
	PV_OP_CLEAR,  /* table: all rows (rebuild) */
};

struct pv_store_change {
	enum pv_store_op op;
	enum pv_store_log_kind log_kind;
	enum pv_store_table table;
	struct pv_slice log;
	const struct pv_store_entry *entries;
	size_t n;
	struct pv_store_checkpoint checkpoint;
	struct pv_store_row row;
};

struct pv_store_expect {
	struct pv_slice log;
	uint64_t size; /* 0 also when there is no such log */
};

struct pv_store_submission {
	const struct pv_store_change *changes;
	size_t n;
	const struct pv_store_expect *expect; /* a log not named may have any size */
	size_t n_expect;
	/*
	 * Orders and what stops: with no space left, the reserve is given up, a MiB
	 * at a time, until the submission fits. Others are refused until the
	 * reserve is whole again; it is refilled as soon as there is space.
	 */
	bool urgent;
};

struct pv_store_placed {
	struct pv_slice log; /* borrowed from the submission */
	uint64_t first;      /* index of the submission's first entry in it */
	uint64_t count;
	uint64_t size; /* a durable tree that holds them (and perhaps later entries of others) */
	uint8_t root[PV_STORE_HASH];
};

enum pv_store_outcome {
	PV_STORE_FAILED = 0, /* see err; nothing changed */
	PV_STORE_MOVED,      /* a log had another size than expected: look again; nothing changed */
	PV_STORE_DURABLE,
};

struct pv_store_result {
	enum pv_store_outcome outcome;
	struct pv_err err;
	struct pv_store_placed
	    placed[PV_STORE_LOGS_MAX]; /* logs that grew, in the order of the changes */
	size_t n;
};

/* Called once from the writer's thread (never from within submit): be short, and submit no blocking call. */
typedef void pv_store_done(void *ctx, const struct pv_store_result *r);

/* Queues for the writer thread (started by the first call). What sub borrows must stay until done. */
void pv_store_submit(
    struct pv_store *s, const struct pv_store_submission *sub, pv_store_done *done, void *ctx);
/* Waits for the disk: MOVED and DURABLE are answers, FAILED is a failure (e and r->err). */
PV_RESULT pv_store_apply(struct pv_store *s, const struct pv_store_submission *sub,
    struct pv_store_result *r, struct pv_err *e);

/* ---- reading: one view is one moment; close its cursors before it, and it before the store ---- */

PV_RESULT pv_store_view_open(struct pv_store_view **out, struct pv_store *s, struct pv_err *e);
void pv_store_view_free(struct pv_store_view *v);
void pv_store_view_freep(struct pv_store_view **v);

/*
 * A number that changes with every commit, of this process or another; cheaper than a view (3 us), for who looks often
 * and mostly finds nothing new. To be read before the view that it stands for. 0: not known.
 */
uint64_t pv_store_version(struct pv_store *s);
/* The same for one table: it stays as long as this handle changed no row of the table, and others wrote nothing at all. */
uint64_t pv_store_stamp(struct pv_store *s, enum pv_store_table table);

struct pv_store_head {
	enum pv_store_log_kind kind;
	uint64_t size;
	uint8_t root[PV_STORE_HASH];
	uint8_t edge[PV_STORE_EDGE_MAX][PV_STORE_HASH]; /* one for each bit set in size */
};

/* *found says whether there is such a log. */
PV_RESULT pv_store_log_head(struct pv_store_view *v, struct pv_slice log, struct pv_store_head *out,
    bool *found, struct pv_err *e);
/* The i-th log by name, counted from 0; the name lives as long as the view. */
PV_RESULT pv_store_log_name(
    struct pv_store_view *v, size_t i, struct pv_slice *out, bool *found, struct pv_err *e);
/* Entries [from, to), cut to what there is. */
PV_RESULT pv_store_log_entries(struct pv_store_cursor **out, struct pv_store_view *v,
    struct pv_slice log, uint64_t from, uint64_t to, struct pv_err *e);
/* *more false at the end; entry and its bytes are valid until the next call. */
PV_RESULT pv_store_entry_next(struct pv_store_cursor *c, uint64_t *index,
    struct pv_store_entry *entry, bool *more, struct pv_err *e);
PV_RESULT pv_store_log_leaf(struct pv_store_view *v, struct pv_slice log, uint64_t index,
    uint8_t out[PV_STORE_HASH], struct pv_err *e);
/* The first width (1 to 256) hashes of tile n of a level (0: leaf hashes); BUG where the log is too short for them. */
PV_RESULT pv_store_log_tile(struct pv_store_view *v, struct pv_slice log, unsigned level,
    uint64_t n, unsigned width, uint8_t (*out)[PV_STORE_HASH], struct pv_err *e);
/* The root of the log's first size entries; BUG where it has fewer. */
PV_RESULT pv_store_log_root(struct pv_store_view *v, struct pv_slice log, uint64_t size,
    uint8_t out[PV_STORE_HASH], struct pv_err *e);
/* The newest note of a kind with at most that size (UINT64_MAX: the newest); the note lives in a. */
PV_RESULT pv_store_log_checkpoint(struct pv_store_view *v, struct pv_slice log,
    enum pv_store_note_kind kind, uint64_t size, struct pv_arena *a,
    struct pv_store_checkpoint *out, bool *found, struct pv_err *e);

/* The row whose key cells stand in row; filled, with all bytes in a. */
PV_RESULT pv_store_row_get(struct pv_store_view *v, enum pv_store_table table,
    struct pv_store_row *row, struct pv_arena *a, bool *found, struct pv_err *e);

#define PV_STORE_WHERE 4
enum pv_store_test {
	PV_Q_IS = 0,
	PV_Q_UNDER /* dotted name: at or below */,
	PV_Q_AT_LEAST,
	PV_Q_BELOW /* numbers */
};
struct pv_store_query {
	enum pv_store_table table;
	struct {
		unsigned column;
		enum pv_store_test test;
		struct pv_store_cell cell;
	} where[PV_STORE_WHERE]; /* all must hold */
	size_t n;
	unsigned order_by; /* a column, then the key; 0: the key (its first column) */
	bool descending;
	uint64_t limit; /* 0: none */
};
PV_RESULT pv_store_rows(struct pv_store_cursor **out, struct pv_store_view *v,
    const struct pv_store_query *q, struct pv_err *e);
/* *more false at the end; the row's bytes are valid until the next call. */
PV_RESULT pv_store_row_next(
    struct pv_store_cursor *c, struct pv_store_row *row, bool *more, struct pv_err *e);
PV_RESULT pv_store_rows_count(
    uint64_t *out, struct pv_store_view *v, const struct pv_store_query *q, struct pv_err *e);
void pv_store_cursor_free(struct pv_store_cursor *c);
void pv_store_cursor_freep(struct pv_store_cursor **c);

/* ---- keys that erasure destroys ---- */

/*
 * A fresh key, durable already, never given twice: one for each journal entry,
 * under which its disclosures are sealed. *id is kept in the row (from 1).
 */
PV_RESULT pv_store_key_take(
    struct pv_store *s, uint64_t *id, uint8_t key[PV_STORE_KEY], struct pv_err *e);
/* *found false once it was destroyed, or where this store does not hold the key file. */
PV_RESULT pv_store_key_get(
    struct pv_store *s, uint64_t id, uint8_t key[PV_STORE_KEY], bool *found, struct pv_err *e);
/* Overwrites it where it lies, and syncs. Destroying it again is fine. */
PV_RESULT pv_store_key_destroy(struct pv_store *s, uint64_t id, struct pv_err *e);

/* ---- keeping it ---- */

/* A consistent copy at dst (must not exist), while others write; without the keys unless keys_dst is given. */
PV_RESULT pv_store_backup(
    struct pv_store *s, const char *dst, const char *keys_dst, struct pv_err *e);
/* Reads everything: pages, indexes, every leaf hash, tile and root from the entries themselves. UNTRUSTED what differs. */
PV_RESULT pv_store_check(struct pv_store *s, struct pv_err *e);

struct pv_store_info {
	unsigned schema;
	uint64_t bytes;         /* of the store's files */
	uint64_t reserve_bytes; /* left; less than asked for: the disk was full */
	uint64_t commits;       /* of this process: group commits */
	uint64_t submissions;   /* of this process: carried by them */
};
PV_RESULT pv_store_info_get(struct pv_store *s, struct pv_store_info *out, struct pv_err *e);

#endif
