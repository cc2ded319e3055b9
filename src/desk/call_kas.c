/* SPDX-License-Identifier: Apache-2.0 */
/* The key service of OpenTDF, and the registration of files that others sealed. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "desk/call.h"
#include "desk/home.h"
#include "desk/kas.h"
#include "desk/layouts.h"
#include "desk/service.h"
#include "desk/tdf.h"

/* ---- keys and attributes ---- */

static const struct pv_field key_fields[] = {
	PV_FIELD(struct pv_kas_key, algorithm, "algorithm", PV_AS_TEXT, PV_MUST,
	    "rsa:2048 or ec:secp256r1."),
	PV_FIELD(struct pv_kas_key, kid, "kid", PV_AS_TEXT, PV_MUST, "How files name it."),
	PV_FIELD(struct pv_kas_key, pem, "pem", PV_AS_TEXT, PV_MUST, "The public key."),
	{ .name = NULL },
};
static const struct pv_layout key_layout = { "KasKey", sizeof(struct pv_kas_key), key_fields };

static const struct pv_field keys_fields[] = {
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_kas_keys, rows),
	    .count_at = offsetof(struct pv_kas_keys, count),
	    .of = &key_layout,
	    .text = "The keys; the first is the one to seal to." },
	PV_FIELD(struct pv_kas_keys, url, "url", PV_AS_TEXT, 0,
	    "How files that were sealed here name this service."),
	{ .name = NULL },
};
static const struct pv_layout keys_layout = { "KasKeys", sizeof(struct pv_kas_keys), keys_fields };

static PV_RESULT
run_keys(struct pv_call_run *c, struct pv_err *e)
{
	return pv_desk_kas_keys(c->d, c->a, c->answer, e);
}

static const struct pv_field attributes_ask_fields[] = {
	PV_FIELD(struct pv_kas_attributes_ask, fqns, "fqns", PV_AS_NAMES, 0,
	    "Attribute values, as https://NAMESPACE/attr/NAME/value/VALUE."),
	{ .name = NULL },
};
static const struct pv_layout attributes_ask = { "KasAttributesAsk",
	sizeof(struct pv_kas_attributes_ask), attributes_ask_fields };

static const struct pv_field attributes_fields[] = {
	PV_FIELD(struct pv_kas_attributes, unknown, "unknown", PV_AS_NAMES, 0,
	    "Those that no agreement of the caller's has."),
	PV_FIELD(struct pv_kas_attributes, url, "url", PV_AS_TEXT, 0,
	    "How files that were sealed here name this service."),
	{ .name = NULL },
};
static const struct pv_layout attributes_layout = { "KasAttributes",
	sizeof(struct pv_kas_attributes), attributes_fields };

static PV_RESULT
run_attributes(struct pv_call_run *c, struct pv_err *e)
{
	PV_TRY(pv_home_refresh(c->d, e));
	return pv_desk_kas_attributes(c->d, c->who, c->ask, c->a, c->answer, e);
}

/* ---- rewrap ---- */

static const struct pv_field item_fields[] = {
	PV_FIELD(struct pv_rewrap_item, type, "type", PV_AS_TEXT, 0, "wrapped or ec-wrapped."),
	PV_FIELD(struct pv_rewrap_item, kid, "kid", PV_AS_TEXT, 0, "Of the key it is wrapped to."),
	PV_FIELD(struct pv_rewrap_item, policy, "policy", PV_AS_TEXT, 0, "Its base64 text."),
	PV_FIELD(struct pv_rewrap_item, wrapped, "wrapped", PV_AS_TEXT, 0, "base64."),
	PV_FIELD(struct pv_rewrap_item, ephemeral, "ephemeral", PV_AS_TEXT, 0, "PEM."),
	PV_FIELD(struct pv_rewrap_item, binding, "binding", PV_AS_TEXT, 0, "base64."),
	{ .name = NULL },
};
static const struct pv_layout item_layout = { "RewrapItem", sizeof(struct pv_rewrap_item),
	item_fields };

static const struct pv_field rewrap_ask_fields[] = {
	PV_FIELD(struct pv_rewrap_ask, client_key, "client_key", PV_AS_TEXT, PV_MUST,
	    "PEM: what is granted is wrapped to it."),
	PV_FIELD(struct pv_rewrap_ask, purposes, "purposes", PV_AS_NAMES, 0,
	    "The purpose that is stated."),
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_rewrap_ask, rows),
	    .count_at = offsetof(struct pv_rewrap_ask, count),
	    .of = &item_layout,
	    .text = "The shares." },
	{ .name = NULL },
};
static const struct pv_layout rewrap_ask = { "RewrapAsk", sizeof(struct pv_rewrap_ask),
	rewrap_ask_fields };

