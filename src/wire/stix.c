/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STIX 2.1 (OASIS Standard, 10 June 2021): 2.9 identifiers, 3.2 common
 * properties, 7.2 data markings, 7.3 extensions. Ids of the TLP markings are
 * those of the published objects (TLP 1: STIX 2.1 7.2.1.4; TLP 2:
 * cti-stix-common-objects).
 */
#include "wire/stix.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "codec/hex.h"
#include "codec/rfc3339.h"
#include "core/words.h"
#include "crypto/hash.h"

#define EPOCH_PART 19 /* 2025-11-11T14:07:02 */
#define CREATED    "2026-01-01T00:00:00.000Z"

/* ---- names and times ---- */

bool
pv_stix_type_ok(struct pv_slice type)
{
	if (type.n < 3 || type.n > 250 || type.p[0] == '-' || type.p[type.n - 1] == '-')
		return false;
	for (size_t i = 0; i < type.n; i++) {
		char c = type.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
		if (c == '-' && type.p[i - 1] == '-')
			return false;
	}
	return true;
}

static bool
uuid_ok(struct pv_slice s)
{
	if (s.n != PV_STIX_UUID)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

bool
pv_stix_id_ok(struct pv_slice id, struct pv_slice *type)
{
	struct pv_slice t;

	if (id.n < PV_STIX_UUID + 2 || !uuid_ok(pv_slice_sub(id, id.n - PV_STIX_UUID, id.n)))
		return false;
	t = pv_slice_sub(id, 0, id.n - PV_STIX_UUID);
	if (t.n < 2 || t.p[t.n - 1] != '-' || t.p[t.n - 2] != '-')
		return false;
	t = pv_slice_sub(t, 0, t.n - 2);
	if (!pv_stix_type_ok(t))
		return false;
	if (type != NULL)
		*type = t;
	return true;
}

bool
pv_stix_time_read(struct pv_slice text, uint64_t *us)
{
	char whole[EPOCH_PART + 1];
	uint64_t seconds, micro = 0, unit = 100000;

	if (text.n < EPOCH_PART + 1 || text.n > 64 || text.p[text.n - 1] != 'Z')
		return false;
	memcpy(whole, text.p, EPOCH_PART);
	whole[EPOCH_PART] = 'Z';
	if (!pv_time_read(pv_slice_mem(whole, sizeof(whole)), &seconds))
		return false;
	if (text.n > EPOCH_PART + 1 && (text.p[EPOCH_PART] != '.' || text.n == EPOCH_PART + 2))
		return false;
	for (size_t i = EPOCH_PART + 1; i + 1 < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		micro += (uint64_t)(text.p[i] - '0') * unit;
		unit /= 10;
	}
	*us = seconds * 1000000 + micro;
	return true;
}

void
pv_stix_time_write(struct pv_buf *out, uint64_t us)
{
	pv_time_write(out, us / 1000000);
	out->n--; /* the Z */
	pv_buf_addf(out, ".%06uZ", (unsigned)(us % 1000000));
}

void
pv_stix_uuid_of(const uint8_t raw[16], unsigned version, char out[PV_STIX_UUID + 1])
{
	uint8_t u[16];

	memcpy(u, raw, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0f) | version << 4);
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	snprintf(out, PV_STIX_UUID + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
	    u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
	    u[15]);
}

void
pv_stix_uuid4(struct pv_slice name, char out[PV_STIX_UUID + 1])
{
	uint8_t hash[PV_HASH];

	pv_hash(name, hash);
	pv_stix_uuid_of(hash, 4, out);
}

/* RFC 4122 4.3; the name space is the UUID of our extension. */
void
pv_stix_uuid5(struct pv_slice name, char out[PV_STIX_UUID + 1])
{
	static const uint8_t space[16] = { 0xe9, 0x92, 0x13, 0xf7, 0x2e, 0x52, 0x43, 0x92, 0xa9,
		0x09, 0xc0, 0x60, 0x01, 0x14, 0x2b, 0x71 };
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	uint8_t hash[EVP_MAX_MD_SIZE] = { 0 };
	size_t n = sizeof(hash);

	pv_buf_add_mem(&b, space, sizeof(space));
	pv_buf_add(&b, name);
	if (EVP_Q_digest(NULL, "SHA1", NULL, b.p, b.n, hash, &n) != 1)
		pv_hash(
		    pv_buf_slice(&b), hash); /* a libcrypto without SHA-1: still one name, one id */
	pv_stix_uuid_of(hash, 5, out);
}

