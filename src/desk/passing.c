/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What asking, answering and opening share. Lines come first: what passes
 * between homes is one line of canonical JSON under the signature of a gateway
 * or an issuer, and whose key may speak is read from the own order log alone.
 * Then the file that came, the row that a request leaves in the store, what a
 * recipient decides before anybody is asked, the share of a kept report, and
 * the terms under which it was given.
 */
#include "desk/passing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "core/words.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"

/* ---- signed lines between homes ---- */

PV_RESULT
pv_line_sign(struct pv_desk *d, struct pv_slice line, struct pv_buf *note, struct pv_err *e)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *gateway = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_slice vkey_text;
	struct pv_vkey vkey;

	PV_TRY(pv_home_pair(d, "gateway", &gateway, &vkey_text, a, e));
	PV_TRY(pv_vkey_read(&vkey, vkey_text, e));
	pv_buf_add(&text, line);
	pv_buf_add_c(&text, '\n');
	PV_TRY(pv_note_begin(note, pv_buf_slice(&text), e));
	return pv_note_sign(note, vkey.name, gateway, e);
}

static bool
signed_by(const struct pv_note *note, const struct pv_vkey *vkey)
{
	for (size_t i = 0; i < note->sig_count; i++)
		if (note->sigs[i].id == vkey->id && pv_slice_eq(note->sigs[i].name, vkey->name))
			return true;
	return false;
}

PV_RESULT
pv_key_signed(const struct pv_fact *key, enum pv_use use, uint64_t now, const struct pv_note *note,
    bool *signs, struct pv_err *e)
{
	const struct pv_key *k = &key->r->key;
	struct pv_note_check check;
	struct pv_vkey vkey;
	struct pv_err ignored;

	*signs = false;
	if (k->use != use || !pv_fact_stands(key, now) || now < k->from ||
	    (k->until != 0 && now >= k->until) || !pv_ok(pv_vkey_read(&vkey, k->key, &ignored)) ||
	    !signed_by(note, &vkey))
		return PV_DONE;
	PV_TRY(pv_note_verify(note, &vkey, &check, 1, e));
	*signs = check.good;
	return PV_DONE;
}

PV_RESULT
pv_line_verify(struct pv_desk *d, struct pv_slice bytes, const char *source, enum pv_use use,
    struct pv_arena *a, struct pv_slice *line, struct pv_voices *who, struct pv_err *e)
{
	const struct pv_facts *keys = &d->own.state->by_kind[PV_KEY];
	struct pv_note note;
	uint64_t now = pv_desk_now(d);

	who->n = 0;
	PV_TRY(pv_from(pv_note_read(&note, bytes, a, e), e, source));
	for (size_t i = 0; i < keys->n && who->n < PV_VOICES_MAX; i++) {
		bool signs;

		PV_TRY(pv_from(pv_key_signed(keys->at[i], use, now, &note, &signs, e), e, source));
		if (signs)
			who->at[who->n++] = keys->at[i]->r;
	}
	if (who->n == 0)
		return pv_from(
		    pv_advise(
			PV_FAIL(e, PV_E_UNTRUSTED,
			    "signed by \"%.*s\", which no standing key record of %.*s binds to %s",
			    PV_FMT(note.sigs[0].name), PV_FMT(d->origin),
			    use == PV_USE_ISSUER ? "an issuer" : "a gateway"),
			e, "If it is a partner's, take its card: proviso peer add CARD"),
		    e, source);
	*line = pv_slice_sub(note.text, 0, note.text.n - 1);
	return PV_DONE;
}

bool
pv_voices_speak_for(const struct pv_voices *who, struct pv_slice party)
{
	for (size_t i = 0; i < who->n; i++)
		if (pv_name_under(party, who->at[i]->key.party))
			return true;
	return false;
}

struct pv_slice
pv_line_digest(struct pv_slice line, struct pv_arena *a)
{
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(line, hex);
	return pv_arena_copy(a, pv_slice_of(hex));
}