static const struct pv_field rewrapped_fields[] = {
	{ .name = "says",
	    .shape = PV_AS_WORD,
	    .flags = PV_MUST,
	    .at = offsetof(struct pv_rewrapped, says),
	    .words = pv_rewrap_words,
	    .text = "granted, refused, or what is wrong with the question." },
	PV_FIELD(
	    struct pv_rewrapped, wrapped, "wrapped", PV_AS_TEXT, 0, "base64, to the client's key."),
	PV_FIELD(struct pv_rewrapped, release, "release", PV_AS_TEXT, 0, "What an outcome names."),
	PV_FIELD(struct pv_rewrapped, reference, "reference", PV_AS_TEXT, 0,
	    "What to name when asking about a refusal."),
	PV_FIELD(struct pv_rewrapped, reason, "reason", PV_AS_TEXT, 0, "What decided."),
	PV_FIELD(struct pv_rewrapped, lifted_by, "lifted_by", PV_AS_TEXT, 0,
	    "Who issued the first order, and can lift it."),
	PV_FIELD(struct pv_rewrapped, orders, "orders", PV_AS_NAMES, 0, "The orders that refuse."),
	PV_FIELD(struct pv_rewrapped, text, "text", PV_AS_TEXT, 0, "What is wrong, in words."),
	PV_FIELD(struct pv_rewrapped, journal_index, "journal_index", PV_AS_U64, 0,
	    "The entry of the journal."),
	{ .name = NULL },
};
static const struct pv_layout rewrapped_layout = { "Rewrapped", sizeof(struct pv_rewrapped),
	rewrapped_fields };

static const struct pv_field rewrap_fields[] = {
	{ .name = "rows",
	    .shape = PV_AS_LIST,
	    .at = offsetof(struct pv_rewrap, rows),
	    .count_at = offsetof(struct pv_rewrap, count),
	    .of = &rewrapped_layout,
	    .text = "In the order of the question." },
	PV_FIELD(struct pv_rewrap, session_key, "session_key", PV_AS_TEXT, 0, "PEM."),
	PV_FIELD(struct pv_rewrap, deliver_ms, "deliver_ms", PV_AS_U64, 0,
	    "How long the answer may be on its way."),
	PV_FIELD(struct pv_rewrap, stood, "stood", PV_AS_U64, 0,
	    "Entries of the order logs that it was decided by."),
	PV_FIELD(struct pv_rewrap, may_state, "may_state", PV_AS_NAMES, 0,
	    "Where no purpose was stated: which the credential allows."),
	{ .name = NULL },
};
static const struct pv_layout rewrap_layout = { "Rewrap", sizeof(struct pv_rewrap), rewrap_fields };

static PV_RESULT
begin_rewrap(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	struct pv_rewrapping *w;

	PV_TRY(pv_batch_refresh(b, e));
	PV_TRY(pv_rewrap_begin(&w, b, c->who, c->ask, c->a, e));
	c->state = w;
	return PV_DONE;
}

static PV_RESULT
finish_rewrap(struct pv_call_run *c, struct pv_batch *b, struct pv_err *e)
{
	return pv_rewrap_finish(c->state, b, c->answer, e);
}

static const struct pv_field standing_fields[] = {
	PV_FIELD(struct pv_kas_standing, stood, "stood", PV_AS_U64, 0,
	    "Entries of all order logs that are held here."),
	{ .name = NULL },
};
static const struct pv_layout standing_layout = { "KasStanding", sizeof(struct pv_kas_standing),
	standing_fields };

static PV_RESULT
run_stood(struct pv_call_run *c, struct pv_err *e)
{
	struct pv_kas_standing *out = c->answer;

	PV_TRY(pv_home_refresh(c->d, e));
	out->stood = pv_kas_stood(c->d);
	return PV_DONE;
}

/* ---- files that others sealed ---- */

static const struct pv_field register_ask_fields[] = {
	PV_FIELD(struct pv_tdf_call, upload, "upload", PV_AS_TEXT, PV_MUST,
	    "The file, as it was uploaded."),
	PV_FIELD(struct pv_tdf_call, attribute, "attribute", PV_AS_TEXT, 0,
	    "Of which agreement; left out: the first of the file's."),
	PV_FIELD(
	    struct pv_tdf_call, id, "id", PV_AS_TEXT, 0, "Of the report; left out: a new one."),
	PV_FIELD(struct pv_tdf_call, title, "title", PV_AS_TEXT, 0, "Of the report."),
	PV_FIELD(struct pv_tdf_call, topics, "topics", PV_AS_NAMES, 0,
	    "What it is about; left out: the agreement's topic."),
	PV_FIELD(struct pv_tdf_call, regions, "regions", PV_AS_NAMES, 0,
	    "Likewise: the agreement's region."),
	PV_FIELD(struct pv_tdf_call, never, "never", PV_AS_NAMES, 0,
	    "Purposes that the report forbids."),
	PV_FIELD(struct pv_tdf_call, releasable_to, "releasable_to", PV_AS_NAMES, 0,
	    "To whom; left out, with never: to whom the agreement is."),
	{ .name = NULL },
};
static const struct pv_layout register_ask = { "TdfRegisterAsk", sizeof(struct pv_tdf_call),
	register_ask_fields };

