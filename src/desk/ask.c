/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking, at the recipient's home. Its own orders decide first: what they
 * refuse is never asked for. Then a request is journalled and signed, for one
 * stated purpose, with a key made for it alone.
 */
#include "codec/hex.h"
#include "crypto/wrap.h"
#include "desk/passing.h"
#include "desk/remote.h"

/* ---- the request ---- */

/* The key that only this request's answer can be opened with; it is destroyed with the opening. */
static PV_RESULT
make_request_key(
    struct pv_desk *d, struct pv_exchange_request *r, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *file = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };

	PV_TRY(pv_wrap_key_new(&key, PV_KEY_P256, e));
	file = pv_wrap_key_file(r->id, key);
	PV_TRY(pv_keyfile_save(pv_asked_key_path(d, r->id, a), file, NULL, &d->env, e));
	pv_wrap_pub_write(&pem, pv_wrap_key_pub(key));
	r->client_key = pv_arena_copy(a, pv_buf_slice(&pem));
	return PV_DONE;
}

static PV_RESULT
new_request_id(struct pv_desk *d, struct pv_arena *a, struct pv_slice *id)
{
	uint8_t raw[16];
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };

	d->env.random(d->env.ctx, raw, sizeof(raw));
	pv_buf_add_str(&b, "q-");
	pv_hex_write(&b, pv_slice_mem(raw, sizeof(raw)));
	*id = pv_arena_copy(a, pv_buf_slice(&b));
	return PV_DONE;
}

static struct pv_slice
channel_of(const struct pv_ask_ask *ask)
{
	return ask->channel.n != 0 ? ask->channel : PV_CHANNEL_COURIER;
}

static PV_RESULT
fill_request(struct pv_desk *d, const struct pv_ask_ask *ask, const struct pv_carried *f,
    struct pv_exchange_request *r, struct pv_arena *a, struct pv_err *e)
{
	const struct pv_policy *policy = pv_sealed_policy(f->sealed);
	const struct pv_access *access = &pv_sealed_manifest(f->sealed)->access[0];
	uint64_t life = d->own.lease_s < PV_REQUEST_LIFE_S ? d->own.lease_s : PV_REQUEST_LIFE_S;

	*r = (struct pv_exchange_request){ .log = ask->of.n != 0 ? ask->of : policy->origin,
		.issuer = d->party,
		.party = ask->party.n != 0 ? ask->party : d->party,
		.person = ask->person,
		.purpose = ask->purpose,
		.channel = channel_of(ask),
		.report = policy->report,
		.label = policy->label,
		.time = pv_desk_now(d),
		.kid = access->kid,
		.wrap_type = pv_slice_of(pv_access_type_name(access->type)),
		.wrapped = access->wrapped,
		.ephemeral = access->ephemeral,
		.policy = pv_sealed_manifest(f->sealed)->policy,
		.binding = access->binding };
	r->expires = r->time + life;
	PV_TRY(new_request_id(d, a, &r->id));
	return make_request_key(d, r, a, e);
}

/* ---- asking ---- */

/* Whose log that is, by our own record of it. */
static struct pv_names
custodian_of(const struct pv_desk *d, struct pv_slice origin)
{
	const struct pv_facts *peers = &d->own.state->by_kind[PV_PEER];

	for (size_t i = 0; i < peers->n; i++)
		if (peers->at[i]->ended == PV_NEVER &&
		    pv_slice_eq(peers->at[i]->r->peer.origin, origin))
			return peers->at[i]->r->peer.names;
	return (struct pv_names){ 0 };
}

static PV_RESULT
ask_for(struct pv_desk *d, const struct pv_ask_ask *ask, const struct pv_carried *f,
    struct pv_buf *request, struct pv_arena *a, struct pv_ask_answer *out, struct pv_err *e)
{
	const struct pv_policy *policy = pv_sealed_policy(f->sealed);
	struct pv_matter m = { .report = policy->report, .originator = policy->originator };
	struct pv_journal_entry entry = { .kind = "asked",
		.report = policy->report,
		.person = ask->person,
		.purpose = ask->purpose,
		.label = policy->label };
	struct pv_slice party = ask->party.n != 0 ? ask->party : d->party;
	PV_AUTO(pv_buf_free) struct pv_buf line = { 0 };
	struct pv_journalled journalled;
	struct pv_exchange_request r;
	struct pv_store_change row;
	struct pv_judgement j;
	struct pv_case c;

	out->report = pv_arena_copy(a, policy->report);
	out->originator = pv_arena_copy(a, policy->originator);
	PV_TRY(pv_asker_check(d, party, ask->purpose, e));
	if (ask->of.n != 0 && !pv_slice_eq(ask->of, policy->origin))
		m.custodians = custodian_of(d, ask->of);
	PV_TRY(pv_take_judge(d, &m, party, ask->purpose, channel_of(ask), a, &j, &c, e));
	if (j.decision.answer != PV_RELEASE)
		return pv_take_refuse(d, &j, &c, policy->report, ask->person, a, &out->refused, e);
	PV_TRY(fill_request(d, ask, f, &r, a, e));
	pv_exchange_request_write(&r, &line);
	row = pv_asked_row(&r, "asked", pv_buf_slice(&line), PV_OP_ADD);
	entry.party = party;
	entry.decision = pv_judgement_json(&j, a);
	PV_TRY(pv_journal_add(d, &entry, &row, 1, a, &journalled, e));
	PV_TRY(pv_line_sign(d, pv_buf_slice(&line), request, e));
	out->made = true;
	out->request_id = r.id;
	return PV_DONE;
}

PV_RESULT
pv_desk_ask(struct pv_desk *d, const struct pv_ask_ask *ask, struct pv_buf *request,
    struct pv_arena *a, struct pv_ask_answer *out, struct pv_err *e)
{
	struct pv_carried f = { 0 };
	struct pv_status st;

	if (d->remote != NULL)
		return pv_remote_ask(d, ask, request, a, out, e);
	*out = (struct pv_ask_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	st = pv_carried_open(&f, ask->sealed_path, e);
	if (pv_ok(st))
		st = pv_carried_check(&f, ask->sealed_path, e);
	if (pv_ok(st))
		st = ask_for(d, ask, &f, request, a, out, e);
	pv_carried_close(&f);
	return st;
}
