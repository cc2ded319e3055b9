/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper on a real home, and a front that this test plays: what it takes from a line, and what it does not. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "desk/call.h"
#include "gateway/edge.h"
#include "gateway/frame.h"
#include "gateway/keeper.h"
#include "tap.h"

#define LINES 3

static char folder[] = "/tmp/proviso-keeper-XXXXXX";
static const char *home;
static int fronts[LINES], stop[2];

struct answer {
	bool got;
	struct pv_frame f;
	struct pv_buf bytes;
};

/* The next reply on a line; none within 5 s: got stays false. CHANGED is passed over. */
static struct answer
next_answer(int fd)
{
	struct answer a = { 0 };
	size_t used = PV_FRAME_HEAD;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		enum pv_frame_got got = pv_frame_read(&a.f, pv_buf_slice(&a.bytes), &used);

		if (got == PV_FRAME_DONE && a.f.kind == PV_FRAME_REPLY) {
			a.got = true;
			return a;
		}
		if (got == PV_FRAME_DONE) {
			pv_buf_clear(&a.bytes);
			used = PV_FRAME_HEAD;
		}
		if (got == PV_FRAME_BAD || poll(&p, 1, 5000) <= 0)
			return a;
		ssize_t n = recv(fd, pv_buf_room(&a.bytes, used), used - a.bytes.n,
		    0); /* never beyond this frame */

		if (n <= 0)
			return a;
		a.bytes.n += (size_t)n;
	}
}

static void
ask(int fd, uint64_t id, const char *call, enum pv_credential_kind kind, const char *text,
    const char *json)
{
	const struct pv_call *c = pv_call_find(call);
	struct pv_frame f = {
		.kind = PV_FRAME_ASK, .id = id, .call = (uint32_t)pv_call_index(c), .flags = kind
	};
	struct pv_buf b = { 0 };

	f.part[PV_PART_TEXT] = pv_slice_of(text);
	f.part[PV_PART_PEER] = PV_SLICE("192.0.2.1");
	f.part[PV_PART_JSON] = pv_slice_of(json);
	pv_frame_write(&f, &b);
	tap_ok(send(fd, b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n, "%s is asked", call);
	pv_buf_free(&b);
}

static bool
is_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c[4096];

	while (poll(&p, 1, 3000) > 0)
		if (recv(fd, c, sizeof(c), 0) <= 0)
			return true;
	return false;
}

static void
check_calls(void)
{
	struct answer a;

	ask(fronts[0], 77, "gateway.state", PV_CRED_NONE, "", "{}");
	a = next_answer(fronts[0]);
	tap_ok(a.got && a.f.id == 77 && a.f.flags == PV_REPLY_DONE &&
		   memmem(a.f.part[PV_PART_JSON].p, a.f.part[PV_PART_JSON].n, "\"open\":true",
		       11) != NULL,
	    "a public call is answered to nobody");
	pv_buf_free(&a.bytes);
	ask(fronts[0], 78, "status", PV_CRED_NONE, "", "{}");
	a = next_answer(fronts[0]);
	tap_ok(a.got && a.f.id == 78 && a.f.flags == PV_REPLY_UNAUTHENTICATED, "another is not");
	pv_buf_free(&a.bytes);
	ask(fronts[0], 79, "gateway.state", PV_CRED_BEARER, "pvt1_nobody", "{}");
	a = next_answer(fronts[0]);
	tap_ok(a.got && a.f.flags == PV_REPLY_UNAUTHENTICATED,
	    "a credential that is not known is said so, even there");
	pv_buf_free(&a.bytes);
}

