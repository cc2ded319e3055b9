/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Homes to attack: a world is made once, each case works on a copy of it, with
 * a clock that the test turns and a hook in that clock, so that a case can act
 * at any moment at which the desk looks at the time.
 */
#ifndef PV_DESK_TEST_HOMES_H
#define PV_DESK_TEST_HOMES_H

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/json.h"
#include "crypto/keyfile.h"
#include "crypto/note.h"
#include "desk/desk.h"
#include "desk/home.h"
#include "tap.h"
#include "wire/exchange.h"
#include "wire/record.h"

#define UNUSED __attribute__((unused))

static char world[] = "/tmp/proviso-attack-XXXXXX";
static struct pv_arena *arena;
static uint64_t clock_ms = 1790000000000;
static unsigned folders;
static const char *here; /* the folder of the case */

/* ---- the clock, and what happens when it is looked at ---- */

static struct hook {
	unsigned long calls, at; /* act at that call; 0: never */
	void (*act)(void *ctx);
	void *ctx;
	bool busy, done;
} hook;

static uint64_t
clock_now(void *ctx)
{
	(void)ctx;
	if (hook.at != 0 && !hook.busy && ++hook.calls == hook.at) {
		hook.busy = true;
		hook.act(hook.ctx);
		hook.busy = false;
		hook.done = true;
	}
	return clock_ms;
}

static UNUSED void
hook_at(unsigned long at, void (*act)(void *ctx), void *ctx)
{
	hook = (struct hook){ .at = at, .act = act, .ctx = ctx };
}

static struct pv_env
test_env(void)
{
	struct pv_env env = pv_env_system();

	env.realtime_ms = clock_now;
	env.boottime_ms = clock_now;
	return env;
}

/* From here on every byte that would make a file grow fails, as on a full disk. */
static UNUSED void
fill_disk(void *ctx)
{
	struct rlimit limit;

	(void)ctx;
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 1;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static UNUSED void
empty_disk(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* ---- telling ---- */

static UNUSED bool
good(struct pv_status st, const struct pv_err *e, const char *name)
{
	bool ok = tap_ok(pv_ok(st), "%s", name);

	if (!ok)
		tap_note("%s: %s: %s (%s) %s", e->source, e->field, e->what, e->raised, e->fix);
	return ok;
}

static UNUSED bool
refused_as(struct pv_status st, const struct pv_err *e, enum pv_code code, const char *says,
    const char *name)
{
	bool ok =
	    tap_ok(!pv_ok(st) && e->code == code && strstr(e->what, says) != NULL, "%s", name);

	if (!ok)
		tap_note("code %d, \"%s\", wanted \"%s\"", pv_ok(st) ? 0 : (int)e->code,
		    pv_ok(st) ? "" : e->what, says);
	return ok;
}

/* ---- folders ---- */

static const char *
in_case(const char *name)
{
	return pv_arena_printf(arena, "%s/%s", here, name).p;
}

static void
shell(const char *command)
{
	if (system(command) != 0)
		tap_ok(false, "%s", command);
}

static void
new_case(const char *name)
{
	tap_note("---- %s", name);
	here = pv_arena_printf(arena, "%s/%u", world, ++folders).p;
	if (mkdir(here, 0700) != 0)
		tap_ok(false, "a folder for %s", name);
	hook = (struct hook){ 0 };
}

static struct pv_desk *
open_home(const char *name)
{
	struct pv_env env = test_env();
	struct pv_desk *d = NULL;
	struct pv_err e = { 0 };

	good(pv_desk_open(&d, in_case(name), &env, &e), &e, "a home opens");
	if (d == NULL)
		exit(1);
	return d;
}

/* A copy of a home of the world, in the case's folder. */
static struct pv_desk *
take_home(const char *name)
{
	shell(pv_arena_printf(arena, "cp -a %s/0/%s %s/%s", world, name, here, name).p);
	return open_home(name);
}

static UNUSED bool
file_is(const char *path, const char *text)
{
	char got[200] = { 0 };
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, got, sizeof(got) - 1) : -1;

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) && strcmp(got, text) == 0;
}