/* ---- TLP ---- */

static const struct {
	const char *uuid;
	enum pv_tlp tlp;
} published_tlp[] = {
	{ "613f2e26-407d-48c7-9eca-b8e91df99dc9", PV_TLP_CLEAR },
	{ "34098fce-860f-48ae-8e50-ebd3cc5e41da", PV_TLP_GREEN },
	{ "f88d31f6-486f-44da-b317-01333bde0b82", PV_TLP_AMBER },
	{ "5e57c739-391a-4eb3-b6be-7d15ca92d5ed", PV_TLP_RED },
	{ "94868c89-83c2-464b-929b-a1a8aa3c8487", PV_TLP_CLEAR },
	{ "bab4a63c-aed9-4cf5-a766-dfca5abac2bb", PV_TLP_GREEN },
	{ "55d920b0-5e8b-4f79-9ee9-91f868d9b421", PV_TLP_AMBER },
	{ "939a9414-2ddd-4d32-a0cd-375ea402b003", PV_TLP_AMBER_STRICT },
	{ "e828b379-4e03-4974-9ac4-e53a884c97c1", PV_TLP_RED },
};

enum pv_tlp
pv_stix_tlp(struct pv_slice id)
{
	const struct pv_slice prefix = PV_SLICE("marking-definition--");

	if (!pv_slice_starts(id, prefix))
		return PV_TLP_NONE;
	for (size_t i = 0; i < sizeof(published_tlp) / sizeof(published_tlp[0]); i++)
		if (pv_slice_is(pv_slice_sub(id, prefix.n, id.n), published_tlp[i].uuid))
			return published_tlp[i].tlp;
	return PV_TLP_NONE;
}

/* ---- members ---- */

struct reading {
	const struct pv_json *doc;
	struct pv_arena *a;
	struct pv_err *e;
};

static const struct pv_json_node *
member(const struct reading *r, uint32_t object, const char *name)
{
	return pv_json_at(r->doc, pv_json_member(r->doc, object, pv_slice_of(name)));
}

static uint32_t
member_at(const struct reading *r, uint32_t object, const char *name)
{
	return pv_json_member(r->doc, object, pv_slice_of(name));
}

/* Empty when it is not there. */
static PV_RESULT
take_text(const struct reading *r, uint32_t object, const char *name, struct pv_slice *out)
{
	const struct pv_json_node *n = member(r, object, name);

	if (n == NULL)
		return PV_DONE;
	if (n->type != PV_JSON_STRING || n->text.n == 0)
		return PV_FAIL(r->e, PV_E_INPUT, "\"%s\" is not a text", name);
	*out = pv_arena_copy(r->a, n->text);
	return PV_DONE;
}

static PV_RESULT
take_names(const struct reading *r, uint32_t object, const char *name, bool dotted, bool *has,
    struct pv_names *out)
{
	const struct pv_json_node *list = member(r, object, name);
	struct pv_slice *at;
	size_t n = 0;

	if (list == NULL)
		return PV_DONE;
	if (list->type != PV_JSON_ARRAY || list->count > PV_STIX_LIST)
		return PV_FAIL(r->e, PV_E_INPUT, "\"%s\" is not a list of at most %d names", name,
		    PV_STIX_LIST);
	at = pv_arena_alloc_n(r->a, list->count, sizeof(*at));
	for (uint32_t i = list->first; i != PV_JSON_NONE; i = pv_json_at(r->doc, i)->next) {
		const struct pv_json_node *one = pv_json_at(r->doc, i);

		if (one->type != PV_JSON_STRING || one->text.n == 0 || one->text.n > 200 ||
		    (dotted && !pv_name_ok(one->text)))
			return PV_FAIL(
			    r->e, PV_E_INPUT, "\"%s\" holds something that is not a name", name);
		at[n++] = pv_arena_copy(r->a, one->text);
	}
	*out = (struct pv_names){ at, n };
	if (has != NULL)
		*has = true;
	return PV_DONE;
}

static PV_RESULT
check_time(
    const struct reading *r, uint32_t object, const char *name, struct pv_slice *text, uint64_t *us)
{
	PV_TRY(take_text(r, object, name, text));
	if (text->n != 0 && !pv_stix_time_read(*text, us))
		return PV_FAIL(r->e, PV_E_INPUT, "\"%s\" is \"%.*s\", which is no timestamp", name,
		    (int)(text->n < 40 ? text->n : 40), text->p);
	return PV_DONE;
}