static const struct pv_field register_answer_fields[] = {
	PV_FIELD(struct pv_tdf_called, report, "report", PV_AS_TEXT, 0, "The report it became."),
	PV_FIELD(
	    struct pv_tdf_called, agreement, "agreement", PV_AS_TEXT, 0, "By whose attribute."),
	PV_FIELD(struct pv_tdf_called, label, "label", PV_AS_RECORD, 0, "The label as signed."),
	PV_FIELD(struct pv_tdf_called, size_bytes, "size_bytes", PV_AS_U64, 0,
	    "Bytes of the plaintext."),
	PV_FIELD(struct pv_tdf_called, journal_index, "journal_index", PV_AS_U64, 0,
	    "The entry of the journal."),
	{ .name = NULL },
};
static const struct pv_layout register_answer = { "TdfRegisterAnswer", sizeof(struct pv_tdf_called),
	register_answer_fields };

static void
fill_register(const struct pv_call_run *c, const struct pv_upload *up, struct pv_tdf_ask *tdf)
{
	const struct pv_tdf_call *ask = c->ask;
	struct pv_report *label = &tdf->label.report;

	tdf->attribute = ask->attribute;
	tdf->label.id = ask->id;
	label->title = ask->title;
	label->topics = ask->topics;
	label->regions = ask->regions;
	label->never = ask->never;
	label->releasable_to = ask->releasable_to;
	label->has_releasable_to = ask->releasable_to.n != 0;
	tdf->name = up->name.n != 0 ? pv_arena_str(c->a, up->name) : NULL;
	tdf->party = c->who->party;
	tdf->person = c->who->person;
}

static PV_RESULT
run_register(struct pv_call_run *c, struct pv_err *e)
{
	const struct pv_tdf_call *ask = c->ask;
	struct pv_tdf_called *out = c->answer;
	struct pv_tdf_ask tdf = { .fd = -1 };
	struct pv_tdf_answer made;
	struct pv_upload up;
	struct pv_status st;
	const char *path;

	PV_TRY(pv_upload_take(c->service, c->who, ask->upload, c->a, &up, &path, e));
	fill_register(c, &up, &tdf);
	tdf.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (tdf.fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "the upload cannot be read: %s", strerror(errno));
	st = pv_desk_tdf_register(c->d, &tdf, c->a, &made, e);
	close(tdf.fd);
	PV_TRY(st);
	*out = (struct pv_tdf_called){ .report = made.label.id,
		.agreement = made.agreement,
		.label = made.label,
		.size_bytes = made.shared.size_bytes,
		.journal_index = made.shared.journal_index };
	return pv_upload_used(c->service, c->who, ask->upload, out->report, e);
}

/* ---- the table ---- */

const struct pv_call pv_calls_kas[] = {
	{ .name = "kas.keys",
	    .summary = "The public keys of the key service.",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_PUBLIC | PV_CALL_READS | PV_CALL_INNER,
	    .answer = &keys_layout,
	    .run = run_keys },
	{ .name = "kas.attributes",
	    .summary = "Which attributes are of an agreement that the caller may see.",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS | PV_CALL_INNER,
	    .ask = &attributes_ask,
	    .answer = &attributes_layout,
	    .run = run_attributes },
	{ .name = "kas.rewrap",
	    .summary = "Open shares of sealed files for the caller.",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER,
	    .flags = PV_CALL_QUICK | PV_CALL_INNER,
	    .ask = &rewrap_ask,
	    .answer = &rewrap_layout,
	    .begin = begin_rewrap,
	    .finish = finish_rewrap },
	{ .name = "kas.stood",
	    .summary = "How much of the order logs is known.",
	    .roles = PV_ROLE_ANY,
	    .flags = PV_CALL_READS | PV_CALL_INNER,
	    .answer = &standing_layout,
	    .run = run_stood },
	{ .name = "tdf.register",
	    .method = "POST",
	    .path = "/tdf",
	    .summary = "Make a file that another's OpenTDF SDK sealed to this gateway a report.",
	    .roles = PV_ROLE_ANALYST | PV_ROLE_OFFICER,
	    .flags = PV_CALL_OWN,
	    .ask = &register_ask,
	    .answer = &register_answer,
	    .run = run_register },
	{ .name = NULL },
};
