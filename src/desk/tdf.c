/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registered file is found by its wrapped share: a row "tdf.<SHA-256 of it>"
 * names the report and the digest of the policy it is bound to. Who opened it
 * once has the share and could wrap it anew, under a policy of its own: that is
 * another file, and not a registered one.
 */
#include "desk/tdf.h"

#include <sys/stat.h>
#include <unistd.h>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "desk/kas.h"

bool
pv_tdf_same_attribute(struct pv_slice a, struct pv_slice b)
{
	return a.n != 0 && a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* ---- the row ---- */

static bool
row_name(struct pv_slice wrapped, struct pv_arena *a, struct pv_slice *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };
	char hex[2 * PV_HASH + 1];

	if (wrapped.n == 0 || !pv_base64_read(&raw, wrapped, PV_BASE64))
		return false;
	pv_hash_hex(pv_buf_slice(&raw), hex);
	*out = pv_arena_printf(a, "tdf.%s", hex);
	return true;
}

static struct pv_store_change
row_of(struct pv_slice name, struct pv_slice report, struct pv_slice policy, struct pv_arena *a)
{
	struct pv_store_change c = { .op = PV_OP_ADD, .table = PV_T_META };
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(policy, hex);
	c.row.c[PV_C_META_NAME] = PV_CELL_S(name);
	c.row.c[PV_C_META_BODY] = PV_CELL_S(pv_arena_printf(a, "%s %.*s", hex, PV_FMT(report)));
	return c;
}

PV_RESULT
pv_tdf_find(struct pv_desk *d, struct pv_slice policy, struct pv_slice wrapped, struct pv_arena *a,
    struct pv_kept *report, enum pv_tdf_found *found, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { 0 };
	struct pv_slice name, body, digest;
	char hex[2 * PV_HASH + 1];
	bool there;

	*found = PV_TDF_UNKNOWN;
	if (!row_name(wrapped, a, &name))
		return PV_DONE;
	row.c[PV_C_META_NAME] = PV_CELL_S(name);
	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_META, &row, a, &there, e));
	if (!there)
		return PV_DONE;
	body = row.c[PV_C_META_BODY].s;
	if (!pv_slice_next(&body, ' ', &digest))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the row of a registered file is damaged");
	PV_TRY(pv_report_find(d, body, a, report, &there, e));
	if (!there)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the report of a registered file is gone");
	pv_hash_hex(policy, hex);
	*found = pv_slice_is(digest, hex) ? PV_TDF_REGISTERED : PV_TDF_CHANGED;
	return PV_DONE;
}

/* ---- registering ---- */

struct registering {
	struct pv_desk *d;
	struct pv_tdf_ask *ask;
	struct pv_arena *a;
	const struct pv_record *agreement;
	const struct pv_share_ask *share; /* its label has the report's id */
};

static const struct pv_record *
standing_agreement(
    struct pv_desk *d, struct pv_slice attribute, struct pv_slice party, uint64_t now)
{
	const struct pv_facts *all = &d->own.state->by_kind[PV_AGREEMENT];

	for (size_t i = 0; i < all->n; i++) {
		const struct pv_agreement *g = &all->at[i]->r->agreement;

		if (all->at[i]->ended == PV_NEVER && now >= g->not_before &&
		    (g->not_after == 0 || now < g->not_after) &&
		    pv_tdf_same_attribute(g->attribute, attribute) && pv_name_under(party, g->from))
			return all->at[i]->r;
	}
	return NULL;
}

/* Each attribute that the file has must be one of ours: what another one would forbid is not known here. */
static PV_RESULT
find_agreement(struct registering *r, const struct pv_policy *policy, struct pv_err *e)
{
	uint64_t now = pv_desk_now(r->d);
	struct pv_slice wanted = r->ask->attribute;

	if (policy->attribute_count == 0)
		return PV_FAIL(e, PV_E_INPUT, "the file has no attribute");
	for (size_t i = 0; i < policy->attribute_count; i++) {
		struct pv_slice fqn = policy->attributes[i];
		const struct pv_record *g = standing_agreement(r->d, fqn, r->ask->party, now);

		if (g == NULL)
			return pv_advise(
			    PV_FAIL(e, PV_E_INPUT,
				"no standing agreement from %.*s has the attribute \"%.*s\"",
				PV_FMT(r->ask->party), PV_FMT(pv_slice_sub(fqn, 0, 200))),
			    e,
			    "A file is registered under the attribute of an agreement: see proviso "
			    "agree list");
		if (r->agreement == NULL && (wanted.n == 0 || pv_tdf_same_attribute(wanted, fqn)))
			r->agreement = g;
	}
	if (r->agreement == NULL)
		return PV_FAIL(e, PV_E_INPUT, "the file does not have the attribute \"%.*s\"",
		    PV_FMT(pv_slice_sub(wanted, 0, 200)));
	return PV_DONE;
}

static struct pv_names
one_name(struct pv_slice name, struct pv_arena *a)
{
	struct pv_slice *at = PV_ARENA_NEW(a, struct pv_slice);

	*at = name;
	return (struct pv_names){ at, 1 };
}