/* ---- markings of an object ---- */

static PV_RESULT
add_marking(const struct reading *r, const struct pv_json_node *ref, struct pv_slice *at, size_t *n)
{
	struct pv_slice type;

	if (ref == NULL || ref->type != PV_JSON_STRING || !pv_stix_id_ok(ref->text, &type) ||
	    !pv_slice_is(type, "marking-definition"))
		return PV_FAIL(
		    r->e, PV_E_INPUT, "a marking is not named by a marking-definition's id");
	for (size_t i = 0; i < *n; i++)
		if (pv_slice_eq(at[i], ref->text))
			return PV_DONE;
	if (*n == PV_STIX_MARKINGS)
		return PV_FAIL(r->e, PV_E_LIMIT, "more than %d markings", PV_STIX_MARKINGS);
	at[(*n)++] = pv_arena_copy(r->a, ref->text);
	return PV_DONE;
}

/* "labels.[0]" in STIX 7.2.3, "labels[0]" in pv_json_path. */
static bool
selects(const struct reading *r, uint32_t root, struct pv_slice selector)
{
	PV_AUTO(pv_buf_free) struct pv_buf path = { 0 };

	for (size_t i = 0; i < selector.n; i++)
		if (!(selector.p[i] == '.' && i + 1 < selector.n && selector.p[i + 1] == '['))
			pv_buf_add_c(&path, selector.p[i]);
	return selector.n != 0 && pv_json_path(r->doc, root, pv_buf_slice(&path)) != PV_JSON_NONE;
}

static PV_RESULT
take_granular(const struct reading *r, uint32_t one, struct pv_slice *at, size_t *n)
{
	const struct pv_json_node *o = pv_json_at(r->doc, one), *selectors, *ref, *lang;

	if (o->type != PV_JSON_OBJECT)
		return PV_FAIL(r->e, PV_E_INPUT, "a granular marking is not an object");
	selectors = member(r, one, "selectors");
	ref = member(r, one, "marking_ref");
	lang = member(r, one, "lang");
	if (selectors == NULL || selectors->type != PV_JSON_ARRAY || selectors->count == 0 ||
	    (ref == NULL) == (lang == NULL))
		return PV_FAIL(r->e, PV_E_INPUT,
		    "a granular marking needs selectors, and either marking_ref or lang");
	for (uint32_t i = selectors->first; i != PV_JSON_NONE; i = pv_json_at(r->doc, i)->next) {
		const struct pv_json_node *s = pv_json_at(r->doc, i);

		if (s->type != PV_JSON_STRING || !selects(r, 0, s->text))
			return PV_FAIL(
			    r->e, PV_E_INPUT, "a granular marking selects what is not there");
	}
	return ref != NULL ? add_marking(r, ref, at, n) : PV_DONE;
}

/* A marking of a part counts for the whole: what leaves, leaves whole. */
static PV_RESULT
take_markings(const struct reading *r, struct pv_names *out)
{
	struct pv_slice *at = pv_arena_alloc_n(r->a, PV_STIX_MARKINGS, sizeof(*at));
	const struct pv_json_node *refs = member(r, 0, "object_marking_refs");
	const struct pv_json_node *granular = member(r, 0, "granular_markings");
	size_t n = 0;

	if ((refs != NULL && (refs->type != PV_JSON_ARRAY || refs->count == 0)) ||
	    (granular != NULL && (granular->type != PV_JSON_ARRAY || granular->count == 0)))
		return PV_FAIL(r->e, PV_E_INPUT, "markings must be a list, and not an empty one");
	for (uint32_t i = refs != NULL ? refs->first : PV_JSON_NONE; i != PV_JSON_NONE;
	     i = pv_json_at(r->doc, i)->next)
		PV_TRY(add_marking(r, pv_json_at(r->doc, i), at, &n));
	for (uint32_t i = granular != NULL ? granular->first : PV_JSON_NONE; i != PV_JSON_NONE;
	     i = pv_json_at(r->doc, i)->next)
		PV_TRY(take_granular(r, i, at, &n));
	*out = (struct pv_names){ at, n };
	return PV_DONE;
}

/* ---- what a marking-definition says ---- */

