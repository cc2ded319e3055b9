/* SPDX-License-Identifier: Apache-2.0 */
/* usage: test_vocab vocab/ : every file there is drafts of terms that a new log takes from top to bottom. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/state.h"
#include "tap.h"
#include "wire/file.h"
#include "wire/record.h"

static struct pv_buf
read_whole(const char *dir, const char *name)
{
	char path[4096];
	struct pv_buf b = { 0 };
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return b;
	b.n = fread(pv_buf_room(&b, 1 << 20), 1, 1 << 20, f);
	fclose(f);
	return b;
}

/* A log in which nobody need sign, with a root that declares all of it. */
static struct pv_state *
new_log(struct pv_arena *a)
{
	struct pv_state *s = pv_state_new(PV_SLICE("co/orders"), true);
	struct pv_record *root = PV_ARENA_NEW(a, struct pv_record);
	struct pv_act act = { .record = root, .since = 1 };
	enum pv_applied applied;
	struct pv_err e;

	root->kind = PV_PARTY;
	root->id = PV_SLICE("p");
	root->issuer = root->party.name = PV_SLICE("co");
	root->time = 1;
	tap_ok(pv_ok(pv_state_apply(s, &act, &applied, &e)), "a log");
	return s;
}

static bool
says_both(const struct pv_texts *t)
{
	return t->n == 2 && pv_slice_is(t->at[0].lang, "en") && pv_slice_is(t->at[1].lang, "es");
}

static PV_RESULT
take(struct pv_state *s, struct pv_file *f, const struct pv_item *item, struct pv_arena *a,
    struct pv_err *e)
{
	struct pv_record *r = PV_ARENA_NEW(a, struct pv_record);
	struct pv_act act = { .record = r, .since = 1 };
	enum pv_applied applied;

	PV_TRY(pv_file_record(f, item, r, PV_READ_DRAFT, a, e));
	if (r->kind != PV_TERM || r->issuer.n != 0 || r->log.n != 0 || r->time != 0)
		return PV_FAIL(e, PV_E_INPUT, "a term is wanted, without issuer, log and time");
	if (!says_both(&r->term.names) ||
	    (r->term.tree == PV_PURPOSE &&
		(!says_both(&r->term.allows) || !says_both(&r->term.excludes))))
		return PV_FAIL(e, PV_E_INPUT, "texts in English and Spanish are wanted");
	if ((r->term.tree == PV_REGION) != (r->term.area.n != 0))
		return PV_FAIL(e, PV_E_INPUT, "a region has its area");
	if (!pv_slice_eq(item->raw, r->line))
		return PV_FAIL(e, PV_E_INPUT, "a canonical line is wanted");
	r->issuer = PV_SLICE("co");
	r->log = PV_SLICE("co/orders");
	r->time = 1;
	return pv_state_apply(s, &act, &applied, e);
}

static void
take_file(struct pv_state *s, const char *dir, const char *name, struct pv_arena *a)
{
	struct pv_buf bytes = read_whole(dir, name);
	struct pv_file f;
	struct pv_item item;
	struct pv_err e = { 0 };
	bool more = true, ok = pv_ok(pv_file_open(&f, pv_buf_slice(&bytes), name, &e));
	size_t n = 0;

	while (ok) {
		ok = pv_ok(pv_file_next(&f, &item, &more, a, &e));
		if (!ok || !more)
			break;
		ok = pv_ok(take(s, &f, &item, a, &e));
		n++;
	}
	if (!tap_ok(ok && n > 0, "%s holds %zu terms, each after its parent", name, n))
		tap_note("item %zu: %s: %s %s", n, e.field, e.what, e.fix);
	pv_file_close(&f);
	pv_buf_free(&bytes);
}

int
main(int argc, char **argv)
{
	static const char *const force[] = { "force", "force.nonlethal", "force.lethal",
		"force.targeting" };
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	PV_AUTO(pv_state_freep) struct pv_state *s = new_log(a);
	struct dirent **names = NULL;
	int n = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	bool ok = true;

	for (int i = 0; i < n; i++) {
		if (strstr(names[i]->d_name, ".jsonl") != NULL)
			take_file(s, argv[1], names[i]->d_name, a);
		free(names[i]);
	}
	free(names);
	for (size_t i = 0; i < s->by_kind[PV_TERM].n; i++) {
		const struct pv_term *t = &s->by_kind[PV_TERM].at[i]->r->term;

		ok = ok && t->not_grantable == pv_name_under(t->name, PV_SLICE("force"));
	}
	tap_ok(ok && s->by_kind[PV_TERM].n > 100,
	    "force and all below it, and nothing else, may not be granted");
	for (size_t i = 0; i < sizeof(force) / sizeof(force[0]); i++)
		tap_ok(pv_state_term(s, PV_PURPOSE, pv_slice_of(force[i])) != NULL &&
			   pv_state_not_grantable(s, PV_PURPOSE, pv_slice_of(force[i])),
		    "%s is declared and may not be granted", force[i]);
	return tap_done();
}
