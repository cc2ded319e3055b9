/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may not be given on leaves sealed: the object becomes a report of this
 * home when somebody first fetches it, under the same label, and the sealed file
 * is handed out to whom the note was given. Its key is released, or not, by the
 * key service, by the same label and the orders of that moment.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "desk/acts.h"
#include "desk/names.h"
#include "desk/taxii_inside.h"

#define FILE_MAX (8u << 20)

static struct pv_slice
report_id(const struct pv_store_row *row, struct pv_arena *a)
{
	struct pv_slice name = pv_arena_printf(a, "%.*s %.*s", PV_FMT(row->c[PV_C_OBJECT_STIX].s),
	    PV_FMT(row->c[PV_C_OBJECT_VERSION].s));
	char hex[2 * PV_HASH + 1];

	pv_hash_hex(name, hex);
	return pv_arena_printf(a, "stix-%.16s", hex);
}

/* A sealed report says whom it is for: those who have an agreement, where its markings say nothing. */
static struct pv_names
everybody(const struct pv_desk *d, struct pv_slice originator, struct pv_arena *a)
{
	const struct pv_facts *facts = &d->own.state->by_kind[PV_AGREEMENT];
	struct pv_name_list l = { 0 };

	for (size_t i = 0; i < facts->n; i++)
		if (facts->at[i]->ended == PV_NEVER &&
		    pv_name_under(originator, facts->at[i]->r->agreement.from))
			pv_name_list_add_once(&l, facts->at[i]->r->agreement.to);
	return pv_name_list_keep(&l, a);
}

static PV_RESULT
share(struct pv_desk *d, const struct pv_store_row *row, const struct pv_taxii_label *l,
    const struct pv_case *c, struct pv_slice id, struct pv_arena *a, struct pv_err *e)
{
	struct pv_share_ask ask = { .label = { .kind = PV_REPORT, .id = id },
		.name = "object.json",
		.media_type = "application/stix+json" };
	struct pv_report *r = &ask.label.report;
	struct pv_taxii_keys keys = { 0 };
	struct pv_share_answer shared;
	struct pv_slice bytes = { 0 };
	bool held = false;
	struct pv_status st = pv_taxii_unseal(d, &keys, row, a, &bytes, &held, e);

	pv_taxii_keys_free(&keys);
	PV_TRY(st);
	if (!held)
		return PV_FAIL(e, PV_E_INPUT, "the object was erased");
	r->originator = l->originator;
	r->topics = l->topics;
	r->regions = l->regions;
	r->never = c->matter.never;
	r->has_releasable_to = l->has_releasable_to || r->never.n == 0;
	r->releasable_to = l->has_releasable_to ? l->releasable_to : everybody(d, l->originator, a);
	if (!r->has_releasable_to)
		r->releasable_to = (struct pv_names){ 0 };
	r->tlp = l->tlp;
	r->valid_until = l->valid_until;
	r->title = row->c[PV_C_OBJECT_STIX].s;
	ask.fd = memfd_create("object", MFD_CLOEXEC);
	if (ask.fd < 0 || write(ask.fd, bytes.p, bytes.n) != (ssize_t)bytes.n ||
	    lseek(ask.fd, 0, SEEK_SET) != 0)
		st = PV_FAIL(e, PV_E_CONFIG, "the object cannot be sealed (%s)", strerror(errno));
	else
		st = pv_desk_share(d, &ask, a, &shared, e);
	if (ask.fd >= 0)
		close(ask.fd);
	return st;
}

static PV_RESULT
sealed_file(struct pv_desk *d, const struct pv_taxii_ask *ask, uint64_t added, struct pv_arena *a,
    struct pv_buf *body, struct pv_err *e)
{
	PV_AUTO(pv_store_view_freep) struct pv_store_view *v = NULL;
	struct pv_store_row row = { .c[PV_C_OBJECT_ADDED] = PV_CELL_N(added) };
	struct pv_taxii_label label;
	struct pv_slice id;
	struct pv_kept kept;
	struct pv_case c;
	bool found;

	PV_TRY(pv_store_view_open(&v, d->store, e));
	PV_TRY(pv_store_row_get(v, PV_T_OBJECTS, &row, a, &found, e));
	if (!found)
		return PV_FAIL(e, PV_E_INPUT, "no such object");
	PV_TRY(pv_taxii_label_load(v, row.c[PV_C_OBJECT_LABEL].n, a, &label, e));
	if (!pv_taxii_own(d, label.originator))
		return PV_FAIL(e, PV_E_INPUT, "it is not ours to seal: ask its originator, %.*s",
		    PV_FMT(label.originator));
	PV_TRY(pv_taxii_case(d, &label, PV_NO_SLICE, d->party, ask->purpose, added, a, &c, e));
	id = report_id(&row, a);
	PV_TRY(pv_report_find(d, id, a, &kept, &found, e));
	if (!found) {
		PV_TRY(share(d, &row, &label, &c, id, a, e));
		PV_TRY(pv_report_find(d, id, a, &kept, &found, e));
	}
	if (!found)
		return PV_FAIL(e, PV_E_BUG, "a report that was shared is not here");
	return pv_read_file(body, pv_home_path(d, a, pv_arena_str(a, kept.place)), FILE_MAX, e);
}

PV_RESULT
pv_taxii_sealed(struct pv_desk *d, const struct pv_caller *who, const struct pv_taxii_ask *ask,
    struct pv_arena *a, struct pv_taxii_answer *out, struct pv_buf *body, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	struct pv_taxii_ask one = { .what = PV_TAXII_OBJECT,
		.purpose = ask->purpose,
		.collection = ask->collection,
		.object = ask->object };
	uint64_t added;
	bool is;

	/* who is given the note is given the file */
	PV_TRY(pv_taxii_page(d, who, &one, a, out, &note, e));
	PV_TRY(pv_taxii_stub_read(d, ask->object, &added, &is, e));
	if (out->result == PV_TAXII_OK && (!is || out->count != 1))
		*out = (struct pv_taxii_answer){ .why = PV_SLICE("no such sealed object") };
	return out->result == PV_TAXII_OK ? sealed_file(d, ask, added, a, body, e) : PV_DONE;
}