static bool
read_tlp(struct pv_slice word, enum pv_tlp *out)
{
	static const struct {
		const char *word;
		enum pv_tlp tlp;
	} words[] = { { "white", PV_TLP_CLEAR }, { "clear", PV_TLP_CLEAR },
		{ "green", PV_TLP_GREEN }, { "amber", PV_TLP_AMBER },
		{ "amber+strict", PV_TLP_AMBER_STRICT }, { "red", PV_TLP_RED } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pv_slice_is(word, words[i].word)) {
			*out = words[i].tlp;
			return true;
		}
	return false;
}

static PV_RESULT
read_ours(const struct reading *r, uint32_t x, struct pv_stix_claim *c)
{
	static const char *const known[] = { "extension_type", "permitted_purposes",
		"forbidden_purposes", "releasable_to", "topics", "regions", "obligations",
		"originator", "not_after", "policy_digest", "tlp" };
	struct pv_slice until = { 0 }, tlp = { 0 };
	uint64_t us = 0;

	/* a caveat that we do not know is a caveat all the same */
	for (uint32_t i = pv_json_at(r->doc, x)->first; i != PV_JSON_NONE;
	     i = pv_json_at(r->doc, i)->next) {
		bool is = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			is = is || pv_slice_is(pv_json_at(r->doc, i)->name, known[k]);
		if (!is)
			return PV_FAIL(r->e, PV_E_INPUT,
			    "the purpose marking has a member that is not known: \"%.*s\"",
			    PV_FMT(pv_json_at(r->doc, i)->name));
	}
	c->ours = true;
	PV_TRY(take_names(r, x, "permitted_purposes", true, &c->has_permitted, &c->permitted));
	PV_TRY(take_names(r, x, "forbidden_purposes", true, NULL, &c->forbidden));
	PV_TRY(take_names(r, x, "releasable_to", true, &c->has_releasable_to, &c->releasable_to));
	PV_TRY(take_names(r, x, "topics", true, NULL, &c->topics));
	PV_TRY(take_names(r, x, "regions", true, NULL, &c->regions));
	PV_TRY(take_text(r, x, "originator", &c->originator));
	if (c->originator.n != 0 && !pv_name_ok(c->originator))
		return PV_FAIL(r->e, PV_E_INPUT, "the purpose marking's originator is no party");
	PV_TRY(check_time(r, x, "not_after", &until, &us));
	if (until.n != 0)
		c->not_after = us / 1000000;
	PV_TRY(take_text(r, x, "tlp", &tlp));
	if (tlp.n != 0 && !read_tlp(tlp, &c->tlp))
		return PV_FAIL(r->e, PV_E_INPUT, "the purpose marking's tlp is not one");
	return PV_DONE;
}

static bool
only_all(const struct reading *r, uint32_t scope, const char *name)
{
	const struct pv_json_node *list = member(r, scope, name);

	return list == NULL || (list->type == PV_JSON_ARRAY && list->count == 1 &&
				   pv_json_at(r->doc, list->first)->type == PV_JSON_STRING &&
				   pv_slice_is(pv_json_at(r->doc, list->first)->text, "ALL"));
}

static bool
scope_is_all(const struct reading *r, uint32_t privilege)
{
	uint32_t scope = member_at(r, privilege, "privilege_scope");

	if (scope == PV_JSON_NONE)
		return true;
	return pv_json_at(r->doc, scope)->type == PV_JSON_OBJECT &&
	       only_all(r, scope, "permitted_nationalities") &&
	       only_all(r, scope, "permitted_organizations") && only_all(r, scope, "entity") &&
	       only_all(r, scope, "shareability");
}

/*
 * ACS 3.0: who may do what, with a default. Actions are mapped; a permission that is bound to nationalities,
 * organizations, entities or communities is not one that we can judge, so it permits nothing here. A denial counts
 * whatever its scope. Handling by control sets (formal determination, caveats) is not understood.
 */
