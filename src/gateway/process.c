/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/process.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* The new settings hold; late is what of them wants a restart. */
static void
tell_taken(const struct pv_process *p, struct pv_slice late)
{
	struct pv_err e;

	pv_ignore(pv_control_send(
	    p->control, &(struct pv_control){ .kind = PV_CONTROL_READY, .text = late }, &e));
}

/* An empty piece begins anew. */
static void
add_text(struct pv_buf *text, struct pv_slice piece)
{
	if (piece.n == 0)
		pv_buf_clear(text);
	pv_buf_add(text, piece);
}

/* ---- the keeper ---- */

struct keeping {
	struct pv_process *p;
	struct pv_keeper *keeper;
	int stop; /* an eventfd */
};

static void
keeper_settings(struct keeping *k, struct pv_buf *text)
{
	struct pv_process *p = k->p;
	struct pv_settings *s;
	struct pv_err e = { 0 };
	struct pv_slice late = PV_NO_SLICE;

	if (!pv_ok(pv_settings_read(&s, p->given, pv_buf_slice(text), NULL, &e))) {
		tell(p, PV_CONTROL_ERROR, &e);
		return;
	}
	if (!pv_keeper_settings(k->keeper, &s->config))
		late = PV_SLICE("fetch.ca");
	pv_settings_log(s, p->given, &p->log);
	pv_settings_give(s);
	tell_taken(p, late);
}

/* Until the parent is gone. */
static void *
keeper_obey(void *ctx)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf bytes = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct keeping *k = ctx;
	struct pv_control c;
	struct pv_err e = { 0 };
	uint64_t one = 1;

	while (pv_ok(pv_control_receive(k->p->control, &bytes, &c, &e)) &&
	       (c.kind == PV_CONTROL_TEXT || c.kind == PV_CONTROL_SETTINGS)) {
		if (c.kind == PV_CONTROL_TEXT)
			add_text(&text, c.text);
		else
			keeper_settings(k, &text);
	}
	if (write(k->stop, &one, sizeof(one)) != sizeof(one))
		_exit(EXIT_BUG); /* nothing else would end this process */
	return NULL;
}

static PV_RESULT
begin_keeper(struct keeping *k, pthread_t *obeys, struct pv_err *e)
{
	struct pv_process *p = k->p;
	struct pv_keeper_use use = { .home = p->config->home,
		.lines = p->lines,
		.line_count = p->loops,
		.config = p->config,
		.env = p->env,
		.log = &p->log,
		.stats = p->stats };

	PV_TRY(pv_sandbox_keeper(p->config->home, p->config->fetch.ca, &p->log, e));
	PV_TRY(pv_keeper_new(&k->keeper, &use, e));
	k->stop = eventfd(0, EFD_CLOEXEC);
	if (k->stop < 0)
		return PV_FAIL(e, PV_E_DOWN, "no eventfd: %s", strerror(errno));
	if (pthread_create(obeys, NULL, keeper_obey, k) != 0)
		return PV_FAIL(e, PV_E_DOWN, "no thread for what the parent says");
	return PV_DONE;
}

int
pv_process_keeper(struct pv_process *p)
{
	struct keeping k = { .p = p, .stop = -1 };
	pthread_t obeys;
	struct pv_err e = { 0 };

	leave_signals_to_the_parent();
	if (!pv_ok(begin_keeper(&k, &obeys, &e))) {
		tell(p, PV_CONTROL_ERROR, &e);
		return EXIT_CONFIG;
	}
	tell(p, PV_CONTROL_READY, NULL);
	pv_keeper_run(k.keeper, k.stop);
	shutdown(p->control, SHUT_RD); /* the lines may have ended first: then it still listens */
	pthread_join(obeys, NULL);
	pv_keeper_free(k.keeper);
	close(k.stop);
	return EXIT_GOOD;
}

/* ---- the front ---- */

struct fronts {
	struct pv_process *p;
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
take_tls(
    const struct pv_control *c, struct ssl_ctx_st **tls, char fingerprint[128], struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_tls_use use = { c->certificate, c->key, c->client_ca };
	struct pv_slice digest;

	PV_TRY(pv_tls_fingerprint(c->certificate, a, &digest, e));
	snprintf(fingerprint, 128, "%.*s", PV_FMT(digest));
	return pv_tls_server(tls, &use, e);
}

static PV_RESULT
make_loops(struct fronts *f, struct ssl_ctx_st *tls, const char *fingerprint, struct pv_err *e)
{
	struct pv_process *p = f->p;

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

/* Certificate and settings: both, or neither. */
static PV_RESULT
take_anew(struct fronts *f, const struct pv_control *c, struct pv_slice text, struct pv_err *e)
{
	struct pv_process *p = f->p;
	struct ssl_ctx_st *tls = NULL;
	struct pv_settings *s = NULL;
	char fingerprint[128];

	PV_TRY(take_tls(c, &tls, fingerprint, e));
	if (!pv_ok(pv_settings_read(&s, p->given, text, NULL, e))) {
		pv_tls_free(tls);
		return (struct pv_status){ e->code };
	}
	for (size_t i = 0; i < f->made; i++) {
		SSL_CTX_up_ref(tls);
		pv_front_tls(f->at[i], tls, pv_slice_of(fingerprint));
		pv_front_settings(f->at[i], pv_settings_take(s));
	}
	pv_settings_log(s, p->given, &p->log);
	pv_settings_give(s);
	pv_tls_free(tls);
	return PV_DONE;
}

/* Until the parent says stop, or is gone. */
static void
obey(struct fronts *f)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf bytes = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_control c;
	struct pv_err e = { 0 };

	while (pv_ok(pv_control_receive(f->p->control, &bytes, &c, &e)) &&
	       (c.kind == PV_CONTROL_TEXT || c.kind == PV_CONTROL_TLS)) {
		if (c.kind == PV_CONTROL_TEXT)
			add_text(&text, c.text);
		else if (pv_ok(take_anew(f, &c, pv_buf_slice(&text), &e)))
			tell_taken(f->p, PV_NO_SLICE);
		else
			tell(f->p, PV_CONTROL_ERROR, &e); /* the parent logs it */
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
	PV_TRY(take_tls(&c, &tls, fingerprint, e));
	st = make_loops(f, tls, fingerprint, e);
	pv_tls_free(tls);
	return st;
}

int
pv_process_front(struct pv_process *p)
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