static void
check_garbage(void)
{
	struct pv_frame f = { .kind = PV_FRAME_ASK, .call = 60000 };
	struct pv_buf b = { 0 };
	struct answer a;

	tap_ok(send(fronts[1], "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18 &&
		   is_closed(fronts[1]),
	    "a line that brings garbage is closed");
	pv_frame_write(&f, &b);
	tap_ok(send(fronts[2], b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n && is_closed(fronts[2]),
	    "and one that asks for a call that there is not");
	pv_buf_free(&b);
	ask(fronts[0], 80, "gateway.state", PV_CRED_NONE, "",
	    "{\"a\":"); /* its question is not read: it has none */
	a = next_answer(fronts[0]);
	tap_ok(a.got && a.f.id == 80, "the other line goes on");
	pv_buf_free(&a.bytes);
}

/* Many at once, a part of them cancelled: each that is answered is answered once. */
static void
check_cancel(void)
{
	struct pv_frame cancel = { .kind = PV_FRAME_CANCEL };
	struct pv_buf b = { 0 };
	unsigned seen[64] = { 0 }, twice = 0, kept = 0;

	for (uint64_t i = 0; i < 64; i++) {
		struct pv_frame f = { .kind = PV_FRAME_ASK,
			.id = i,
			.call = (uint32_t)pv_call_index(pv_call_find("gateway.state")) };

		pv_frame_write(&f, &b);
		if (i % 2 != 0) {
			cancel.id = i;
			pv_frame_write(&cancel, &b);
		}
	}
	tap_ok(send(fronts[0], b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n,
	    "64 questions, half of them called off");
	pv_buf_free(&b);
	for (unsigned i = 0; kept < 32 && i < 64; i++) {
		struct answer a = next_answer(fronts[0]);

		if (!a.got)
			break;
		twice += ++seen[a.f.id % 64] > 1;
		kept += a.f.id % 2 == 0;
		pv_buf_free(&a.bytes);
	}
	tap_ok(kept == 32 && twice == 0, "those that were not are answered, each once");
}

/* The slow queue has room for 256. One address sends more than that; another is answered all the same. */
static void
check_share(void)
{
	struct pv_frame f = { .kind = PV_FRAME_ASK,
		.call = (uint32_t)pv_call_index(pv_call_find("register")) };
	struct pv_buf b = { 0 };
	unsigned full = 0;
	bool other = false;

	for (f.id = 0; f.id < 600; f.id++) {
		f.part[PV_PART_PEER] = PV_SLICE("192.0.2.66");
		pv_frame_write(&f, &b);
	}
	f.id = 1000;
	f.part[PV_PART_PEER] = PV_SLICE("192.0.2.7");
	pv_frame_write(&f, &b);
	tap_ok(send(fronts[0], b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n,
	    "600 questions of one address, then one of another");
	pv_buf_free(&b);
	for (unsigned i = 0; i < 601; i++) {
		struct answer a = next_answer(fronts[0]);

		if (!a.got)
			break;
		full += a.f.flags == PV_REPLY_DOWN;
		other = other || (a.f.id == 1000 && a.f.flags == PV_REPLY_DONE);
		pv_buf_free(&a.bytes);
	}
	tap_ok(full > 0 && other, "of the one some are told to come again, the other is answered");
}

static void *
run_keeper(void *ctx)
{
	pv_keeper_run(ctx, stop[0]);
	return NULL;
}

static struct pv_status
no_passphrase(void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e)
{
	(void)ctx;
	(void)key_name;
	(void)e;
	*out = NULL;
	return PV_DONE;
}

static struct pv_status
make_home(struct pv_arena *a, const struct pv_env *env, struct pv_err *e)
{
	struct pv_init_ask init = { .party = PV_SLICE("co"), .exercise = true, .quorum = 1 };
	static const char *const officers[] = { "officer1" };
	struct pv_unlock unlock = { .passphrase = no_passphrase };
	struct pv_init_answer made;

	home = pv_arena_printf(a, "%s/home", folder).p;
	init.home = home;
	init.officers = officers;
	init.officer_count = 1;
	return pv_desk_init(&init, &unlock, env, a, &made, e);
}

int
main(void)
{
	struct pv_logger log = { .who = "keeper", .level = PV_LOG_ERROR - 1 };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	struct pv_env env = pv_env_system();
	struct pv_keeper_use use = { .line_count = LINES, .env = &env, .log = &log };
	struct pv_config config;
	struct pv_keeper *k = NULL;
	int keepers[LINES];
	pthread_t thread;
	struct pv_err e = { 0 };
	char *remove;

	pv_config_default(&config);
	if (mkdtemp(folder) == NULL || !pv_ok(make_home(a, &env, &e)) ||
	    !pv_ok(pv_stats_new(&use.stats, &e)) || pipe(stop) != 0) {
		tap_ok(false, "a home for the test: %s", e.what);
		return tap_done();
	}
	for (size_t i = 0; i < LINES; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
			return 1;
		fronts[i] = pair[0];
		keepers[i] = pair[1];
	}
	use.home = home;
	use.lines = keepers;
	use.config = &config;
	tap_ok(pv_ok(pv_keeper_new(&k, &use, &e)), "a keeper opens a home %s", e.what);
	if (k != NULL && pthread_create(&thread, NULL, run_keeper, k) == 0) {
		check_calls();
		check_garbage();
		check_cancel();
		check_share();
		tap_ok(write(stop[1], "x", 1) == 1 && pthread_join(thread, NULL) == 0,
		    "it ends when it is told");
	}
	pv_keeper_free(k);
	remove = pv_strdup(pv_arena_printf(a, "rm -rf %s", folder).p);
	if (system(remove) != 0)
		tap_note("%s is left", folder);
	pv_free(remove);
	return tap_done();
}
