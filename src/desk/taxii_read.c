/* SPDX-License-Identifier: Apache-2.0 */
/* An envelope as it was sent, to what the keeper is asked: it never sees JSON of others, only where each object lies. */
#include <string.h>

#include "base/vec.h"
#include "crypto/hash.h"
#include "desk/taxii.h"

/* What can be told of an object that was not read: its id and version, if they look like it. */
static void
read_poor(struct pv_json *doc, struct pv_arena *a, struct pv_taxii_object *o)
{
	const struct pv_json_node *root = pv_json_at(doc, 0), *n;
	uint64_t us;

	if (root == NULL || root->type != PV_JSON_OBJECT)
		return;
	n = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("id")));
	if (n != NULL && n->type == PV_JSON_STRING && pv_stix_id_ok(n->text, NULL))
		o->id = pv_arena_copy(a, n->text);
	n = pv_json_at(doc, pv_json_member(doc, 0, PV_SLICE("modified")));
	if (n != NULL && n->type == PV_JSON_STRING && pv_stix_time_read(n->text, &us))
		o->version = pv_arena_copy(a, n->text);
}

static void
read_one(struct pv_slice text, struct pv_json *doc, struct pv_buf *canonical, struct pv_arena *a,
    struct pv_taxii_object *o)
{
	char hex[2 * PV_HASH + 1];
	struct pv_stix s;
	struct pv_err e = { 0 };

	if (!pv_ok(pv_stix_read(&s, doc, text, a, &e))) {
		read_poor(doc, a, o);
		o->refused = pv_arena_copy(a, pv_slice_of(e.what));
		return;
	}
	o->id = s.id;
	o->type = s.type;
	o->spec_version = s.spec_version;
	o->version = s.version;
	o->markings = s.markings;
	o->claim = s.claim;
	pv_buf_clear(canonical);
	pv_json_canon(doc, 0, canonical);
	pv_hash_hex(pv_buf_slice(canonical), hex);
	o->same = pv_arena_copy(a, pv_slice_of(hex));
}

PV_RESULT
pv_taxii_envelope_read(struct pv_slice text, struct pv_arena *a, const struct pv_taxii_object **out,
    size_t *n, struct pv_err *e)
{
	PV_AUTO(pv_json_freep) struct pv_json *doc = pv_json_new();
	PV_AUTO(pv_buf_free) struct pv_buf canonical = { 0 };
	struct pv_stix_envelope w = { .text = text };
	PV_VEC(struct pv_taxii_object) list = { 0 };
	struct pv_taxii_object *kept;
	struct pv_slice object;
	struct pv_status st;
	bool more = true;

	while (pv_ok(st = pv_stix_next(&w, doc, &object, &more, e)) && more) {
		struct pv_taxii_object *o;

		if (list.n == PV_TAXII_OBJECTS_MAX) {
			st = PV_FAIL(e, PV_E_LIMIT, "more than %d objects", PV_TAXII_OBJECTS_MAX);
			break;
		}
		o = PV_VEC_ADD(&list);
		*o = (struct pv_taxii_object){ .from = (uint64_t)(object.p - text.p) };
		o->to = o->from + object.n;
		read_one(object, doc, &canonical, a, o);
	}
	kept = pv_arena_alloc_n(a, list.n, sizeof(*kept));
	if (list.n != 0)
		memcpy(kept, list.at, list.n * sizeof(*kept));
	*out = kept;
	*n = list.n;
	PV_VEC_FREE(&list);
	return st;
}