static PV_RESULT
read_acs(const struct reading *r, uint32_t x, struct pv_stix_claim *c)
{
	const struct pv_json_node *list = member(r, x, "access_privilege");
	struct pv_slice policy = { 0 };
	struct pv_slice *permit, *deny;
	size_t permits = 0, denies = 0, count;

	c->acs = true;
	PV_TRY(take_text(r, x, "policy_reference", &policy));
	for (size_t i = 0; i + 18 <= policy.n; i++)
		c->acs_permits =
		    c->acs_permits || memcmp(policy.p + i, "privdefault=permit", 18) == 0;
	if (member(r, x, "control_set") != NULL || member(r, x, "further_sharing") != NULL)
		c->foreign = true;
	if (list != NULL && (list->type != PV_JSON_ARRAY || list->count > PV_STIX_LIST))
		return PV_FAIL(r->e, PV_E_INPUT, "access_privilege is not a list");
	count = list != NULL ? list->count : 0;
	permit = pv_arena_alloc_n(r->a, count, sizeof(*permit));
	deny = pv_arena_alloc_n(r->a, count, sizeof(*deny));
	for (uint32_t i = list != NULL ? list->first : PV_JSON_NONE; i != PV_JSON_NONE;
	     i = pv_json_at(r->doc, i)->next) {
		struct pv_slice action = { 0 }, effect = { 0 };

		if (pv_json_at(r->doc, i)->type != PV_JSON_OBJECT)
			return PV_FAIL(r->e, PV_E_INPUT, "an access_privilege is not an object");
		PV_TRY(take_text(r, i, "privilege_action", &action));
		PV_TRY(take_text(r, i, "rule_effect", &effect));
		if (pv_slice_is(effect, "deny"))
			deny[denies++] = action;
		else if (pv_slice_is(effect, "permit") && scope_is_all(r, i))
			permit[permits++] = action;
	}
	c->acs_permit = (struct pv_names){ permit, permits };
	c->acs_deny = (struct pv_names){ deny, denies };
	return PV_DONE;
}

static PV_RESULT
read_extensions(const struct reading *r, uint32_t all, struct pv_stix_claim *c)
{
	const struct pv_json_node *n = pv_json_at(r->doc, all);

	if (n->type != PV_JSON_OBJECT)
		return PV_FAIL(r->e, PV_E_INPUT, "\"extensions\" is not an object");
	for (uint32_t i = n->first; i != PV_JSON_NONE; i = pv_json_at(r->doc, i)->next) {
		const struct pv_json_node *x = pv_json_at(r->doc, i);
		struct pv_slice word = { 0 };

		if (x->type != PV_JSON_OBJECT)
			return PV_FAIL(r->e, PV_E_INPUT, "an extension is not an object");
		if (pv_slice_is(x->name, PV_STIX_EXTENSION)) {
			PV_TRY(read_ours(r, i, c));
		} else if (pv_slice_is(x->name, PV_STIX_TLP2)) {
			PV_TRY(take_text(r, i, "tlp_2_0", &word));
			if (!read_tlp(word, &c->tlp))
				return PV_FAIL(r->e, PV_E_INPUT, "tlp_2_0 is not one");
		} else if (pv_slice_is(x->name, PV_STIX_ACS)) {
			PV_TRY(read_acs(r, i, c));
		} else {
			c->foreign = true;
		}
	}
	return PV_DONE;
}

static PV_RESULT
read_claim(const struct reading *r, struct pv_slice id, struct pv_stix_claim *c)
{
	uint32_t extensions = member_at(r, 0, "extensions"), old = member_at(r, 0, "definition");
	struct pv_slice kind = { 0 }, word = { 0 };

	c->given = true;
	c->tlp = pv_stix_tlp(id);
	PV_TRY(take_text(r, 0, "definition_type", &kind));
	if (extensions == PV_JSON_NONE && (kind.n == 0 || old == PV_JSON_NONE))
		return PV_FAIL(r->e, PV_E_INPUT, "a marking-definition that defines nothing");
	if (old != PV_JSON_NONE && pv_json_at(r->doc, old)->type != PV_JSON_OBJECT)
		return PV_FAIL(r->e, PV_E_INPUT, "\"definition\" is not an object");
	if (pv_slice_is(kind, "tlp") && old != PV_JSON_NONE) {
		PV_TRY(take_text(r, old, "tlp", &word));
		if (c->tlp == PV_TLP_NONE || !read_tlp(word, &c->tlp) || c->tlp != pv_stix_tlp(id))
			return PV_FAIL(r->e, PV_E_INPUT,
			    "a TLP marking of its own: only the published ones may be used");
	} else if (pv_slice_is(kind, "statement")) {
		c->words = true;
	} else if (kind.n != 0) {
		c->foreign = true;
	}
	return extensions != PV_JSON_NONE ? read_extensions(r, extensions, c) : PV_DONE;
}

/* ---- an object ---- */

