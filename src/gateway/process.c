/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/process.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>

#include "base/mem.h"
#include "gateway/control.h"
#include "gateway/front.h"
#include "gateway/keeper.h"
#include "gateway/sandbox.h"
#include "net/tls.h"

enum { EXIT_GOOD = 0, EXIT_CONFIG = 3, EXIT_BUG = 70 };

/* The parent alone listens to signals; a terminal sends them to all. */
static void
leave_signals_to_the_parent(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
tell(const struct pv_process *p, enum pv_control_kind kind, const struct pv_err *why)
{
	struct pv_control c = { .kind = kind };
	struct pv_err e;

	if (why != NULL)
		c.err = *why;
	pv_ignore(pv_control_send(p->control, &c, &e)); /* no parent: nobody to tell */
}

/* ---- the keeper ---- */

int
pv_process_keeper(const struct pv_process *p)
{
	struct pv_keeper_use use = { .home = p->config->home,
		.lines = p->lines,
		.line_count = p->loops,
		.config = p->config,
		.env = p->env,
		.log = &p->log,
		.stats = p->stats };
	struct pv_keeper *k;
	struct pv_err e = { 0 };

	leave_signals_to_the_parent();
	if (!pv_ok(pv_sandbox_keeper(p->config->home, p->config->fetch.ca, &p->log, &e)) ||
	    !pv_ok(pv_keeper_new(&k, &use, &e))) {
		tell(p, PV_CONTROL_ERROR, &e);
		return EXIT_CONFIG;
	}
	tell(p, PV_CONTROL_READY, NULL);
	pv_keeper_run(k, p->control);
	pv_keeper_free(k);
	return EXIT_GOOD;
}

/* ---- the front ---- */

struct fronts {
	const struct pv_process *p;
	struct pv_front *at[PV_LOOPS_MAX];
	pthread_t threads[PV_LOOPS_MAX];
	size_t made, running;
};

static void *
run_loop(void *ctx)
{
	pv_front_loop(ctx);
	return NULL;
}

/* One context for all loops, so that a session begun on one is resumed on another. */
static PV_RESULT
take_tls(struct fronts *f, const struct pv_control *c, struct ssl_ctx_st **tls,
    char fingerprint[128], struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_tls_use use = { c->certificate, c->key, c->client_ca };
	struct pv_slice digest;

	(void)f;
	PV_TRY(pv_tls_fingerprint(c->certificate, a, &digest, e));
	snprintf(fingerprint, 128, "%.*s", PV_FMT(digest));
	return pv_tls_server(tls, &use, e);
}

static PV_RESULT
make_loops(struct fronts *f, struct ssl_ctx_st *tls, const char *fingerprint, struct pv_err *e)
{
	const struct pv_process *p = f->p;

	for (; f->made < p->loops; f->made++) {
		struct pv_front_use use = { .loop = (unsigned)f->made,
			.listeners = p->listeners + f->made * p->listener_count,
			.listener_count = p->listener_count,
			.policy = p->policy[f->made],
			.lookup = p->lookup[f->made],
			.keeper = p->lines[f->made],
			.tls = tls,
			.config = p->config,
			.url = p->url,
			.fingerprint = pv_slice_of(fingerprint),
			.log = &p->log,
			.stats = p->stats };

		SSL_CTX_up_ref(tls);
		PV_TRY(pv_front_new(&f->at[f->made], &use, e));
	}
	for (; f->running < f->made; f->running++)
		if (pthread_create(&f->threads[f->running], NULL, run_loop, f->at[f->running]) != 0)
			return PV_FAIL(e, PV_E_DOWN, "no thread for a loop");
	return PV_DONE;
}

static void
new_tls(struct fronts *f, const struct pv_control *c)
{
	struct ssl_ctx_st *tls = NULL;
	struct pv_err e = { 0 };
	char fingerprint[128];

	if (!pv_ok(take_tls(f, c, &tls, fingerprint, &e))) {
		tell(f->p, PV_CONTROL_ERROR, &e); /* the parent logs it */
		return;
	}
	for (size_t i = 0; i < f->made; i++) {
		SSL_CTX_up_ref(tls);
		pv_front_tls(f->at[i], tls, pv_slice_of(fingerprint));
	}
	pv_tls_free(tls);
	tell(f->p, PV_CONTROL_READY, NULL);
}

/* Until the parent says stop, or is gone. */
static void
obey(struct fronts *f)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf bytes = { 0 };
	struct pv_control c;
	struct pv_err e = { 0 };

	while (pv_ok(pv_control_receive(f->p->control, &bytes, &c, &e))) {
		if (c.kind == PV_CONTROL_TLS)
			new_tls(f, &c);
		else
			break;
		pv_buf_wipe(&bytes);
	}
}

static void
stop_loops(struct fronts *f)
{
	for (size_t i = 0; i < f->running; i++)
		pv_front_drain(f->at[i], PV_DRAIN_MS);
	for (size_t i = 0; i < f->running; i++)
		pthread_join(f->threads[i], NULL);
	for (size_t i = 0; i < f->made; i++)
		pv_front_free(f->at[i]);
}

static PV_RESULT
begin_front(struct fronts *f, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf bytes = { 0 };
	struct ssl_ctx_st *tls = NULL;
	struct pv_control c;
	char fingerprint[128];
	struct pv_status st;

	PV_TRY(pv_control_receive(f->p->control, &bytes, &c, e));
	if (c.kind != PV_CONTROL_TLS)
		return PV_FAIL(e, PV_E_DOWN, "the daemon's parent is gone");
	PV_TRY(take_tls(f, &c, &tls, fingerprint, e));
	st = make_loops(f, tls, fingerprint, e);
	pv_tls_free(tls);
	return st;
}

int
pv_process_front(const struct pv_process *p)
{
	struct fronts f = { .p = p };
	struct pv_err e = { 0 };

	leave_signals_to_the_parent();
	if (!pv_ok(pv_sandbox_front(&p->log, &e)) || !pv_ok(begin_front(&f, &e))) {
		tell(p, PV_CONTROL_ERROR, &e);
		return EXIT_CONFIG;
	}
	tell(p, PV_CONTROL_READY, NULL);
	obey(&f);
	stop_loops(&f);
	return EXIT_GOOD;
}
