/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, answers, openings and custody, attacked: what passes between homes is forged, and the world changes at each moment in between. */
#include "desk/test_homes.h"

#include "crypto/wrap.h"
#include "seal/seal.h"

/* ---- requests ---- */

typedef void alter_request(struct pv_exchange_request *r, const struct pv_exchange_request *other);

static struct pv_slice
flipped(struct pv_slice text)
{
	char *p = (char *)(uintptr_t)pv_arena_copy(arena, text).p;

	p[text.n / 2] = p[text.n / 2] == 'A' ? 'B' : 'A';
	return pv_slice_mem(p, text.n);
}

static struct pv_slice
many(char c, size_t n)
{
	char *p = pv_arena_alloc(arena, n);

	memset(p, c, n);
	return pv_slice_mem(p, n);
}

#define ALTER(name, what)                                                           \
	static void alter_##name(                                                   \
	    struct pv_exchange_request *r, const struct pv_exchange_request *other) \
	{                                                                           \
		(void)other;                                                        \
		what;                                                               \
	}
ALTER(log, r->log = PV_SLICE("ca/orders"))
ALTER(expired, r->expires = r->time)
ALTER(old, (r->time -= 900000, r->expires = r->time + 604800))
ALTER(future, (r->time += 400, r->expires += 400))
ALTER(long, r->expires = r->time + 604801)
ALTER(sibling, r->party = PV_SLICE("ca"))
ALTER(above, r->party = PV_SLICE("usa"))
ALTER(issuer, r->issuer = PV_SLICE("ca"))
ALTER(id, r->id = PV_SLICE("q-../../../../etc/passwd0123456789ab"))
ALTER(person, r->person = many('x', 300))
ALTER(quoted, r->channel = PV_SLICE("\",\"terms\":[]}\n"))
ALTER(channel, r->channel = PV_SLICE("exchange.taxii"))
ALTER(label, r->label = flipped(r->label))
ALTER(policy, r->policy = flipped(r->policy))
ALTER(other_policy, r->policy = other->policy)
ALTER(other_access, (r->wrapped = other->wrapped, r->binding = other->binding))
ALTER(other_wrapped, r->wrapped = other->wrapped)
ALTER(other_label, (r->label = other->label, r->policy = other->policy, r->wrapped = other->wrapped,
		       r->binding = other->binding))
