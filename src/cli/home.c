/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/home.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/fail.h"
#include "cli/given.h"
#include "cli/remote.h"

const char *
pv_data_path(struct pv_run *r, const char *name)
{
	const char *places[] = { getenv("PROVISO_DATA"), PV_DATA_INSTALLED, PV_DATA_SOURCE, "." };
	struct stat st;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const char *path =
		    pv_arena_printf(r->arena, "%s/%s", places[i] != NULL ? places[i] : "", name).p;

		if (places[i] != NULL && stat(path, &st) == 0)
			return path;
	}
	return NULL;
}

PV_RESULT
pv_home_open(struct pv_run *r, struct pv_desk **out, struct pv_err *e)
{
	const char *gateway = pv_gateway_named(r);
	struct stat st;

	if (gateway != NULL)
		return pv_gateway_open(r, gateway, out, e);
	if (stat(r->home, &st) != 0)
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "there is no home at %s", r->home), e,
		    "%s. Or make one: proviso init --party NAME",
		    r->home_given ? "Name the right one with --home or PROVISO_HOME"
				  : "Name one with --home or PROVISO_HOME");
	return pv_desk_open(out, r->home, &r->env, e);
}

struct pv_unlock
pv_home_unlock(struct pv_run *r)
{
	struct pv_unlock unlock = { .passphrase = pv_ask_passphrase, .ctx = r };

	unlock.as = pv_option_split(r, "as", &unlock.as_count);
	if (!r->key_is_data)
		unlock.key_files = pv_option_split(r, "key", &unlock.key_file_count);
	return unlock;
}

/* ---- an act ---- */

PV_RESULT
pv_home_act_fill(struct pv_run *r, struct pv_desk *d, struct pv_record *record, struct pv_err *e)
{
	struct pv_slice issuer;

	record->id = r->act_id.n != 0 ? r->act_id : pv_option_slice(r, "id");
	PV_TRY(pv_given_name(r, "issuer", &issuer, e));
	record->issuer = issuer.n != 0 ? issuer : pv_desk_identity(d).party;
	record->exercise = pv_desk_identity(d).exercise;
	return pv_given_basis(r, &record->basis, e);
}

PV_RESULT
pv_home_act_enter(struct pv_run *r, struct pv_desk *d, struct pv_record *record,
    struct pv_apply_answer *out, struct pv_err *e)
{
	struct pv_unlock unlock = pv_home_unlock(r);
	bool draft = pv_given(r, "draft");

	PV_TRY(pv_desk_act(d, record, draft, &unlock, r->arena, out, e));
	if (out->error_count != 0) {
		*e = out->errors[0];
		e->source[0] = '\0'; /* the act has no file: its members were options */
		e->line = e->col = 0;
		return (struct pv_status){ e->code };
	}
	return draft ? pv_output_write(r, pv_option(r, "out"), out->notes, e) : PV_DONE;
}

static void
tell_json(struct pv_run *r, const struct pv_apply_answer *answer)
{
	struct pv_json_out out = { 0 };

	pv_json_begin(&out);
	pv_put_acts(&out.w, answer);
	pv_json_end(r, &out);
}

void
pv_put_acts(struct pv_jsonw *w, const struct pv_apply_answer *answer)
{
	static const char *const did[] = { [PV_DID_NOTHING] = "unchanged",
		[PV_DID_APPLY] = "applied",
		[PV_DID_HOLD] = "hold",
		[PV_DID_COMPLETE] = "completed",
		[PV_DID_SIGN] = "signed" };

	pv_jsonw_u64(w, "applied", answer->applied);
	pv_jsonw_u64(w, "unchanged", answer->unchanged);
	pv_jsonw_u64(w, "held", answer->held);
	pv_jsonw_u64(w, "log_size", answer->log_size);
	pv_jsonw_array(w, "acts");
	for (size_t i = 0; i < answer->act_count; i++) {
		const struct pv_act_done *a = &answer->acts[i];

		pv_jsonw_object(w, NULL);
		pv_jsonw_str(w, "kind", pv_slice_of(pv_kind_name(a->kind)));
		pv_jsonw_str(w, "id", a->id);
		pv_jsonw_str(w, "did", pv_slice_of(did[a->did]));
		if (a->did == PV_DID_APPLY || a->did == PV_DID_HOLD || a->did == PV_DID_COMPLETE)
			pv_jsonw_u64(w, "index", a->index);
		pv_jsonw_u64(w, "signers", a->signers);
		pv_jsonw_u64(w, "needs", a->needs);
		pv_jsonw_end(w);
	}
	pv_jsonw_end(w);
}

/* Whether the draft itself is on stdout: then nothing else may be. */
static bool
draft_on_stdout(const struct pv_run *r)
{
	const char *out = pv_option(r, "out");

	return pv_given(r, "draft") && (out == NULL || strcmp(out, "-") == 0);
}

int
pv_home_act_tell(struct pv_run *r, const struct pv_apply_answer *answer, const char *done)
{
	const struct pv_act_done *a = answer->acts;
	struct pv_screen *t = &r->term;

	if (draft_on_stdout(r) || answer->act_count == 0)
		return PV_EXIT_DONE;
	if (r->json) {
		tell_json(r, answer);
		return PV_EXIT_DONE;
	}
	switch (a->did) {
	case PV_DID_APPLY:
	case PV_DID_COMPLETE:
		pv_state_line(t, PV_STRONG, done, ": %.*s (order log %s).", PV_FMT(a->id),
		    pv_show_count(r->arena, a->index + 1));
		return PV_EXIT_DONE;
	case PV_DID_HOLD:
		pv_state_line(t, PV_STRONG, "HOLD",
		    ": %.*s is in force here on sight (order log %s).", PV_FMT(a->id),
		    pv_show_count(r->arena, a->index + 1));
		pv_para(t, "  ",
		    "Signed by %s of the %s officers that it needs. It lapses in 24 h unless more "
		    "sign: proviso "
		    "order sign %.*s",
		    pv_show_count(r->arena, a->signers), pv_show_count(r->arena, a->needs),
		    PV_FMT(a->id));
		return PV_EXIT_DONE;
	case PV_DID_SIGN:
		pv_state_line(t, PV_STRONG, "Signed",
		    ": %.*s, by %s of %s officers. Nothing is entered yet.", PV_FMT(a->id),
		    pv_show_count(r->arena, a->signers), pv_show_count(r->arena, a->needs));
		if (a->signers >= a->needs)
			pv_line(t, "  Enter it: proviso apply %s", pv_option(r, "out"));
		else
			pv_line(t,
			    "  The next officer: proviso sign %s --out SIGNED, then proviso apply "
			    "SIGNED",
			    pv_option(r, "out"));
		return PV_EXIT_DONE;
	case PV_DID_NOTHING:
		pv_state_line(t, PV_STRONG, "Unchanged", ": %.*s stands already.", PV_FMT(a->id));
		return PV_EXIT_DONE;
	}
	return PV_EXIT_BUG;
}

int
pv_home_act(struct pv_run *r, struct pv_record *record, const char *done)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_apply_answer answer = { 0 };
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)) || !pv_ok(pv_home_act_fill(r, d, record, &e)) ||
	    !pv_ok(pv_home_act_enter(r, d, record, &answer, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	return pv_home_act_tell(r, &answer, done);
}