static UNUSED bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static UNUSED struct pv_buf
read_all(const char *path)
{
	struct pv_buf b = { 0 };
	int fd = open(path, O_RDONLY);
	ssize_t n = 1;

	while (fd >= 0 && n > 0) {
		n = read(fd, pv_buf_room(&b, 65536), 65536);
		b.n += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	return b;
}

/* ---- acts ---- */

static struct pv_status
no_passphrase(void *ctx, const char *key, struct pv_secret **out, struct pv_err *e)
{
	(void)ctx;
	(void)key;
	(void)e;
	*out = NULL;
	return PV_DONE;
}

static struct pv_unlock
all_officers(void)
{
	return (struct pv_unlock){ .passphrase = no_passphrase };
}

static UNUSED struct pv_status
try_apply(struct pv_desk *d, struct pv_slice bytes, struct pv_unlock unlock,
    struct pv_apply_answer *done, struct pv_err *e)
{
	struct pv_apply_ask ask = { .bytes = bytes, .source = "test" };

	return pv_desk_apply(d, &ask, &unlock, arena, done, e);
}

static bool
applies(struct pv_desk *d, const char *records, const char *name)
{
	struct pv_apply_answer done = { 0 };
	struct pv_err e = { 0 };
	struct pv_status st = try_apply(d, pv_slice_of(records), all_officers(), &done, &e);
	bool ok = tap_ok(pv_ok(st) && done.error_count == 0, "%s", name);

	if (!ok && !pv_ok(st))
		tap_note("%s", e.what);
	for (size_t i = 0; pv_ok(st) && i < done.error_count; i++)
		tap_note("%u: %s: %s (%s)", done.errors[i].line, done.errors[i].field,
		    done.errors[i].what, done.errors[i].raised);
	return ok;
}

#define AS(name)             \
	((struct pv_unlock){ \
	    .passphrase = no_passphrase, .as = (const char *const[]){ name }, .as_count = 1 })

#define TERM(id, tree, name)                                                            \
	"{\"record\":\"term\",\"id\":\"" id "\",\"tree\":\"" tree "\",\"name\":\"" name \
	"\",\"names\":{},\"maps\":{},\"allows\":{\"en\":\"yes\"},\"excludes\":{\"en\":\"no\"}}\n"
#define PARTY(name) \
	"{\"record\":\"party\",\"id\":\"p-" name "\",\"name\":\"" name "\",\"names\":{}}\n"
#define TERMS                                     \
	TERM("t1", "topic", "narcotics")          \
	TERM("t2", "topic", "narcotics.maritime") \
	TERM("t3", "region", "caribbean")         \
	TERM("t4", "purpose", "law")              \
	TERM("t5", "purpose", "law.interdict")    \
	TERM("t6", "purpose", "strike")           \
	TERM("t7", "channel", "exchange")         \
	TERM("t8", "channel", "exchange.courier") \
	TERM("t9", "purpose", "rescue")

#define AGREE(id, to, purpose, more)                                               \
	"{\"record\":\"agreement\",\"id\":\"" id "\",\"from\":\"co\",\"to\":\"" to \
	"\",\"purposes\":[\"" purpose "\"]," more                                  \
	"\"not_before\":\"2026-01-01T00:00:00Z\",\"require\":{},\"obligations\":"
#define ORDER(id, subject, counterpart, more)                                                     \
	"{\"record\":\"order\",\"id\":\"" id "\",\"kind\":\"suspend\",\"subject\":[\"" subject    \
	"\"],\"counterpart\":[\"" counterpart "\"],"                                              \
	"\"direction\":\"both\",\"except\":[],\"effective\":\"2026-01-01T00:00:00Z\",\"reopen\":" \
	"\"hold\",\"text\":{\"es\":\"alto\"},\"authentic\":\"es\"," more "}\n"

static UNUSED void
verifies(struct pv_desk *d, const char *name)
{
	struct pv_verify_answer v = { 0 };
	struct pv_err e = { 0 };
	struct pv_status st = pv_desk_verify(d, arena, &v, &e);

	if (!tap_ok(pv_ok(st) && v.good, "%s", name)) {
		tap_note("%s", pv_ok(st) ? "" : e.what);
		for (size_t i = 0; pv_ok(st) && i < v.check_count; i++)
			tap_note("%.*s: %.*s: %d", PV_FMT(v.checks[i].what),
			    PV_FMT(v.checks[i].says), v.checks[i].result);
	}
}

/* How many entries of a kind the journal has. */
static UNUSED uint64_t
journal_count(struct pv_desk *d, const char *kind)
{
	struct pv_log_ask ask = { .log = PV_SLICE("journal"), .kind = pv_slice_of(kind) };
	const struct pv_log_entry *entries;
	struct pv_err e = { 0 };
	size_t n = 0;

	if (!pv_ok(pv_desk_log(d, &ask, arena, &entries, &n, &e))) {
		tap_ok(false, "the journal is read: %s", e.what);
		return UINT64_MAX;
	}
	return n;
}

/* ---- reports ---- */

static struct pv_slice
try_share(struct pv_desk *d, const char *id, const char *text, struct pv_names from,
    struct pv_status *st, struct pv_err *e)
{
	static const struct pv_slice topics[] = { { "narcotics.maritime", 18 } },
				     regions[] = { { "caribbean", 9 } },
				     never[] = { { "strike", 6 } };
	struct pv_share_ask ask = { .name = "track.txt",
		.out_path = pv_arena_printf(arena, "%s/%s.tdf", here, id).p };
	struct pv_share_answer shared = { 0 };
	int fds[2];

	ask.label.id = pv_slice_of(id);
	ask.label.report.topics = (struct pv_names){ topics, 1 };
	ask.label.report.regions = (struct pv_names){ regions, 1 };
	ask.label.report.never = (struct pv_names){ never, 1 };
	ask.label.report.derived_from = from;
	if (pipe(fds) != 0 || write(fds[1], text, strlen(text)) < 0)
		abort();
	close(fds[1]);
	ask.fd = fds[0];
	*st = pv_desk_share(d, &ask, arena, &shared, e);
	close(fds[0]);
	return shared.report;
}

static UNUSED void
share(struct pv_desk *d, const char *id, const char *text)
{
	struct pv_err e = { 0 };
	struct pv_status st;

	try_share(d, id, text, (struct pv_names){ 0 }, &st, &e);
	good(st, &e, "a report is shared");
}

static struct pv_buf
ask_for(struct pv_desk *d, const char *sealed, const char *purpose, const char *of)
{
	struct pv_ask_ask ask = { .sealed_path = sealed,
		.purpose = pv_slice_of(purpose),
		.person = PV_SLICE("analyst-rosalind"),
		.of = pv_slice_of(of) };
	struct pv_buf request = { 0 };
	struct pv_ask_answer asked = { 0 };
	struct pv_err e = { 0 };

	if (!good(pv_desk_ask(d, &ask, &request, arena, &asked, &e), &e, "a request is made") ||
	    !asked.made)
		tap_ok(false, "nothing of its own bars it");
	return request;
}

static struct pv_answer_answer
answer(struct pv_desk *d, const struct pv_buf *request, struct pv_buf *reply)
{
	struct pv_answer_answer answered = { 0 };
	struct pv_err e = { 0 };

	pv_buf_clear(reply);
	good(pv_desk_answer(d, pv_buf_slice(request), "request", reply, arena, &answered, &e), &e,
	    "it is answered");
	return answered;
}

static UNUSED struct pv_status
try_open(struct pv_desk *d, const char *sealed, struct pv_slice grant, const char *out, bool keep,
    struct pv_open_answer *opened, struct pv_err *e)
{
	struct pv_open_ask ask = { .report = sealed,
		.grant = grant,
		.grant_source = "grant",
		.out_path = out,
		.keep = keep,
		.person = PV_SLICE("analyst-rosalind"),
		.purpose = PV_SLICE("law.interdict") };

	*opened = (struct pv_open_answer){ 0 };
	return pv_desk_open_report(d, &ask, arena, opened, e);
}

/* Asks, answers, opens: true when the plaintext was written. */
static UNUSED bool
gets(struct pv_desk *who, struct pv_desk *from, const char *sealed, const char *of, const char *out,
    bool keep)
{
	struct pv_buf request = ask_for(who, sealed, "law.interdict", of), reply = { 0 };
	struct pv_open_answer opened;
	struct pv_err e = { 0 };
	bool granted = answer(from, &request, &reply).granted;

	good(try_open(who, sealed, pv_buf_slice(&reply), out, keep, &opened, &e), &e,
	    "the answer is used");
	pv_buf_free(&request);
	pv_buf_free(&reply);
	return granted && opened.opened && is_there(out);
}

/* Whether `from` would grant it to `who`, and why not. */
static UNUSED enum pv_reason
why_not(struct pv_desk *who, struct pv_desk *from, const char *sealed, const char *purpose,
    const char *of)
{
	struct pv_buf request = ask_for(who, sealed, purpose, of), reply = { 0 };
	struct pv_answer_answer answered = answer(from, &request, &reply);

	pv_buf_free(&request);
	pv_buf_free(&reply);
	return answered.granted ? PV_WHY_AGREEMENT : answered.refused.why;
}

/* ---- what passes between homes, forged ---- */

static UNUSED struct pv_slice
line_of(const struct pv_buf *note)
{
	const char *end = memchr(note->p, '\n', note->n);

	return pv_slice_sub(pv_buf_slice(note), 0, (size_t)(end - note->p));
}

/* A line signed with a key of a home. */
static UNUSED struct pv_buf
sign_as(const char *home, const char *key, struct pv_slice line)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_buf note = { 0 };
	struct pv_vkey vkey;
	struct pv_err e = { 0 };

	pv_buf_add(&text, line);
	pv_buf_add_c(&text, '\n');
	if (!pv_ok(pv_keyfile_load(
		&k, pv_arena_printf(arena, "%s/keys/%s.key", in_case(home), key).p, &e)) ||
	    !pv_ok(pv_keyfile_pair(&pair, k, &e)) ||
	    !pv_ok(pv_vkey_read(&vkey, pv_keyfile_public(k), &e)) ||
	    !pv_ok(pv_note_begin(&note, pv_buf_slice(&text), &e)) ||
	    !pv_ok(pv_note_sign(&note, vkey.name, pair, &e)))
		tap_ok(false, "a note is forged: %s", e.what);
	return note;
}