ALTER(binding, r->binding = flipped(r->binding))
ALTER(wrapped, r->wrapped = flipped(r->wrapped))
ALTER(ephemeral, r->ephemeral = PV_SLICE("-----BEGIN PUBLIC KEY-----\n"))
ALTER(type, r->wrap_type = PV_SLICE("ec-wrapped"))
ALTER(kid, r->kid = flipped(r->kid))
ALTER(garbage_key,
    r->client_key = PV_SLICE("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
ALTER(no_key, r->client_key = PV_SLICE(""))
/* openssl genrsa 1024 | openssl rsa -pubout */
ALTER(small_key, r->client_key = PV_SLICE(
		     "-----BEGIN PUBLIC KEY-----\n"
		     "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7VJTUt9Us8cKjMzEfYyjiWA4R\n"
		     "4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvuNMoSfm76oqFv\n"
		     "Ap8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZqgtzJ6GR3eqo\n"
		     "YSW9b9UMvkBpZODSctWSNGj3P7jRFDO5VoTwCQIDAQAB\n-----END PUBLIC KEY-----\n"))

static const struct {
	const char *name;
	alter_request *alter;
} altered[] = {
	{ "for another log", alter_log },
	{ "that ends when it begins", alter_expired },
	{ "that is old", alter_old },
	{ "from the future", alter_future },
	{ "longer than a lease may be", alter_long },
	{ "for a sibling party", alter_sibling },
	{ "for a party whose name begins the same", alter_above },
	{ "in the name of another gateway", alter_issuer },
	{ "whose id is a path", alter_id },
	{ "by a person of 300 bytes", alter_person },
	{ "whose channel is JSON", alter_quoted },
	{ "that says it came by another channel", alter_channel },
	{ "with another label", alter_label },
	{ "with an altered policy", alter_policy },
	{ "with the policy of another report", alter_other_policy },
	{ "with the key of another report", alter_other_access },
	{ "with the wrapped key of another report", alter_other_wrapped },
	{ "with all of another report but its name", alter_other_label },
	{ "with an altered binding", alter_binding },
	{ "with an altered wrapped key", alter_wrapped },
	{ "with an ephemeral key that is none", alter_ephemeral },
	{ "with another kind of wrapping", alter_type },
	{ "with another key's name", alter_kid },
	{ "with a client key that is none", alter_garbage_key },
	{ "without a client key", alter_no_key },
	{ "with a client key of RSA 1024", alter_small_key },
};

static bool
no_reply(struct pv_desk *co, const struct pv_buf *request)
{
	struct pv_buf reply = { 0 };
	struct pv_answer_answer answered;
	struct pv_err e = { 0 };
	bool none = !pv_ok(pv_desk_answer(
			co, pv_buf_slice(request), "request", &reply, arena, &answered, &e)) &&
		    reply.n == 0 && !answered.granted;

	pv_buf_free(&reply);
	return none;
}

static void
attack_requests(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_buf request, second, forged, reply = { 0 };
	struct pv_exchange_request r, other;
	uint64_t granted;

	new_case("requests");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	share(co, "r-one", "the first report");
	share(co, "r-two", "the second report");
	request = ask_for(us, in_case("r-one.tdf"), "law.interdict", "");
	second = ask_for(us, in_case("r-two.tdf"), "law.interdict", "");
	other = read_request(&second);
	granted = journal_count(co, "granted");
	for (size_t i = 0; i < sizeof(altered) / sizeof(altered[0]); i++) {
		r = read_request(&request);
		altered[i].alter(&r, &other);
		forged = request_signed(&r, "us", "gateway");
		tap_ok(no_reply(co, &forged), "no reply to a request %s", altered[i].name);
		pv_buf_free(&forged);
	}
	r = read_request(&request);
	forged = request_signed(&r, "ca", "gateway");
	tap_ok(no_reply(co, &forged), "no reply to a request that a third gateway signed");
	pv_buf_free(&forged);
	forged = request_signed(&r, "us", "journal");
	tap_ok(no_reply(co, &forged), "no reply to a request that another key of the home signed");
	pv_buf_free(&forged);
	forged = (struct pv_buf){ 0 };
	pv_buf_add(&forged, many('{', 300000));
	tap_ok(no_reply(co, &forged), "no reply to 300,000 brackets");
	pv_buf_free(&forged);
	tap_ok(journal_count(co, "granted") == granted && journal_count(co, "not-given") == 0,
	    "none of them came as far as the journal's granted");
	tap_ok(answer(co, &request, &reply).granted, "the request itself is granted");
	tap_ok(no_reply(co, &request), "once");
	verifies(co, "co's logs verify after all that");
	pv_buf_free(&request);
	pv_buf_free(&second);
	pv_buf_free(&reply);
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

/* The record that binds us' gateway as an issuer, changed. */
static void
attack_bindings(void)
{
	struct pv_desk *co, *us;
	struct pv_buf request;
	struct pv_slice vkey;
	char key[600];

	new_case("bindings of an issuer");
	co = take_home("co");
	us = take_home("us");
	vkey = pv_desk_identity(us).gateway_vkey;
	share(co, "r-one", "the first report");
	request = ask_for(us, in_case("r-one.tdf"), "law.interdict", "");
	applies(co, "{\"record\":\"end\",\"id\":\"e-1\",\"of\":\"key-us-issuer\"}\n",
	    "us' issuer key is ended");
	tap_ok(no_reply(co, &request),
	    "no reply when the issuer's record has ended, though the gateway's stands");
	snprintf(key, sizeof(key),
	    "{\"record\":\"key\",\"id\":\"k-2\",\"party\":\"us\",\"use\":\"issuer\",\"key\":\"%.*"
	    "s\",\"from\":\"2020-01-01T00:00:00Z\","
	    "\"purposes\":[\"rescue\"]}\n",
	    PV_FMT(vkey));
	applies(co, key, "it is bound again, for rescue only");
	tap_ok(no_reply(co, &request), "no reply to a purpose that the key may not vouch for");
	snprintf(key, sizeof(key),
	    "{\"record\":\"key\",\"id\":\"k-3\",\"party\":\"us.coast-guard\",\"use\":\"issuer\","
	    "\"key\":\"%.*s\","
	    "\"from\":\"2020-01-01T00:00:00Z\"}\n",
	    PV_FMT(vkey));
	applies(co, key, "and for the coast guard");
	tap_ok(no_reply(co, &request),
	    "no reply when one record gives the purpose and another the party");
	snprintf(key, sizeof(key),
	    "{\"record\":\"key\",\"id\":\"k-4\",\"party\":\"us\",\"use\":\"issuer\",\"key\":\"%.*"
	    "s\",\"from\":\"2020-01-01T00:00:00Z\","
	    "\"until\":\"2026-09-21T14:13:30Z\"}\n",
	    PV_FMT(vkey));
	applies(co, key, "and until half a minute from now");
	clock_ms += 30000;
	tap_ok(no_reply(co, &request), "no reply in the very second at which the record ends");
	snprintf(key, sizeof(key),
	    "{\"record\":\"key\",\"id\":\"k-5\",\"party\":\"us\",\"use\":\"issuer\",\"key\":\"%.*"
	    "s\",\"from\":\"2026-09-21T14:14:30Z\"}\n",
	    PV_FMT(vkey));
	applies(co, key, "and from the next minute on");
	tap_ok(no_reply(co, &request), "no reply before the record begins");
	clock_ms += 60000;
	tap_ok(!no_reply(co, &request), "a reply when it has");
	clock_ms -= 90000;
	pv_buf_free(&request);
	pv_desk_close(co);
	pv_desk_close(us);
}

/* ---- replies ---- */

static void
opens_nothing(struct pv_desk *us, const struct pv_buf *grant, const char *name)
{
	struct pv_open_answer opened;
	struct pv_err e = { 0 };
	struct pv_status st = try_open(
	    us, in_case("r-one.tdf"), pv_buf_slice(grant), in_case("out.txt"), false, &opened, &e);

	tap_ok(!pv_ok(st) && !opened.opened && !is_there(in_case("out.txt")),
	    "nothing is opened by %s", name);
}

static void
attack_replies(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_buf request, second, reply = { 0 }, other = { 0 }, forged;
	struct pv_exchange_reply r, o;
	struct pv_open_answer opened;
	struct pv_buf label;
	struct pv_err e = { 0 };

	new_case("replies");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	share(co, "r-one", "the first report");
	share(co, "r-two", "the second report");
	request = ask_for(us, in_case("r-one.tdf"), "law.interdict", "");
	second = ask_for(us, in_case("r-two.tdf"), "law.interdict", "");
	tap_ok(answer(co, &request, &reply).granted && answer(co, &second, &other).granted,
	    "both are granted");
	o = read_reply(&other);
#define FORGE(change, home, name)                           \
	do {                                                \
		r = read_reply(&reply);                     \
		change;                                     \
		forged = reply_signed(&r, home, "gateway"); \
		opens_nothing(us, &forged, name);           \
		pv_buf_free(&forged);                       \
	} while (0)
	FORGE(r.issuer = PV_SLICE("ca"), "ca", "a grant of a gateway that was not asked");
	FORGE(r.log = PV_SLICE("ca/orders");
	      r.issuer = PV_SLICE("ca"), "ca", "a grant of another authority");
	FORGE((void)0, "ca", "the originator's grant, signed by a third gateway");
	FORGE(r.request = o.request, "co", "a grant that names another request of ours");
	FORGE(r.request = PV_SLICE("q-00000000000000000000000000000000"), "co",
	    "a grant for a request that was not made");
	FORGE(r.digest = flipped(r.digest), "co", "a grant for another text of the request");
	FORGE(r.report = PV_SLICE("r-two"), "co", "a grant about another report");
	FORGE(r.wrapped = o.wrapped;
	      r.session_key = o.session_key, "co", "a grant with another grant's key");
	FORGE(r.wrapped = flipped(r.wrapped), "co", "a grant with an altered key");
	FORGE(r.label = o.label, "co", "a grant with another report's label");
	FORGE(r.label = flipped(r.label), "co", "a grant with an altered label");
	FORGE(r.terms = PV_SLICE("{}"), "co", "terms that are no list");
	label = sign_as("ca", "gateway",
	    pv_slice_sub(r.label, 0,
		(size_t)((const char *)memchr(r.label.p, '\n', r.label.n) - r.label.p)));
	FORGE(r.label = pv_buf_slice(&label), "co", "a label that another party's gateway signed");
	opens_nothing(us, &other, "the right grant for another file");
	clock_ms += 604800000;
	opens_nothing(us, &reply, "a grant whose request has expired");
	clock_ms -= 604800000;
	good(try_open(us, in_case("r-one.tdf"), pv_buf_slice(&reply), in_case("out.txt"), false,
		 &opened, &e),
	    &e, "the reply itself");
	tap_ok(opened.opened && file_is(in_case("out.txt"), "the first report"), "opens it");
	unlink(in_case("out.txt"));
	opens_nothing(us, &reply, "the same grant again");
	verifies(us, "us' logs verify");
	pv_buf_free(&label);
	pv_buf_free(&request);
	pv_buf_free(&second);
	pv_buf_free(&reply);
	pv_buf_free(&other);
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

/* A refusal that carries something else than the order it names. */
static void
attack_refusals(void)
{
	struct pv_desk *co, *us;
	struct pv_buf request, reply = { 0 }, forged;
	struct pv_exchange_reply r;
	struct pv_open_answer opened;
	struct pv_slice note, notes[1];
	struct pv_buf lie;
	struct pv_err e = { 0 };

	new_case("refusals");
	co = take_home("co");
	us = take_home("us");
	share(co, "r-one", "the first report");
	applies(co, ORDER("o-1", "co", "us", "\"public\":true"), "an order");
	request = ask_for(us, in_case("r-one.tdf"), "law.interdict", "");
	tap_ok(!answer(co, &request, &reply).granted, "it is refused");
	good(try_open(us, in_case("r-one.tdf"), pv_buf_slice(&reply), in_case("out.txt"), false,
		 &opened, &e),
	    &e, "the refusal is read");
	tap_ok(!opened.opened && opened.refused.entitled && opened.refused.order.kind == PV_ORDER &&
		   pv_slice_is(opened.refused.order.id, "o-1"),
	    "with the order");
	r = read_reply(&reply);
	note = pv_arena_copy(arena, r.order_notes.at[0]);
	lie = sign_as("co", "gateway",
	    PV_SLICE("{\"basis\":[],\"exercise\":true,\"id\":\"o-1\",\"issuer\":\"co\",\"log\":"
		     "\"co/orders\",\"order\":\"o-9\",\"record\":\"lift\",\"reopen\":\"hold\","
		     "\"time\":\"2026-01-01T00:00:00Z\"}"));
	notes[0] = pv_buf_slice(&lie);
	r.order_notes = (struct pv_names){ notes, 1 };
	forged = reply_signed(&r, "co", "gateway");
	refused_as(try_open(us, in_case("r-one.tdf"), pv_buf_slice(&forged), in_case("out.txt"),
		       false, &opened, &e),
	    &e, PV_E_UNTRUSTED, "not one that it names",
	    "another kind of record is not shown as an order");
	pv_buf_free(&forged);
	notes[0] = note;
	r.orders = (struct pv_names){ &(struct pv_slice){ "o-2", 3 }, 1 };
	forged = reply_signed(&r, "co", "gateway");
	refused_as(try_open(us, in_case("r-one.tdf"), pv_buf_slice(&forged), in_case("out.txt"),
		       false, &opened, &e),
	    &e, PV_E_UNTRUSTED, "not one that it names",
	    "nor an order that the refusal does not name");
	pv_buf_free(&forged);
	pv_buf_free(&lie);
	pv_buf_free(&request);
	pv_buf_free(&reply);
	pv_desk_close(co);
	pv_desk_close(us);
}

/* ---- refusals to whoever may not know why ---- */

static struct pv_slice
shape_of(struct pv_desk *us, struct pv_desk *co, const char *sealed, const char *purpose,
    const char *as_report, size_t *length)
{
	struct pv_buf request = ask_for(us, sealed, purpose, ""), reply = { 0 }, line = { 0 };
	struct pv_answer_answer answered = { 0 };
	struct pv_exchange_request q = read_request(&request);
	struct pv_exchange_reply r;
	struct pv_slice shape;
	struct pv_err e = { 0 };

	if (as_report != NULL) {
		q.report = pv_slice_of(as_report);
		pv_buf_free(&request);
		request = request_signed(&q, "us", "gateway");
	}
	good(pv_desk_answer(co, pv_buf_slice(&request), "request", &reply, arena, &answered, &e),
	    &e, "it is answered");
	tap_ok(!answered.granted, "with a refusal");
	r = read_reply(&reply);
	*length = reply.n;
	if (r.request.n != 34 || r.reference.n != 9 || r.digest.n != 64 ||
	    !pv_slice_eq(r.report, q.report))
		tap_ok(false, "the reply's random parts have one length");
	r.request = r.reference = r.digest = r.report = PV_SLICE("*");
	r.time = 0;
	pv_exchange_reply_write(&r, &line);
	shape = pv_arena_copy(arena, pv_buf_slice(&line));
	pv_buf_free(&line);
	pv_buf_free(&request);
	pv_buf_free(&reply);
	return shape;
}

static void
attack_unequal_refusals(void)
{
	struct pv_desk *co, *us;
	struct pv_slice first, other;
	size_t n, m;

	new_case("refusals alike");
	co = take_home("co");
	us = take_home("us");
	share(co, "r-one", "the first report");
	first = shape_of(us, co, in_case("r-one.tdf"), "rescue", NULL, &n);
	tap_note("%.*s", PV_FMT(first));
	other = shape_of(us, co, in_case("r-one.tdf"), "strike", NULL, &m);
	tap_ok(pv_slice_eq(first, other) && n == m,
	    "no agreement and the report's own never read the same");
	other = shape_of(us, co, in_case("r-one.tdf"), "rescue", "r-two", &m);
	tap_ok(pv_slice_eq(first, other) && n == m, "and a report that is not here");
	applies(co, ORDER("o-private", "co", "us", "\"public\":false"), "a private order");
	other = shape_of(us, co, in_case("r-one.tdf"), "law.interdict", NULL, &m);
	tap_ok(pv_slice_eq(first, other) && n == m, "and a private order");
	applies(co,
	    ORDER("o-2", "co", "us", "\"public\":false")
		ORDER("o-3", "co", "us.coast-guard", "\"public\":false"),
	    "two more");
	other = shape_of(us, co, in_case("r-one.tdf"), "law.interdict", NULL, &m);
	tap_ok(pv_slice_eq(first, other) && n == m, "and three");
	applies(co,
	    "{\"record\":\"recall\",\"id\":\"rc-1\",\"report\":\"r-one\",\"text\":{\"en\":"
	    "\"wrong\"}}\n",
	    "and it is recalled");
	other = shape_of(us, co, in_case("r-one.tdf"), "law.interdict", NULL, &m);
	tap_ok(pv_slice_eq(first, other) && n == m, "a recall too");
	pv_desk_close(co);
	pv_desk_close(us);
}

/* ---- content of a past opener under the same key ---- */

static struct draws {
	struct {
		uint8_t bytes[128];
		size_t n;
	} at[4096];
	size_t n, next;
	bool replay;
} draws;

static void
drawn(void *ctx, void *out, size_t n)
{
	struct pv_env system = pv_env_system();

	(void)ctx;
	if (draws.replay && draws.next < draws.n && draws.at[draws.next].n == n) {
		memcpy(out, draws.at[draws.next++].bytes, n);
		return;
	}
	system.random(system.ctx, out, n);
	if (!draws.replay && draws.n < 4096 && n <= 128) {
		memcpy(draws.at[draws.n].bytes, out, n);
		draws.at[draws.n++].n = n;
	}
}

/* As the file at `like` was sealed, with the same draws of randomness and so the same key, but with other content. */
static void
reseal(const char *like, const char *path, const char *text, const struct pv_kas_pub *kas,
    uint32_t segment)
{
	struct pv_buf bytes = read_all(like);
	struct pv_buf out = { 0 };
	struct pv_env env = pv_env_system();
	struct pv_slice file = pv_buf_slice(&bytes), content_text = pv_slice_of(text);
	struct pv_sealed *sealed = NULL;
	struct pv_seal *s = NULL;
	struct pv_seal_content content;
	struct pv_seal_done done;
	struct pv_policy policy;
	struct pv_err e = { 0 };
	int fd;

	env.random = drawn;
	draws.replay = true;
	draws.next = 0;
	good(pv_sealed_open(&sealed, pv_seal_file_of(&file), &e), &e, "the original is read");
	policy = *pv_sealed_policy(sealed);
	if (!pv_ok(pv_seal_new(&s, pv_seal_sink_of(&out), segment, &env, &e)) ||
	    !pv_ok(pv_seal_write(s, pv_seal_source_of(&content_text), &content, &e)) ||
	    !pv_ok(pv_seal_finish(s, &policy, kas, 1, &done, &e)))
		tap_ok(false, "a file is sealed again: %s", e.what);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, out.p, out.n) != (ssize_t)out.n)
		tap_ok(false, "it is written");
	close(fd);
	pv_seal_free(s);
	pv_sealed_free(sealed);
	pv_buf_free(&bytes);
	pv_buf_free(&out);
	draws.replay = false;
}

static void
attack_resealed(void)
{
	struct pv_env env = test_env();
	struct pv_desk *co = NULL, *us;
	struct pv_buf request, reply = { 0 };
	struct pv_keyfile *file = NULL;
	struct pv_wrap_key *key = NULL;
	struct pv_kas_pub kas = { .url = PV_SLICE("https://co.proviso.invalid/kas") };
	struct pv_open_answer opened;
	struct pv_err e = { 0 };

	new_case("other content under the same key");
	us = take_home("us");
	pv_desk_close(take_home("co"));
	env.random = drawn;
	good(pv_desk_open(&co, in_case("co"), &env, &e), &e,
	    "co opens, and its randomness is listened to");
	draws.n = 0;
	share(co, "r-one", "the first report");
	if (!pv_ok(pv_keyfile_load(&file, in_case("co/keys/kas.key"), &e)) ||
	    !pv_ok(pv_wrap_key_load(&key, file, &e)))
		tap_ok(false, "co's key: %s", e.what);
	kas.key = pv_wrap_key_pub(key);
	reseal(in_case("r-one.tdf"), in_case("r-evil.tdf"), "the WORST report", &kas, 0);
	request = ask_for(us, in_case("r-evil.tdf"), "law.interdict", "");
	tap_ok(answer(co, &request, &reply).granted,
	    "policy, label and key are right: co cannot know, and grants it");
	refused_as(try_open(us, in_case("r-evil.tdf"), pv_buf_slice(&reply), in_case("out.txt"),
		       false, &opened, &e),
	    &e, PV_E_UNTRUSTED, "not the content",
	    "us' own desk holds the content against the signed label");
	tap_ok(!is_there(in_case("out.txt")) && journal_count(us, "received") == 0,
	    "nothing is written, and nothing said to be received");
	shell(
	    pv_arena_printf(arena, "cp %s %s/co/sealed/r-one.tdf", in_case("r-evil.tdf"), here).p);
	refused_as(try_open(co, "r-one", PV_NO_SLICE, in_case("out.txt"), false, &opened, &e), &e,
	    PV_E_UNTRUSTED, "not the content",
	    "nor is it opened at home, where it was put in the place of the original");
	tap_ok(!is_there(in_case("out.txt")) && journal_count(co, "not-given") == 1,
	    "and the journal says not given");
	pv_wrap_key_free(key);
	pv_keyfile_free(file);
	pv_buf_free(&request);
	pv_buf_free(&reply);
	pv_desk_close(co);
	pv_desk_close(us);
}

/* ---- an order at every moment ---- */

struct stopping {
	struct pv_desk *d; /* a second desk of the same home */
	const char *order;
	uint64_t granted_before; /* entries that say so when the order lands */
	const char *kind;
};

static void
stop_now(void *ctx)
{
	struct stopping *s = ctx;
	struct pv_apply_answer done = { 0 };
	struct pv_err e = { 0 };

	s->granted_before = journal_count(s->d, s->kind);
	if (!pv_ok(try_apply(s->d, pv_slice_of(s->order), all_officers(), &done, &e)) ||
	    done.error_count != 0)
		tap_ok(
		    false, "the order: %s", done.error_count != 0 ? done.errors[0].what : e.what);
}

/* One file, opened or answered, with the order landing at call number `at` of the clock; false when there are fewer calls. */
static bool
stop_at(unsigned long at, const char *home, const char *kind, bool (*run)(struct pv_desk *d),
    bool *given, bool *after_entry)
{
	struct stopping s = { .order = ORDER("o-1", "co", "us", "\"public\":true"), .kind = kind };
	struct pv_desk *d;
	uint64_t not_given;
	bool fired;

	shell(pv_arena_printf(
	    arena, "rm -rf %s/%s.run; cp -a %s/%s %s/%s.run", here, home, here, home, here, home)
		  .p);
	d = open_home(pv_arena_printf(arena, "%s.run", home).p);
	s.d = open_home(pv_arena_printf(arena, "%s.run", home).p);
	if (strcmp(home, "us") == 0)
		s.order = ORDER("o-1", "us", "co", "\"public\":true");
	if (strcmp(home, "co") == 0) /* that bars co itself too */
		s.order = ORDER("o-1", "co", "us",
		    "\"public\":true") "{\"record\":\"recall\",\"id\":\"rc\",\"report\":\"r-one\","
				       "\"text\":{\"en\":\"x\"}}\n";
	hook_at(at, stop_now, &s);
	*given = run(d);
	fired = hook.done;
	hook = (struct hook){ 0 };
	*after_entry = fired && s.granted_before > 0;
	not_given = journal_count(d, "not-given");
	if (fired && *given && s.granted_before == 0)
		tap_ok(false,
		    "given, though the order was there before the journal's entry (call %lu)", at);
	if (fired && !*given && journal_count(d, kind) > 0 && not_given != 1)
		tap_ok(false, "%s, and refused, and nothing says that it was not given (call %lu)",
		    kind, at);
	if (fired && !*given && journal_count(d, "refused") != 1)
		tap_ok(false, "no refusal in the journal (call %lu)", at);
	pv_desk_close(s.d);
	pv_desk_close(d);
	return fired;
}

static struct pv_buf the_request, the_grant;

static bool
run_answer(struct pv_desk *co)
{
	struct pv_answer_answer answered = { 0 };
	struct pv_buf reply = { 0 };
	struct pv_err e = { 0 };
	struct pv_status st =
	    pv_desk_answer(co, pv_buf_slice(&the_request), "request", &reply, arena, &answered, &e);
	bool granted = pv_ok(st) && reply.n != 0 && read_reply(&reply).granted;

	if (granted != answered.granted)
		tap_ok(false, "the reply says what the answer says");
	pv_buf_free(&reply);
	return granted;
}

static bool
run_open_own(struct pv_desk *co)
{
	struct pv_open_answer opened;
	struct pv_err e = { 0 };
	struct pv_status st;

	unlink(in_case("out.txt"));
	st = try_open(co, "r-one", PV_NO_SLICE, in_case("out.txt"), false, &opened, &e);
	if (is_there(in_case("out.txt")) != (pv_ok(st) && opened.opened))
		tap_ok(false, "there is plaintext exactly when it was opened");
	return is_there(in_case("out.txt"));
}

static bool
run_use(struct pv_desk *us)
{
	struct pv_open_answer opened;
	struct pv_err e = { 0 };
	struct pv_status st;

	unlink(in_case("out.txt"));
	st = try_open(us, in_case("r-one.tdf"), pv_buf_slice(&the_grant), in_case("out.txt"), true,
	    &opened, &e);
	if (is_there(in_case("out.txt")) != (pv_ok(st) && opened.opened))
		tap_ok(false, "there is plaintext exactly when it was opened");
	return is_there(in_case("out.txt"));
}

static void
stop_everywhere(
    const char *home, const char *kind, bool (*run)(struct pv_desk *d), const char *name)
{
	unsigned long at = 1, refused = 0, between = 0, given_after = 0;
	bool given, after_entry;

	for (; at < 200 && stop_at(at, home, kind, run, &given, &after_entry); at++) {
		refused += given ? 0 : 1;
		between += !given && after_entry ? 1 : 0;
		given_after += given ? 1 : 0;
	}
	tap_note("%s: %lu moments, refused in %lu, of which %lu after the entry; given in %lu",
	    name, at - 1, refused, between, given_after);
	tap_ok(at > 5 && at < 200 && refused > 0 && between > 0,
	    "%s: an order that lands after the entry and before the key is obeyed", name);
}

static void
attack_between(void)
{
	struct pv_desk *co, *us;
	uint64_t kept = 0;

	new_case("an order at every moment");
	co = take_home("co");
	applies(co, AGREE("a-us-keep", "us", "law", "\"custody\":true,") "[]}\n", "us may keep it");
	share(co, "r-one", "the first report");
	pv_desk_close(co);
	us = take_home("us");
	the_request = ask_for(us, in_case("r-one.tdf"), "law.interdict", "");
	pv_desk_close(us);
	stop_everywhere("co", "granted", run_answer, "answering");
	stop_everywhere("co", "granted", run_open_own, "opening at home");
	co = open_home("co");
	tap_ok(answer(co, &the_request, &the_grant).granted, "a grant");
	pv_desk_close(co);
	stop_everywhere("us", "received", run_use, "opening with a grant");
	for (unsigned long at = 1; at < 200; at++) {
		const struct pv_report_row *rows;
		struct pv_err e = { 0 };
		bool given, after;
		size_t n = 0;

		if (!stop_at(at, "us", "received", run_use, &given, &after))
			break;
		us = open_home("us.run");
		good(pv_desk_reports(us, PV_NO_SLICE, arena, &rows, &n, &e), &e, "what us keeps");
		kept += !given && n != 0 ? 1 : 0;
		pv_desk_close(us);
	}
	tap_ok(kept == 0, "what was refused is not kept in custody either");
	pv_buf_free(&the_request);
	pv_buf_free(&the_grant);
}

/* ---- two who answer the same request ---- */

static unsigned both;

static void
answer_too(void *ctx)
{
	both += run_answer(ctx) ? 1 : 0;
}

static void
attack_twice(void)
{
	struct pv_desk *co, *us, *twin;
	unsigned long at = 1;
	unsigned most = 0, least = 2;
	bool fired = true;

	new_case("one request answered by two at once");
	co = take_home("co");
	us = take_home("us");
	share(co, "r-one", "the first report");
	the_request = ask_for(us, in_case("r-one.tdf"), "law.interdict", "");
	pv_desk_close(co);
	for (; fired && at < 200; at++) {
		shell(pv_arena_printf(arena, "rm -rf %s; cp -a %s %s", in_case("co.run"),
		    in_case("co"), in_case("co.run"))
			  .p);
		co = open_home("co.run");
		twin = open_home("co.run");
		both = 0;
		hook_at(at, answer_too, twin);
		both += run_answer(co) ? 1 : 0;
		fired = hook.done;
		hook = (struct hook){ 0 };
		most = both > most ? both : most;
		least = both < least ? both : least;
		pv_desk_close(co);
		pv_desk_close(twin);
	}
	tap_ok(at > 5 && most == 1 && least == 1, "is granted once, whenever the other comes");
	tap_note("%lu moments", at - 1);
	pv_buf_free(&the_request);
	pv_desk_close(us);
}

/* ---- a full disk at every moment ---- */

static bool
fail_at(unsigned long at, const char *home, bool (*run)(struct pv_desk *d), bool *given)
{
	struct pv_desk *d;
	bool fired;

	shell(pv_arena_printf(
	    arena, "rm -rf %s/%s.run; cp -a %s/%s %s/%s.run", here, home, here, home, here, home)
		  .p);
	d = open_home(pv_arena_printf(arena, "%s.run", home).p);
	hook_at(at, fill_disk, NULL);
	*given = run(d);
	empty_disk();
	fired = hook.done;
	hook = (struct hook){ 0 };
	pv_desk_close(d);
	return fired;
}

static void
fail_everywhere(const char *home, const char *kind, uint64_t before, bool (*run)(struct pv_desk *d),
    const char *name)
{
	unsigned long at = 1, failed = 0;
	bool given, none_without_entry = true, whole = true;

	for (; at < 200 && fail_at(at, home, run, &given); at++) {
		struct pv_desk *d = open_home(pv_arena_printf(arena, "%s.run", home).p);
		struct pv_verify_answer v = { 0 };
		struct pv_err e = { 0 };

		failed += given ? 0 : 1;
		none_without_entry =
		    none_without_entry && (!given || journal_count(d, kind) == before + 1);
		pv_ignore(pv_home_refresh(d, &e));
		whole = whole && pv_ok(pv_desk_verify(d, arena, &v, &e));
		for (size_t i = 0; i < v.check_count; i++)
			if (v.checks[i].result == PV_CHECK_FAILED &&
			    !pv_slice_is(v.checks[i].what, "signed by")) {
				whole = false;
				tap_note("call %lu: %.*s: %.*s", at, PV_FMT(v.checks[i].what),
				    PV_FMT(v.checks[i].says));
			}
		pv_desk_close(d);
	}
	tap_note("%s: %lu moments, failed in %lu", name, at - 1, failed);
	tap_ok(failed > 0 && none_without_entry,
	    "%s: with the disk full at any moment nothing is given without its entry", name);
	tap_ok(whole, "%s: and the home is whole afterwards", name);
}

static bool
run_share(struct pv_desk *co)
{
	struct pv_err e = { 0 };
	struct pv_status st;
	bool shared;

	unlink(in_case("r-new.tdf"));
	try_share(co, "r-new", "a new report", (struct pv_names){ 0 }, &st, &e);
	shared = is_there(in_case("r-new.tdf"));
	if (!pv_ok(st) && shared)
		tap_ok(false, "a sealed file left, and the share failed");
	return shared;
}

static void
attack_full_disk(void)
{
	struct pv_desk *co, *us;
	struct pv_err e = { 0 };
	struct pv_status st;

	new_case("a full disk at every moment");
	co = take_home("co");
	applies(co, AGREE("a-us-keep", "us", "law", "\"custody\":true,") "[]}\n", "us may keep it");
	share(co, "r-one", "the first report");
	us = take_home("us");
	the_request = ask_for(us, in_case("r-one.tdf"), "law.interdict", "");
	pv_desk_close(us);
	fail_everywhere("co", "granted", 0, run_answer, "answering");
	fail_everywhere("co", "shared", 1, run_share, "sharing");
	tap_ok(answer(co, &the_request, &the_grant).granted, "a grant");
	fail_everywhere("us", "received", 0, run_use, "opening with a grant");
	fill_disk(NULL);
	try_share(co, "r-full", "a report", (struct pv_names){ 0 }, &st, &e);
	empty_disk();
	tap_ok(!pv_ok(st) && e.code == PV_E_CONFIG, "sharing on a full disk fails");
	hook_at(1, fill_disk, NULL);
	tap_ok(!pv_ok(pv_desk_open_report(co,
		   &(struct pv_open_ask){ .report = "r-one",
		       .purpose = PV_SLICE("law.interdict"),
		       .out_path = in_case("full.txt") },
		   arena, &(struct pv_open_answer){ 0 }, &e)),
	    "opening on a full disk fails");
	empty_disk();
	tap_ok(strncmp(e.what, "the journal cannot be written", 29) == 0 &&
		   strstr(e.fix, "No entry, no key") != NULL,
	    "and says that the journal cannot be written");
	tap_note("%s / %s", e.what, e.fix);
	pv_buf_free(&the_request);
	pv_buf_free(&the_grant);
	pv_desk_close(co);
}

int
main(void)
{
	make_world();
	attack_requests();
	attack_bindings();
	attack_replies();
	attack_refusals();
	attack_unequal_refusals();
	attack_resealed();
	attack_between();
	attack_twice();
	attack_full_disk();
	return end_world();
}