static void
label_by(struct registering *r)
{
	const struct pv_agreement *g = &r->agreement->agreement;
	struct pv_report *label = &r->ask->label.report;

	label->originator = r->ask->party;
	if (label->topics.n == 0 && g->topic.n != 0)
		label->topics = one_name(g->topic, r->a);
	if (label->regions.n == 0 && g->region.n != 0)
		label->regions = one_name(g->region, r->a);
	if (!label->has_releasable_to && label->never.n == 0) {
		label->releasable_to = one_name(g->to, r->a);
		label->has_releasable_to = true;
	}
}

/* What is on the disk is what is proved: a file that changes under us is another one. */
static PV_RESULT
open_sealed(int *fd, struct pv_sealed **out, struct pv_err *e)
{
	struct stat st;

	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
		return PV_FAIL(
		    e, PV_E_INPUT, "the sealed file is none that can be read at any place");
	return pv_sealed_open(out, pv_report_file(fd, (uint64_t)st.st_size), e);
}

static PV_RESULT
check_sealed(const struct pv_sealed *f, struct pv_err *e)
{
	const struct pv_manifest *m = pv_sealed_manifest(f);

	if (pv_sealed_policy(f)->ours)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT, "the file is a report of Proviso's already"), e,
		    "Only files that others sealed are registered");
	if (m->access_count != 1)
		return PV_FAIL(e, PV_E_INPUT,
		    "the file has %zu key access objects: another key service alone, or together "
		    "with "
		    "this one, could open it",
		    m->access_count);
	return PV_DONE;
}

static PV_RESULT
unlock_sealed(struct registering *r, struct pv_sealed *f, struct pv_err *e)
{
	const struct pv_manifest *m = pv_sealed_manifest(f);
	PV_AUTO(pv_secret_freep) struct pv_secret *share = NULL;
	const struct pv_secret *shares[1];
	struct pv_kas kas = { .kid = m->access[0].kid, .kidless = m->access[0].kid.n == 0 };

	PV_TRY(pv_kas_own_key(r->d, m->access[0].kid, &kas.key, e));
	if (kas.key == NULL)
		return PV_FAIL(e, PV_E_INPUT,
		    "the file is not sealed to a key of this home (kid \"%.*s\")",
		    PV_FMT(pv_slice_sub(m->access[0].kid, 0, 80)));
	PV_TRY(pv_share_unwrap(&share, &kas, &m->access[0], m->policy, e));
	shares[0] = share;
	return pv_sealed_unlock(f, shares, 1, e);
}

static PV_RESULT
prove(void *ctx, int fd, struct pv_seal_content *content, uint8_t id[32],
    struct pv_store_change *row, struct pv_err *e)
{
	struct registering *r = ctx;
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	struct pv_err other;
	struct pv_slice name;
	struct pv_kept held;
	enum pv_tdf_found found;
	const struct pv_manifest *m;

	PV_TRY(open_sealed(&fd, &f, e));
	PV_TRY(check_sealed(f, e));
	m = pv_sealed_manifest(f);
	r->agreement = NULL;
	PV_TRY(find_agreement(r, pv_sealed_policy(f), e));
	PV_TRY(unlock_sealed(r, f, e));
	PV_TRY(pv_sealed_verify(f, content, e));
	memcpy(id, pv_sealed_id(f), 32);
	if (!row_name(m->access[0].wrapped, r->a, &name))
		return PV_FAIL(e, PV_E_INPUT, "the wrapped key is no base64");
	if (pv_ok(
		pv_tdf_find(r->d, m->policy, m->access[0].wrapped, r->a, &held, &found, &other)) &&
	    found != PV_TDF_UNKNOWN)
		return PV_FAIL(e, PV_E_INPUT, "the file is registered already, as report %.*s",
		    PV_FMT(held.label.id));
	*row = row_of(name, r->share->label.id, m->policy, r->a);
	return PV_DONE;
}

PV_RESULT
pv_desk_tdf_register(struct pv_desk *d, struct pv_tdf_ask *ask, struct pv_arena *a,
    struct pv_tdf_answer *out, struct pv_err *e)
{
	struct registering r = { .d = d, .ask = ask, .a = a };
	struct pv_adopting how = { .prove = prove, .ctx = &r, .person = ask->person };
	PV_AUTO(pv_sealed_freep) struct pv_sealed *f = NULL;
	struct pv_share_ask share = { .fd = ask->fd, .name = ask->name };
	int fd = ask->fd;

	r.share = &share;
	if (d->remote != NULL)
		return pv_remote_tdf_register(d, ask, a, out, e);
	*out = (struct pv_tdf_answer){ 0 };
	PV_TRY(pv_home_refresh(d, e));
	if (ask->party.n == 0)
		ask->party = d->party;
	PV_TRY(open_sealed(&fd, &f, e));
	PV_TRY(check_sealed(f, e));
	PV_TRY(find_agreement(&r, pv_sealed_policy(f), e));
	label_by(&r);
	out->agreement = r.agreement->id;
	share.label = ask->label;
	if (pv_sealed_manifest(f)->media_type.n != 0 && share.label.report.media_type.n == 0)
		share.label.report.media_type = pv_arena_copy(a, pv_sealed_manifest(f)->media_type);
	PV_TRY(pv_report_adopt(d, &share, &how, a, &out->shared, e));
	out->label = share.label;
	return PV_DONE;
}