static UNUSED struct pv_exchange_request
read_request(const struct pv_buf *note)
{
	struct pv_exchange_request r = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_exchange_request_read(&r, line_of(note), arena, &e)))
		tap_ok(false, "a request is read: %s", e.what);
	return r;
}

static UNUSED struct pv_exchange_reply
read_reply(const struct pv_buf *note)
{
	struct pv_exchange_reply r = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_exchange_reply_read(&r, line_of(note), arena, &e)))
		tap_ok(false, "a reply is read: %s", e.what);
	return r;
}

static UNUSED struct pv_buf
request_signed(const struct pv_exchange_request *r, const char *home, const char *key)
{
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

	pv_exchange_request_write(r, &line);
	return sign_as(home, key, pv_buf_slice(&line));
}

static UNUSED struct pv_buf
reply_signed(const struct pv_exchange_reply *r, const char *home, const char *key)
{
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };

	pv_exchange_reply_write(r, &line);
	return sign_as(home, key, pv_buf_slice(&line));
}

/* ---- the world ---- */

static void
make_home(const char *name, uint64_t quorum)
{
	struct pv_env env = test_env();
	struct pv_unlock unlock = all_officers();
	const char *slash = strrchr(name, '/');
	struct pv_slice party = pv_slice_of(slash != NULL ? slash + 1 : name);
	struct pv_text text = { PV_SLICE("en"), party };
	struct pv_init_ask ask = { .home = in_case(name),
		.party = party,
		.names = { &text, 1 },
		.exercise = true,
		.quorum = quorum };
	struct pv_init_answer made;
	struct pv_err e = { 0 };

	good(pv_desk_init(&ask, &unlock, &env, arena, &made, &e), &e, "a home is made");
}

