/* SPDX-License-Identifier: Apache-2.0 */
/* passport: what a person of ours shows at a partner's gateway. It goes to stdout alone. */
#include <pwd.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "cli/remote.h"
#include "desk/passport.h"

static PV_RESULT
read_ask(struct pv_run *r, struct pv_passport_ask *ask, struct pv_err *e)
{
	ask->audience = pv_option_slice(r, "for");
	PV_TRY(pv_given_name(r, "purpose", &ask->purpose, e));
	PV_TRY(pv_given_roles(r, &ask->roles, e));
	PV_TRY(pv_given_span(r, "ttl", &ask->ttl_s, e));
	if (ask->audience.n == 0)
		return PV_USAGE(r, e, "--for is missing: at whose order log will it be shown?");
	if (ask->purpose.n == 0)
		return PV_USAGE(r, e, "--purpose is missing: a passport states one");
	return PV_DONE;
}

/* On a home it is the person at the keyboard; through a gateway who the credential is of. */
static struct pv_caller
who_asks(struct pv_run *r, const struct pv_desk *d)
{
	const struct passwd *user = getpwuid(getuid());
	struct pv_slice person = pv_slice_of(user != NULL ? user->pw_name : "");

	return pv_caller_local(d, pv_given(r, "person") ? pv_option_slice(r, "person") : person);
}

static int
tell_issued(struct pv_run *r, const struct pv_passport_ask *ask, const struct pv_passport_answer *p)
{
	struct pv_json_out out;

	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "id", p->id);
		pv_jsonw_str(&out.w, "passport", p->token);
		pv_put_time(&out.w, "until", p->until_s);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_raw(&r->term, p->token);
	pv_raw(&r->term, PV_SLICE("\n"));
	pv_state_note(&r->term, PV_STRONG, "Issued", ": %.*s for %.*s at %.*s, until %s.",
	    PV_FMT(p->id), PV_FMT(ask->purpose), PV_FMT(ask->audience),
	    pv_show_time(r->arena, p->until_s));
	return PV_EXIT_DONE;
}

static int
run_passport(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_passport_ask ask = { 0 };
	struct pv_passport_answer p = { 0 };
	struct pv_refusal refusal = { .told = &p.refused, .undone = "No passport was issued." };
	struct pv_caller who;
	struct pv_err e;

	r->undone = "No passport was issued";
	if (!pv_ok(read_ask(r, &ask, &e)) || !pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	who = who_asks(r, d);
	if (!pv_ok(pv_desk_passport(d, &who, &ask, r->arena, &p, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (p.issued)
		return tell_issued(r, &ask, &p);
	refusal.party = refusal.own = pv_desk_identity(d).party;
	refusal.purpose = ask.purpose;
	refusal.journal = pv_desk_identity(d).journal;
	return pv_tell_refusal(r, &refusal);
}

static const struct pv_opt passport_options[] = {
	{ "for", 0, "ORIGIN", "the partner's order log, as us/orders", false, NULL },
	{ "purpose", 0, "PURPOSE", "the one purpose that it states", false, NULL },
	{ "role", 0, "ROLE", "analyst, officer, overseer, operator; default: analyst", true, NULL },
	{ "ttl", 0, "SPAN", "how long it lives; default: as long as it may", false, NULL },
	{ "person", 0, "NAME",
	    "which person; default: the name of your account, or who the token is of", false,
	    NULL },
	{ 0 },
};
static const struct pv_example passport_examples[] = {
	{ "proviso passport --for us/orders --purpose law.interdict",
	    "to be shown as a bearer token at the gateway of us" },
	{ 0 },
};
const struct pv_cmd cmd_passport = {
	.name = "passport",
	.group = PV_GROUP_SHARE,
	.summary = "a short-lived passport for a partner's gateway",
	.usage = "--for ORIGIN --purpose PURPOSE [--ttl SPAN]",
	.text =
	    "Our own orders decide first, with all that the partner might give: where one stops "
	    "taking of any topic, no passport is issued. It lives an hour at most, and never "
	    "longer "
	    "than the proof of our order log. Journalled.",
	.options = passport_options,
	.examples = passport_examples,
	.run = run_passport,
};