/* ---- the sealed file that came ---- */

void
pv_carried_close(struct pv_carried *f)
{
	pv_sealed_free(f->sealed);
	if (f->fd > 0)
		close(f->fd);
}

PV_RESULT
pv_carried_open(struct pv_carried *f, const char *path, struct pv_err *e)
{
	struct stat st;

	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) != 0)
		return PV_FAIL(e, PV_E_INPUT, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return PV_FAIL(e, PV_E_INPUT, "%s is not a file", path);
	return pv_from(
	    pv_sealed_open(&f->sealed, pv_report_file(&f->fd, (uint64_t)st.st_size), e), e, path);
}

PV_RESULT
pv_carried_check(const struct pv_carried *f, const char *path, struct pv_err *e)
{
	if (!pv_sealed_policy(f->sealed)->ours)
		return PV_FAIL(e, PV_E_INPUT,
		    "%s is a sealed file, but it names no report of a Proviso originator", path);
	if (pv_sealed_manifest(f->sealed)->access_count != 1)
		return PV_FAIL(e, PV_E_UNTRUSTED, "%s asks for %zu keys; a report of ours has one",
		    path, pv_sealed_manifest(f->sealed)->access_count);
	return PV_DONE;
}

/* ---- what a request leaves here ---- */

const char *
pv_asked_key_path(struct pv_desk *d, struct pv_slice id, struct pv_arena *a)
{
	return pv_arena_printf(a, "%s/keys/request-%.*s.key", d->path, PV_FMT(id)).p;
}

struct pv_store_change
pv_asked_row(const struct pv_exchange_request *r, const char *state, struct pv_slice body,
    enum pv_store_op op)
{
	struct pv_store_change c = { .op = op, .table = PV_T_REQUESTS };

	c.row.c[PV_C_REQUEST_ID] = PV_CELL_S(r->id);
	c.row.c[PV_C_REQUEST_REPORT] = PV_CELL_S(r->report);
	c.row.c[PV_C_REQUEST_PARTY] = PV_CELL_S(r->party);
	c.row.c[PV_C_REQUEST_STATE] = PV_CELL_S(pv_slice_of(state));
	c.row.c[PV_C_REQUEST_SECOND] = PV_CELL_N(r->time);
	c.row.c[PV_C_REQUEST_BODY] = PV_CELL_S(body);
	return c;
}

struct pv_store_change
pv_asked_over_row(struct pv_desk *d, const struct pv_exchange_request *r, const char *state,
    struct pv_slice line, struct pv_arena *a, enum pv_store_op op)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t raw[16];

	d->env.random(d->env.ctx, raw, sizeof(raw));
	pv_buf_add(&b, pv_line_digest(line, a));
	pv_buf_add_c(&b, ' ');
	pv_hex_write(&b, pv_slice_mem(raw, sizeof(raw)));
	return pv_asked_row(r, state, pv_arena_copy(a, pv_buf_slice(&b)), op);
}

/* ---- the recipient's own side ---- */

PV_RESULT
pv_asker_check(struct pv_desk *d, struct pv_slice party, struct pv_slice purpose, struct pv_err *e)
{
	if (!pv_name_under(party, d->party))
		return PV_FAIL(e, PV_E_INPUT, "you act for %.*s, and %.*s is not below it",
		    PV_FMT(d->party), PV_FMT(party));
	if (purpose.n == 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "a purpose must be stated"), e,
		    "say what it is for: --purpose PURPOSE");
	if (pv_state_term(d->own.state, PV_PURPOSE, purpose) == NULL)
		return PV_FAIL(e, PV_E_INPUT, "unknown purpose \"%.*s\"",
		    PV_FMT(purpose)); /* none is suggested (UX 2) */
	return PV_DONE;
}

/*
 * A unit that our own log does not declare counts as what is declared above it: core/ matches an undeclared party with
 * nothing, and so it would slip past our own orders.
 */