static PV_RESULT
read_spec(const struct reading *r, struct pv_stix *s, bool dated)
{
	PV_TRY(take_text(r, 0, "spec_version", &s->spec_version));
	if (s->spec_version.n ==
	    0) /* TAXII 2.1 3.4: objects of 2.0 have none; observables may leave it out */
		s->spec_version = dated ? PV_SLICE("2.0") : PV_SLICE("2.1");
	if (!pv_slice_is(s->spec_version, "2.1") && !pv_slice_is(s->spec_version, "2.0"))
		return PV_FAIL(r->e, PV_E_INPUT, "spec_version \"%.*s\" is not known here",
		    (int)(s->spec_version.n < 20 ? s->spec_version.n : 20), s->spec_version.p);
	return PV_DONE;
}

PV_RESULT
pv_stix_read(struct pv_stix *out, struct pv_json *doc, struct pv_slice text, struct pv_arena *a,
    struct pv_err *e)
{
	struct reading r = { doc, a, e };
	struct pv_stix s = { 0 };
	struct pv_slice type, created = { 0 }, modified = { 0 }, by = { 0 };
	uint64_t created_us = 0, modified_us = 0;

	PV_TRY(pv_json_reread(doc, text, PV_STIX_OBJECT_MAX, e));
	if (pv_json_at(doc, 0)->type != PV_JSON_OBJECT)
		return PV_FAIL(e, PV_E_INPUT, "not an object");
	PV_TRY(take_text(&r, 0, "id", &s.id));
	PV_TRY(take_text(&r, 0, "type", &s.type));
	if (s.id.n == 0 || s.type.n == 0)
		return PV_FAIL(
		    e, PV_E_INPUT, "an object without \"%s\"", s.id.n == 0 ? "id" : "type");
	if (!pv_stix_id_ok(s.id, &type))
		return PV_FAIL(e, PV_E_INPUT, "\"id\" is not type--uuid");
	if (!pv_slice_eq(type, s.type))
		return PV_FAIL(e, PV_E_INPUT, "\"type\" is not that of \"id\"");
	PV_TRY(check_time(&r, 0, "created", &created, &created_us));
	PV_TRY(check_time(&r, 0, "modified", &modified, &modified_us));
	if (modified.n != 0 && created.n != 0 && modified_us < created_us)
		return PV_FAIL(e, PV_E_INPUT, "modified before it was created");
	s.version = modified.n != 0 ? modified : created;
	PV_TRY(read_spec(&r, &s, s.version.n != 0));
	PV_TRY(take_text(&r, 0, "created_by_ref", &by));
	if (by.n != 0 && (!pv_stix_id_ok(by, &type) || !pv_slice_is(type, "identity")))
		return PV_FAIL(e, PV_E_INPUT, "created_by_ref is not an identity's id");
	PV_TRY(take_markings(&r, &s.markings));
	if (pv_slice_is(s.type, "marking-definition"))
		PV_TRY(read_claim(&r, s.id, &s.claim));
	*out = s;
	return PV_DONE;
}

/* ---- the envelope ---- */

enum { BEGIN = 0, MEMBERS, OBJECTS, AFTER, END };

static void
skip_blanks(struct pv_stix_envelope *w)
{
	while (w->at < w->text.n && strchr(" \t\r\n", w->text.p[w->at]) != NULL && w->text.p[w->at])
		w->at++;
}

static bool
take_char(struct pv_stix_envelope *w, char c)
{
	skip_blanks(w);
	if (w->at == w->text.n || w->text.p[w->at] != c)
		return false;
	w->at++;
	return true;
}

/* Where the value at w->at ends, by its brackets and quotes alone; what is within is read by who takes it. */
static bool
value_extent(const struct pv_stix_envelope *w, size_t *end)
{
	size_t depth = 0, i = w->at;
	bool quoted = false;

	for (; i < w->text.n; i++) {
		char c = w->text.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				break;
			if (--depth == 0) {
				i++;
				break;
			}
			continue;
		} else if (depth == 0 && (c == ',' || c == ':')) {
			break;
		}
	}
	*end = i < w->text.n ? i : w->text.n;
	return !quoted && depth == 0 && *end > w->at;
}

static PV_RESULT
not_one(const struct pv_stix_envelope *w, struct pv_err *e)
{
	return PV_FAIL(e, PV_E_INPUT, "the envelope is not JSON at byte %zu", w->at);
}

