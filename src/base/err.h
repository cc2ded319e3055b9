/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error is something a person must mend. "No such report" and "refused" are
 * answers and come back as values. A fallible function returns PV_RESULT (it
 * must be looked at) and takes a struct pv_err * last; the record is the
 * caller's. What failed is a fact of one line; advice only where it would help.
 */
#ifndef PV_BASE_ERR_H
#define PV_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* Who can mend it. cli/ maps these to exit codes, gateway/ to problem documents. */
enum pv_code {
	PV_OK = 0,
	PV_E_INPUT,     /* the sender */
	PV_E_CONFIG,    /* the operator */
	PV_E_UNTRUSTED, /* nobody: keep the evidence */
	PV_E_LIMIT,     /* the sender, by asking for less */
	PV_E_DOWN,      /* time: stale, busy, waiting */
	PV_E_BUG,       /* us */
};

struct pv_err {
	enum pv_code code;
	char what[400];     /* the fact: unknown topic "boats" */
	char field[200];    /* counterpart[1], built outward by pv_within() */
	char source[200];   /* the file, URL or table it was read from */
	unsigned line, col; /* in source, from 1; 0 when not known */
	char fix[400];      /* advice */
	const char *raised; /* file:line of ours, shown with --debug */
};

struct pv_status {
	enum pv_code code;
};

#define PV_RESULT __attribute__((warn_unused_result)) struct pv_status
#define PV_DONE   ((struct pv_status){ PV_OK })

#define PV_STRINGIFY_(x) #x
#define PV_STRINGIFY(x)  PV_STRINGIFY_(x)
#define PV_HERE          __FILE__ ":" PV_STRINGIFY(__LINE__)

/* return PV_FAIL(e, PV_E_INPUT, "unknown topic \"%.*s\"", PV_FMT(name)); */
#define PV_FAIL(e, code, ...) \
	(pv_err_set((e), (code), PV_HERE, __VA_ARGS__), (struct pv_status){ (code) })

/* The only macro that hides a return. */
#define PV_TRY(call)                              \
	do {                                      \
		struct pv_status pv_st_ = (call); \
		if (pv_st_.code != PV_OK)         \
			return pv_st_;            \
	} while (0)

struct pv_status pv_err_set(struct pv_err *e, enum pv_code code, const char *raised,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Adds advice to a failure; passes success through. */
struct pv_status pv_advise(struct pv_status st, struct pv_err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts a field name before the path of a failure: "topics[2]" within "scope" is "scope.topics[2]". */
struct pv_status pv_within(struct pv_status st, struct pv_err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Names the source of a failure that has none yet. */
struct pv_status pv_from(struct pv_status st, struct pv_err *e, const char *source);
/*
 * Analyzers do not look into err.c, and would have a failure that passes through it come out as success:
 * they see it come out as it went in. clang-tidy defines the first, ./run lint the second.
 */
#if defined(__clang_analyzer__) || defined(PV_ANALYZED)
__attribute__((format(printf, 2, 3))) static inline void
pv_err_words(struct pv_err *e, const char *fmt, ...)
{
	(void)e;
	(void)fmt;
}
#	define pv_advise(st, ...)     (pv_err_words(__VA_ARGS__), (st))
#	define pv_within(st, ...)     (pv_err_words(__VA_ARGS__), (st))
#	define pv_from(st, e, source) (pv_err_words((e), "%s", (source)), (st))
#endif
/* For the rare call whose failure changes nothing here. */
static inline void
pv_ignore(struct pv_status st)
{
	(void)st;
}
static inline bool
pv_ok(struct pv_status st)
{
	return st.code == PV_OK;
}

#endif
