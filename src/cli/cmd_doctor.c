/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: finds where a web or mail server lets pass without having asked. */
#include <string.h>
#include <unistd.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "codec/json.h"
#include "gateway/config.h"
#include "gateway/doctor.h"
#include "gateway/doors.h"

#define NGINX_CONF  "/etc/nginx/nginx.conf"
#define POSTFIX_DIR "/etc/postfix"

static const char *
told(enum pv_grave grave)
{
	switch (grave) {
	case PV_GRAVE_NONE:
		break;
	case PV_GRAVE_OPENS:
		return "OPENS";
	case PV_GRAVE_SHUTS:
		return "SHUTS";
	case PV_GRAVE_SLOW:
		return "SLOW";
	}
	return "";
}

static void
tell_one(struct pv_run *r, const struct pv_trap *one)
{
	struct pv_screen *t = &r->term;
	enum pv_style style = one->grave == PV_GRAVE_OPENS ? PV_ALARM : PV_WARN;

	if (one->line != 0)
		pv_state_line(
		    t, style, told(one->grave), "  %.*s:%u", PV_FMT(one->file), one->line);
	else
		pv_state_line(t, style, told(one->grave), "  %.*s", PV_FMT(one->file));
	pv_para(t, "  ", "%.*s", PV_FMT(one->what));
	pv_para(t, "  Do: ", "%.*s", PV_FMT(one->fix));
}

static void
tell(struct pv_run *r, const struct pv_traps *f)
{
	for (size_t i = 0; i < f->all.n; i++)
		tell_one(r, &f->all.at[i]);
	if (f->all.n != 0)
		pv_blank(&r->term);
	pv_line(&r->term, "%s, %s found. What is not known is not looked at: docs/doors.md.",
	    pv_show_n(r->arena, f->doors, "place that asks", "places that ask"),
	    pv_show_n(r->arena, f->all.n, "trap", "traps"));
}

static void
tell_json(struct pv_run *r, const struct pv_traps *f)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	struct pv_jsonw w = { .out = &b };

	pv_jsonw_object(&w, NULL);
	pv_jsonw_u64(&w, "doors", f->doors);
	pv_jsonw_array(&w, "findings");
	for (size_t i = 0; i < f->all.n; i++) {
		const struct pv_trap *one = &f->all.at[i];

		pv_jsonw_object(&w, NULL);
		pv_jsonw_str(&w, "grave", pv_slice_of(pv_grave_words[one->grave]));
		pv_jsonw_str(&w, "file", one->file);
		pv_jsonw_u64(&w, "line", one->line);
		pv_jsonw_str(&w, "what", one->what);
		pv_jsonw_str(&w, "fix", one->fix);
		pv_jsonw_end(&w);
	}
	pv_jsonw_end(&w);
	pv_jsonw_end(&w);
	pv_buf_add_c(&b, '\n');
	pv_raw(&r->term, pv_buf_slice(&b));
}

/* Where our listeners are, and whether what the settings say of doors can be. */
static PV_RESULT
read_settings(struct pv_run *r, const char *path, struct pv_traps *f, struct pv_err *e)
{
	const struct pv_err *errors;
	struct pv_config c;
	struct pv_slice text;
	size_t n;

	pv_config_default(&c);
	PV_TRY(pv_doctor_read(r->arena, path, &text, e));
	PV_TRY(pv_config_read(&c, text, path, r->arena, &errors, &n, e));
	if (c.doors == NULL) {
		pv_traps_add(f, PV_GRAVE_SHUTS, pv_slice_of(path), 0,
		    PV_SLICE("the settings have no doors: nobody answers Postfix"),
		    "doors: { policy = ...; lookup = ...; }");
		return PV_DONE;
	}
	f->policy = c.doors->policy;
	f->lookup = c.doors->lookup;
	if (f->policy.n == 0 || f->lookup.n == 0)
		pv_traps_add(f, PV_GRAVE_SHUTS, pv_slice_of(path), 0,
		    PV_SLICE("doors.policy and doors.lookup are not both there"),
		    "Postfix asks at RCPT and at delivery");
	for (size_t i = 0; i < c.doors->route_count; i++)
		PV_TRY(pv_from(pv_within(pv_door_route_check(&c.doors->routes[i], e), e,
				   "doors.routes[%zu]", i),
		    e, path));
	return PV_DONE;
}

static PV_RESULT
examine(struct pv_run *r, struct pv_traps *f, struct pv_err *e)
{
	const char *nginx = pv_option(r, "nginx"), *postfix = pv_option(r, "postfix");
	const char *config = pv_option(r, "config");

	if (nginx == NULL && postfix == NULL) {
		nginx = access(NGINX_CONF, R_OK) == 0 ? NGINX_CONF : NULL;
		postfix = access(POSTFIX_DIR "/main.cf", R_OK) == 0 ? POSTFIX_DIR : NULL;
	}
	if (nginx == NULL && postfix == NULL)
		return PV_USAGE(r, e,
		    "there is nothing in " NGINX_CONF " and " POSTFIX_DIR
		    ": name it with --nginx or --postfix");
	if (config != NULL)
		PV_TRY(read_settings(r, config, f, e));
	if (nginx != NULL)
		PV_TRY(pv_doctor_nginx(f, nginx, e));
	if (postfix != NULL)
		PV_TRY(pv_doctor_postfix(f, postfix, e));
	return PV_DONE;
}

static int
run_doctor(struct pv_run *r)
{
	struct pv_traps f = { .a = r->arena };
	struct pv_err e = { 0 };
	int status;

	r->undone = "Not looked at";
	if (!pv_ok(examine(r, &f, &e))) {
		status = pv_fail(r, &e, PV_NO_SLICE);
	} else {
		if (r->json)
			tell_json(r, &f);
		else
			tell(r, &f);
		status = f.all.n == 0 ? PV_EXIT_DONE : PV_EXIT_NO;
	}
	pv_traps_free(&f);
	return status;
}

const struct pv_cmd cmd_doctor = {
	.name = "doctor",
	.group = PV_GROUP_HOME,
	.summary = "find where a mail or web server does not ask",
	.usage = "[--nginx FILE] [--postfix DIR] [--config FILE]",
	.text =
	    "Reads the configuration of nginx and Postfix, as given or where they usually are, "
	    "and names each place where something passes without a question or where a refusal "
	    "becomes another answer (OPENS), where nothing would pass at all (SHUTS), and where "
	    "everybody waits while the gateway is gone (SLOW). It reads files alone and changes "
	    "nothing.",
	.options =
	    (const struct pv_opt[]){
		{ "nginx", 0, "FILE", "nginx.conf, with all that it includes", false, NULL },
		{ "postfix", 0, "DIR", "the folder of main.cf and master.cf", false, NULL },
		{ "config", 0, "FILE",
		    "the settings of provisod: which check and which map are ours; else any counts",
		    false, NULL },
		{ .name = NULL } },
	.examples = (const struct pv_example[]){ { "proviso doctor", "what is in /etc" },
	    { "proviso doctor --postfix /etc/postfix \\\n    --config /etc/proviso/provisod.conf",
		"only what asks this daemon counts" },
	    { .line = NULL } },
	.run = run_doctor,
};
