/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/feed.h"

#include "codec/json.h"
#include "desk/call.h"
#include "desk/passing.h"

#define BUNDLE_MAX (256u << 20)
#define SKEW_S     2

struct feed_ask {
	uint64_t version;
	struct pv_slice audience, issuer, log;
	uint64_t time;
};

static const struct pv_field ask_fields[] = {
	PV_FIELD(struct feed_ask, audience, "audience", PV_AS_TEXT, PV_MUST, "Whose copy it is."),
	PV_FIELD(struct feed_ask, version, "feed", PV_AS_U64, PV_MUST, "1"),
	PV_FIELD(struct feed_ask, issuer, "issuer", PV_AS_TEXT, PV_MUST, "Whose gateway signed."),
	PV_FIELD(
	    struct feed_ask, log, "log", PV_AS_TEXT, PV_MUST, "The order log that is asked for."),
	PV_FIELD(struct feed_ask, time, "time", PV_AS_TIME, PV_MUST, "When it was asked."),
	{ .shape = PV_AS_END },
};
static const struct pv_layout ask_layout = { "FeedAsk", sizeof(struct feed_ask), ask_fields };

PV_RESULT
pv_desk_feed_ask(struct pv_desk *d, struct pv_slice origin, struct pv_buf *note, struct pv_err *e)
{
	const struct feed_ask ask = { .version = 1,
		.audience = d->party,
		.issuer = d->party,
		.log = origin,
		.time = pv_home_clock(d) };
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_jsonw w = { .out = &line };

	pv_jsonw_object(&w, NULL);
	pv_layout_write(&ask_layout, &ask, &w);
	pv_jsonw_end(&w);
	return pv_line_sign(d, pv_buf_slice(&line), note, e);
}

/* ---- answering ---- */

static PV_RESULT
check_ask(
    struct pv_desk *d, const struct feed_ask *ask, const struct pv_voices *who, struct pv_err *e)
{
	uint64_t now = pv_home_clock(d);

	if (ask->version != 1)
		return PV_FAIL(
		    e, PV_E_INPUT, "feed %llu is not known here", (unsigned long long)ask->version);
	if (!pv_slice_eq(ask->log, d->origin))
		return PV_FAIL(e, PV_E_INPUT, "it asks for %.*s, and this is the gateway of %.*s",
		    PV_FMT(ask->log), PV_FMT(d->origin));
	if (!pv_voices_speak_for(who, ask->audience) || !pv_voices_speak_for(who, ask->issuer))
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "its signer does not speak for %.*s", PV_FMT(ask->audience));
	if (ask->time > now + SKEW_S || now > ask->time + PV_FEED_LIFE_S)
		return PV_FAIL(
		    e, PV_E_DOWN, "it was signed at another time: one of the two clocks is wrong");
	return PV_DONE;
}

PV_RESULT
pv_desk_feed_answer(
    struct pv_desk *d, struct pv_slice note, struct pv_buf *bundle, struct pv_err *e)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_export_ask export = { 0 };
	struct pv_voices who;
	struct feed_ask ask;
	struct pv_slice line;
	bool fresh;

	if (note.n > PV_FEED_ASK_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a question has at most %d bytes", PV_FEED_ASK_MAX);
	PV_TRY(pv_home_refresh(d, e));
	PV_TRY(pv_line_verify(d, note, "the question", PV_USE_GATEWAY, a, &line, &who, e));
	PV_TRY(pv_json_read(&doc, line, PV_FEED_ASK_MAX, e));
	PV_TRY(pv_layout_read(&ask_layout, doc, 0, a, &ask, e));
	PV_TRY(check_ask(d, &ask, &who, e));
	PV_TRY(pv_home_fresh(d, &d->own, &fresh, e)); /* signs again when it is time */
	export.audience = ask.audience;
	return pv_desk_export(d, &export, bundle, e);
}

/* ---- following ---- */

static bool
stands(const struct pv_fact *f, uint64_t now)
{
	const struct pv_key *k = &f->r->key;

	return f->ended == PV_NEVER && now >= k->from && (k->until == 0 || now < k->until);
}

/* The newest record of use tls that speaks of the party's server: with its address, or (alone) the digest of its key. */
static bool
find_server(struct pv_desk *d, struct pv_slice party, bool address, struct pv_slice *url,
    struct pv_slice *pin)
{
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];

	for (size_t i = keys->n; i-- > 0;) {
		const struct pv_key *k = &keys->at[i]->r->key;
		bool has = pv_slice_starts(k->binding, PV_SLICE("https://"));

		if (k->use != PV_USE_TLS || has != address ||
		    !stands(keys->at[i], pv_desk_now(d)) || !pv_name_under(party, k->party))
			continue;
		if (has)
			*url = k->binding;
		*pin = has || k->binding.n == 0 ? k->key : k->binding;
		return true;
	}
	return false;
}

bool
pv_gateway_of(struct pv_desk *d, struct pv_slice party, struct pv_slice *url, struct pv_slice *pin)
{
	*pin = PV_NO_SLICE;
	if (find_server(d, party, true, url, pin))
		return true;
	for (struct pv_slice at = party; at.n != 0; at = pv_name_parent(at)) {
		const struct pv_fact *f = pv_state_party(d->own.state, at);

		if (f == NULL || f->ended != PV_NEVER || f->r->party.gateway.n == 0)
			continue;
		*url = f->r->party.gateway;
		(void)find_server(d, party, false, url, pin);
		return true;
	}
	return false;
}

static bool
is_due(struct pv_desk *d, struct pv_slice origin)
{
	const struct pv_log *copy = pv_home_log(d, origin);
	uint64_t now = pv_home_clock(d);

	return copy == NULL || copy->withheld || now >= copy->signed_s + copy->refresh_s;
}

static PV_RESULT
follow_one(struct pv_desk *d, const struct pv_feed_post *by, struct pv_slice origin,
    struct pv_slice url, struct pv_slice pin, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf bundle = { 0 };
	struct pv_follow_answer followed;
	struct pv_slice at = pv_arena_printf(a, "%.*s%s", PV_FMT(url), PV_FEED_PATH);
	int status = 0;

	PV_TRY(pv_desk_feed_ask(d, origin, &note, e));
	PV_TRY(by->post(by->ctx, at, pin, pv_buf_slice(&note), &status, &bundle, e));
	if (status != 200)
		return PV_FAIL(e, PV_E_DOWN, "it answered %d", status);
	return pv_desk_follow(d, pv_buf_slice(&bundle), pv_arena_str(a, at), a, &followed, e);
}

PV_RESULT
pv_desk_feed_round(struct pv_desk *d, const struct pv_feed_post *by, struct pv_arena *a,
    struct pv_feed_round *out, struct pv_err *e)
{
	const struct pv_facts *peers;

	*out = (struct pv_feed_round){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	peers = &d->own.state->by_kind[PV_PEER];
	for (size_t i = 0; i < peers->n; i++) {
		const struct pv_peer *p = &peers->at[i]->r->peer;
		struct pv_slice url, pin;
		struct pv_err trouble;

		if (peers->at[i]->ended != PV_NEVER || p->names.n == 0 ||
		    !pv_gateway_of(d, p->names.at[0], &url, &pin) || !is_due(d, p->origin))
			continue;
		out->asked++;
		if (pv_ok(follow_one(d, by, p->origin, url, pin, a, &trouble)))
			out->followed++;
		else
			out->trouble = pv_arena_printf(
			    a, "%.*s at %.*s: %s", PV_FMT(p->origin), PV_FMT(url), trouble.what);
	}
	return PV_DONE;
}