static void
introduce(struct pv_desk *to, struct pv_desk *whom)
{
	struct pv_buf card = { 0 }, records = { 0 };
	struct pv_slice words;
	struct pv_err e = { 0 };

	if (!pv_ok(pv_desk_card(whom, &card, &e)) ||
	    !pv_ok(pv_desk_card_records(to, pv_buf_slice(&card), "card", (struct pv_names){ 0 },
		arena, &records, &words, &e)))
		tap_ok(false, "a card: %s", e.what);
	applies(to, pv_buf_str(&records), "one home knows another");
	pv_buf_free(&card);
	pv_buf_free(&records);
}

/* co shares; us and ca and uk are given by agreement, ca and uk to keep. */
static UNUSED void
make_world(void)
{
	static const char *const names[] = { "co", "us", "ca", "uk" };
	struct pv_desk *d[4];

	arena = pv_arena_new();
	signal(SIGXFSZ, SIG_IGN);
	if (mkdtemp(world) == NULL)
		exit(1);
	here = pv_arena_printf(arena, "%s/0", world).p;
	if (mkdir(here, 0700) != 0)
		exit(1);
	for (size_t i = 0; i < 4; i++) {
		make_home(names[i], i == 1 ? 1 : 2);
		d[i] = open_home(names[i]);
		applies(d[i], TERMS, "terms");
		for (size_t k = 0; k < 4; k++)
			if (k != i)
				applies(d[i],
				    pv_arena_printf(arena,
					"{\"record\":\"party\",\"id\":\"p-%s\",\"name\":\"%s\","
					"\"names\":{}}\n",
					names[k], names[k])
					.p,
				    "a party");
	}
	applies(d[0], PARTY("co.navy") PARTY("us.coast-guard"), "parties below");
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++)
			if (k != i)
				introduce(d[i], d[k]);
	applies(d[0],
	    AGREE("a-us", "us", "law", "\"topic\":\"narcotics\",") "[]}\n" AGREE(
		"a-ca", "ca", "law", "\"custody\":true,") "[]}\n" AGREE("a-uk", "uk", "law",
		"\"custody\":true,") "[]}\n" AGREE("a-own", "co", "law", "") "[]}\n",
	    "agreements of co");
	for (size_t i = 0; i < 4; i++)
		pv_desk_close(d[i]);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static UNUSED int
end_world(void)
{
	pv_arena_free(arena);
	nftw(world, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}

#endif