static PV_RESULT
as_declared(struct pv_desk *d, struct pv_slice party, struct pv_slice *out, struct pv_err *e)
{
	struct pv_slice name = party;

	while (name.n != 0 && pv_state_party(d->own.state, name) == NULL)
		name = pv_name_parent(name);
	if (name.n == 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "%.*s does not know \"%.*s\", nor any party above it",
			PV_FMT(d->origin), PV_FMT(party)),
		    e, "declare it: proviso party add %.*s", PV_FMT(party));
	*out = name;
	return PV_DONE;
}

PV_RESULT
pv_take_judge(struct pv_desk *d, const struct pv_matter *m, struct pv_slice party,
    struct pv_slice purpose, struct pv_slice channel, struct pv_arena *a, struct pv_judgement *j,
    struct pv_case *c, struct pv_err *e)
{
	struct pv_slice *custodians = pv_arena_alloc_n(a, m->custodians.n, sizeof(*custodians));

	*c = (struct pv_case){ .matter = *m,
		.purpose = purpose,
		.channel = channel,
		.side = PV_SIDE_TAKE };
	PV_TRY(as_declared(d, party, &c->recipient, e));
	PV_TRY(as_declared(d, m->originator, &c->matter.originator, e));
	for (size_t i = 0; i < m->custodians.n; i++)
		PV_TRY(as_declared(d, m->custodians.at[i], &custodians[i], e));
	c->matter.custodians.at = custodians;
	return pv_judge(d, c, a, j, e);
}

PV_RESULT
pv_take_refuse(struct pv_desk *d, const struct pv_judgement *j, const struct pv_case *c,
    struct pv_slice report, struct pv_slice person, struct pv_arena *a, struct pv_told *told,
    struct pv_err *e)
{
	struct pv_released r = { .judgement = *j };
	struct pv_journal_entry entry = { .kind = "refused",
		.report = report,
		.party = c->recipient,
		.person = person,
		.purpose = c->purpose,
		.decision = pv_judgement_json(j, a) };
	bool first;

	PV_TRY(pv_journal_refusal(d, &entry, NULL, 0, a, &r.journalled, &first, e));
	return pv_tell(d, &r, d->party, a, told, e);
}

/* ---- the share of a kept report ---- */

/* Which of our two keys the file was sealed to. What names neither is refused where kas is tried. */
static PV_RESULT
sealed_to(struct pv_desk *d, struct pv_slice kid, struct pv_wrap_key **out, struct pv_err *e)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;

	if (!pv_home_has_key(d, "kas-ec"))
		return pv_home_wrap_key(d, "kas", out, e);
	PV_TRY(pv_home_wrap_key(d, "kas-ec", &key, e));
	if (!pv_slice_is(kid, pv_wrap_pub_kid(pv_wrap_key_pub(key))))
		return pv_home_wrap_key(d, "kas", out, e);
	*out = PV_TAKE(key);
	return PV_DONE;
}

PV_RESULT
pv_kept_share(struct pv_desk *d, const struct pv_exchange_request *r, const struct pv_kept *h,
    struct pv_secret **share, struct pv_arena *a, struct pv_err *e)
{
	struct pv_access access = { .type = pv_access_type_of(r->wrap_type),
		.url = d->kas_url,
		.kid = r->kid,
		.wrapped = r->wrapped,
		.ephemeral = r->ephemeral,
		.binding = r->binding };
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *s = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf wrapped = { 0 };
	struct pv_kas kas = { 0 };
	struct pv_policy policy;