/* The next member's name; at "objects" it stops within the list. */
static PV_RESULT
next_member(struct pv_stix_envelope *w, struct pv_json *doc, struct pv_err *e)
{
	struct pv_slice name;
	size_t end;
	bool objects;

	skip_blanks(w);
	if (!value_extent(w, &end) || w->text.p[w->at] != '"')
		return not_one(w, e);
	PV_TRY(pv_json_reread(doc, pv_slice_sub(w->text, w->at, end), 1024, e));
	name = pv_json_at(doc, 0)->text;
	objects = pv_slice_is(name, "objects");
	if (objects && w->seen)
		return PV_FAIL(e, PV_E_INPUT, "the envelope has \"objects\" twice");
	w->at = end;
	if (!take_char(w, ':'))
		return not_one(w, e);
	if (objects) {
		w->seen = true;
		if (!take_char(w, '['))
			return PV_FAIL(e, PV_E_INPUT, "\"objects\" is not a list");
		if (take_char(w, ']'))
			return PV_FAIL(e, PV_E_INPUT,
			    "\"objects\" is empty: an empty list is left out (TAXII 2.1 2)");
		w->state = OBJECTS;
		return PV_DONE;
	}
	skip_blanks(w);
	if (!value_extent(w, &end))
		return not_one(w, e);
	PV_TRY(pv_json_reread(doc, pv_slice_sub(w->text, w->at, end), 65536, e));
	w->at = end;
	w->state = AFTER;
	return PV_DONE;
}

PV_RESULT
pv_stix_next(struct pv_stix_envelope *w, struct pv_json *doc, struct pv_slice *object, bool *more,
    struct pv_err *e)
{
	size_t end;

	*more = false;
	if (w->state == BEGIN) {
		if (!take_char(w, '{'))
			return PV_FAIL(e, PV_E_INPUT, "the envelope is not an object");
		w->state = take_char(w, '}') ? END : MEMBERS;
	}
	for (;;) {
		if (w->state == MEMBERS)
			PV_TRY(next_member(w, doc, e));
		if (w->state == OBJECTS) {
			skip_blanks(w);
			if (!value_extent(w, &end))
				return not_one(w, e);
			*object = pv_slice_trim(pv_slice_sub(w->text, w->at, end));
			*more = true;
			w->at = end;
			if (!take_char(w, ',')) {
				if (!take_char(w, ']'))
					return not_one(w, e);
				w->state = AFTER;
			}
			return PV_DONE;
		}
		if (w->state == AFTER) {
			if (take_char(w, ','))
				w->state = MEMBERS;
			else if (take_char(w, '}'))
				w->state = END;
			else
				return not_one(w, e);
		}
		if (w->state == END) {
			skip_blanks(w);
			return w->at == w->text.n ? PV_DONE : not_one(w, e);
		}
	}
}

/* ---- our marking ---- */

static void
write_names(struct pv_jsonw *w, const char *name, const struct pv_names *names)
{
	pv_jsonw_array(w, name);
	for (size_t i = 0; i < names->n; i++)
		pv_jsonw_str(w, NULL, names->at[i]);
	pv_jsonw_end(w);
}

static struct pv_slice
tlp_word(enum pv_tlp tlp)
{
	switch (tlp) {
	case PV_TLP_NONE:
		return PV_NO_SLICE;
	case PV_TLP_CLEAR:
		return PV_SLICE("clear");
	case PV_TLP_GREEN:
		return PV_SLICE("green");
	case PV_TLP_AMBER:
		return PV_SLICE("amber");
	case PV_TLP_AMBER_STRICT:
		return PV_SLICE("amber+strict");
	case PV_TLP_RED:
		return PV_SLICE("red");
	}
	return PV_NO_SLICE;
}

/* Members in the order of RFC 8785; empty lists that mean nothing are left out. */
static void
write_condition(struct pv_jsonw *w, const struct pv_stix_condition *c)
{
	PV_AUTO(pv_buf_free) struct pv_buf until = { 0 };
	const struct pv_slice no_onward = PV_SLICE("no-onward");
	const struct pv_names obligations = { &no_onward, 1 };

	if (c->never.n != 0)
		write_names(w, "forbidden_purposes", &c->never);
	if (c->not_after != 0) {
		pv_stix_time_write(&until, c->not_after * 1000000);
		pv_jsonw_str(w, "not_after", pv_buf_slice(&until));
	}
	if (c->no_onward)
		write_names(w, "obligations", &obligations);
	pv_jsonw_str(w, "originator", c->originator);
	if (c->has_permitted)
		write_names(w, "permitted_purposes", &c->permitted);
	if (c->regions.n != 0)
		write_names(w, "regions", &c->regions);
	if (c->has_releasable_to)
		write_names(w, "releasable_to", &c->releasable_to);
	if (c->tlp != PV_TLP_NONE)
		pv_jsonw_str(w, "tlp", tlp_word(c->tlp));
	if (c->topics.n != 0)
		write_names(w, "topics", &c->topics);
}