	if (access.type == PV_ACCESS_RSA && r->ephemeral.n != 0)
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "a key that is wrapped by RSA has no ephemeral key");
	PV_TRY(pv_policy_read(&policy, r->policy, a, e));
	if (!policy.ours || !pv_slice_eq(policy.report, h->label.id) ||
	    !pv_slice_eq(policy.label, h->digest) || !pv_slice_eq(r->label, h->digest))
		return pv_advise(PV_FAIL(e, PV_E_UNTRUSTED,
				     "the file's label is not the one that was signed for %.*s",
				     PV_FMT(h->label.id)),
		    e, "Somebody changed the file. Keep it as evidence");
	if (h->share.n == 0) {
		PV_TRY(sealed_to(d, r->kid, &key, e));
		kas.key = key;
		return pv_share_unwrap(share, &kas, &access, r->policy, e);
	}
	/* in custody: wrapped to our own when it was taken */
	PV_TRY(pv_home_wrap_key(d, "kas", &key, e));
	if (!pv_base64_read(&wrapped, h->share, PV_BASE64))
		return PV_FAIL(
		    e, PV_E_UNTRUSTED, "the key kept for %.*s is damaged", PV_FMT(h->label.id));
	PV_TRY(pv_unwrap(&s, key, pv_buf_slice(&wrapped), PV_NO_SLICE, e));
	PV_TRY(pv_share_check(s, &access, r->policy, e));
	*share = PV_TAKE(s);
	return PV_DONE;
}

/* ---- terms ---- */

/* Through whom it came, as the one who gave it says. */
static PV_RESULT
read_chain(const struct pv_json *doc, uint32_t list, struct pv_arena *a, struct pv_names *out,
    struct pv_err *e)
{
	struct pv_slice *at;
	size_t n = 0;

	if (list == PV_JSON_NONE)
		return PV_DONE;
	if (pv_json_at(doc, list)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "custodians: a list of parties is wanted");
	at = pv_arena_alloc_n(a, pv_json_at(doc, list)->count, sizeof(*at));
	for (uint32_t i = pv_json_at(doc, list)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		if (pv_json_at(doc, i)->type != PV_JSON_STRING ||
		    !pv_name_ok(pv_json_at(doc, i)->text))
			return PV_FAIL(e, PV_E_INPUT, "custodians: a list of parties is wanted");
		at[n++] = pv_arena_copy(a, pv_json_at(doc, i)->text);
	}
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

PV_RESULT
pv_terms_read(struct pv_slice json, struct pv_arena *a, struct pv_obligations *out, bool *custody,
    struct pv_names *chain, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = NULL;
	struct pv_obligation *list;
	size_t n = 0;

	*custody = false;
	*chain = (struct pv_names){ 0 };
	*out = (struct pv_obligations){ 0 };
	if (json.n == 0)
		return PV_DONE;
	PV_TRY(pv_json_read(&doc, json, PV_EXCHANGE_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_ARRAY)
		return PV_FAIL(e, PV_E_INPUT, "terms: a list is wanted");
	list = pv_arena_alloc_n(a, pv_json_at(doc, 0)->count, sizeof(*list));
	for (uint32_t i = pv_json_at(doc, 0)->first; i != PV_JSON_NONE;
	     i = pv_json_at(doc, i)->next) {
		uint32_t duty, within;

		if (pv_json_at(doc, i)->type != PV_JSON_OBJECT)
			return PV_FAIL(e, PV_E_INPUT, "terms: an object is wanted");
		duty = pv_json_member(doc, i, PV_SLICE("duty"));
		within = pv_json_member(doc, i, PV_SLICE("within"));
		if (pv_json_member(doc, i, PV_SLICE("grants")) != PV_JSON_NONE) {
			*custody = true;
			PV_TRY(read_chain(
			    doc, pv_json_member(doc, i, PV_SLICE("custodians")), a, chain, e));
		} else if (duty != PV_JSON_NONE) {
			const struct pv_word *word =
			    pv_word_find(pv_duty_words, pv_json_at(doc, duty)->text);

			list[n].duty = word != NULL ? (enum pv_duty)word->value : PV_DUTY_NONE;
			if (within != PV_JSON_NONE && pv_json_at(doc, within)->integer > 0)
				list[n].within_s = (uint64_t)pv_json_at(doc, within)->integer;
			n++;
		}
	}
	*out = (struct pv_obligations){ list, n };
	return PV_DONE;
}