static void
say_names(struct pv_buf *out, const char *what, const struct pv_names *names, const char *none)
{
	pv_buf_add_str(out, what);
	for (size_t i = 0; i < names->n; i++) {
		pv_buf_add_str(out, i == 0 ? " " : ", ");
		pv_buf_add(out, names->at[i]);
	}
	if (names->n == 0)
		pv_buf_add_str(out, none);
	pv_buf_add_str(out, ".");
}

static void
say_condition(struct pv_buf *out, const struct pv_stix_condition *c)
{
	pv_buf_add_str(out, "Originator: ");
	pv_buf_add(out, c->originator);
	pv_buf_add_str(out, ".");
	if (c->has_permitted)
		say_names(out, " Only for:", &c->permitted, " no purpose");
	if (c->never.n != 0)
		say_names(out, " Never for:", &c->never, "");
	if (c->has_releasable_to)
		say_names(out, " Releasable to:", &c->releasable_to, " nobody else");
	if (c->no_onward)
		pv_buf_add_str(out, " Not to be given on.");
	if (c->not_after != 0) {
		pv_buf_add_str(out, " Not after ");
		pv_time_write(out, c->not_after);
		pv_buf_add_str(out, ".");
	}
	pv_buf_add_str(out, " For any other use or recipient, ask the originator.");
}

void
pv_stix_marking_write(
    const struct pv_stix_condition *c, struct pv_arena *a, struct pv_slice *id, struct pv_buf *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf canonical = { 0 }, words = { 0 };
	struct pv_jsonw w = { .out = &canonical };
	char uuid[PV_STIX_UUID + 1], hex[2 * PV_HASH + 1];

	pv_jsonw_object(&w, NULL);
	write_condition(&w, c);
	pv_jsonw_end(&w);
	pv_stix_uuid5(pv_buf_slice(&canonical), uuid);
	pv_hash_hex(pv_buf_slice(&canonical), hex);
	*id = pv_arena_printf(a, "marking-definition--%s", uuid);
	say_condition(&words, c);
	w = (struct pv_jsonw){ .out = out };
	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "type", PV_SLICE("marking-definition"));
	pv_jsonw_str(&w, "spec_version", PV_SLICE("2.1"));
	pv_jsonw_str(&w, "id", *id);
	pv_jsonw_str(&w, "created", PV_SLICE(CREATED));
	pv_jsonw_str(&w, "name", pv_arena_printf(a, "Conditions of %.*s", PV_FMT(c->originator)));
	pv_jsonw_str(&w, "definition_type", PV_SLICE("statement"));
	pv_jsonw_object(&w, "definition");
	pv_jsonw_str(&w, "statement", pv_buf_slice(&words));
	pv_jsonw_end(&w);
	pv_jsonw_object(&w, "extensions");
	pv_jsonw_object(&w, PV_STIX_EXTENSION);
	pv_jsonw_str(&w, "extension_type", PV_SLICE("property-extension"));
	write_condition(&w, c);
	pv_jsonw_str(&w, "policy_digest", pv_arena_printf(a, "sha256:%s", hex));
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
}

void
pv_stix_extension_write(struct pv_buf *out)
{
	struct pv_jsonw w = { .out = out };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_str(&w, "type", PV_SLICE("extension-definition"));
	pv_jsonw_str(&w, "spec_version", PV_SLICE("2.1"));
	pv_jsonw_str(&w, "id", PV_SLICE(PV_STIX_EXTENSION));
	pv_jsonw_str(
	    &w, "created_by_ref", PV_SLICE("identity--1672143d-0728-4fa6-8874-477528654ef3"));
	pv_jsonw_str(&w, "created", PV_SLICE(CREATED));
	pv_jsonw_str(&w, "modified", PV_SLICE(CREATED));
	pv_jsonw_str(&w, "name", PV_SLICE("Purpose marking"));
	pv_jsonw_str(&w, "description",
	    PV_SLICE("What an object may be used for, never be used for, and to whom it may be "
		     "given, as its originator states it."));
	pv_jsonw_str(&w, "schema", PV_SLICE("docs/protocol/taxii.md of Proviso"));
	pv_jsonw_str(&w, "version", PV_SLICE("1.0.0"));
	pv_jsonw_array(&w, "extension_types");
	pv_jsonw_str(&w, NULL, PV_SLICE("property-extension"));
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
}
