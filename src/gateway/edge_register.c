/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of public orders (UX W8): HTML without script in English, Spanish and French, Atom, JSON, and a proof for
 * each. It says up to which size of the order log it is complete, so that a copy can be checked.
 */
#include "codec/rfc3339.h"
#include "crypto/note.h"
#include "desk/call_log.h"
#include "gateway/html.h"
#include "tlog/checkpoint.h"

struct words {
	const char *lang;
	const char *of; /* between day, month and year */
	const char *title, *none, *in_force, *hold, *not_now, *ended, *since, *original,
	    *translation, *stops, *limits, *giving, *taking, *both, *with, *everything, *topic,
	    *region, *purposes, *channels, *except, *ends, *by_lift, *until, *or_while, *now_it,
	    *basis, *proof, *as_signed, *check, *complete, *exercise, *dealings, *entry, *feed,
	    *json, *lifted_by, *not_listed, *how, *months[12];
};

static const struct words all_words[] = {
	{ "en", " ", "Public orders of", "has no public order in force or ended.", "In force",
	    "In force: a hold, not yet signed by all officers", "Not in force now", "Ended",
	    "since", "the original", "translation", "Stops", "Restricts", "giving", "taking",
	    "giving and taking", "with", "everything", "topic", "region", "purposes", "channels",
	    "Except", "Ends", "when it is lifted", "at", "or when this is attested as ended:",
	    "now:", "Basis", "Proof file", "As signed", "Check it yourself",
	    "Complete up to this size of the order log:", "EXERCISE. Nothing on this page is real.",
	    "Also settled by hand", "entry", "Atom feed", "All as JSON", "lifted by",
	    "Orders that are not public are not listed.",
	    "The proof file shows, without a network, that the order is in the log whose key is "
	    "below: any tool for C2SP "
	    "tlog-proof reads it, and so does",
	    { "January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December" } },
	{ "es", " de ", "Órdenes públicas de",
	    "no tiene ninguna orden pública vigente ni terminada.", "Vigente",
	    "Vigente: retención, aún sin la firma de todos los oficiales", "No vigente ahora",
	    "Terminada", "desde", "el original", "traducción", "Suspende", "Restringe", "dar",
	    "recibir", "dar y recibir", "con", "todo", "materia", "región", "fines", "canales",
	    "Salvo", "Termina", "cuando se levante", "el",
	    "o cuando se certifique que ha terminado:", "ahora:", "Fundamento", "Archivo de prueba",
	    "Tal como se firmó", "Compruébelo usted mismo",
	    "Completo hasta este tamaño del registro de órdenes:",
	    "EJERCICIO. Nada en esta página es real.", "Se resuelve además a mano", "entrada",
	    "Canal Atom", "Todo en JSON", "levantada por",
	    "Las órdenes que no son públicas no figuran aquí.",
	    "El archivo de prueba muestra, sin red, que la orden está en el registro cuya clave "
	    "figura abajo: lo lee "
	    "cualquier herramienta para C2SP tlog-proof, y también",
	    { "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
		"septiembre", "octubre", "noviembre", "diciembre" } },
	{ "fr", " ", "Ordres publics de", "n'a aucun ordre public, en vigueur ou terminé.",
	    "En vigueur", "En vigueur : retenue, pas encore signée par tous les officiers",
	    "Pas en vigueur maintenant", "Terminé", "depuis", "l'original", "traduction", "Suspend",
	    "Restreint", "donner", "recevoir", "donner et recevoir", "avec", "tout", "matière",
	    "région", "finalités", "canaux", "Sauf", "Prend fin", "quand il est levé", "le",
	    "ou quand il est attesté que ceci a pris fin :", "maintenant :", "Fondement",
	    "Fichier de preuve", "Tel que signé", "Vérifiez vous-même",
	    "Complet jusqu'à cette taille du registre des ordres :",
	    "EXERCICE. Rien sur cette page n'est réel.", "Réglé aussi à la main", "entrée",
	    "Flux Atom", "Tout en JSON", "levé par",
	    "Les ordres qui ne sont pas publics n'y figurent pas.",
	    "Le fichier de preuve montre, sans réseau, que l'ordre est dans le registre dont la "
	    "clé est ci-dessous : tout "
	    "outil pour C2SP tlog-proof le lit, et aussi",
	    { "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
		"octobre", "novembre", "décembre" } },
};
#define LANGUAGES (sizeof(all_words) / sizeof(all_words[0]))

static const struct words *
find_words(struct pv_slice lang)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (lang.n >= 2 && memcmp(lang.p, all_words[i].lang, 2) == 0 &&
		    (lang.n == 2 || lang.p[2] == '-'))
			return &all_words[i];
	return NULL;
}

/* By the URL, else the first of Accept-Language that there is, else English. */
static const struct words *
choose_words(const struct pv_hit *h)
{
	const struct words *w = h->part[0].n != 0 ? find_words(h->part[0]) : NULL;
	struct pv_slice rest, field, name;
	bool many;

	rest = pv_header_get(h->head, "accept-language", &many);
	while (w == NULL && pv_slice_next(&rest, ',', &field)) {
		pv_slice_next(&field, ';', &name);
		w = find_words(pv_slice_trim(name));
	}
	return w != NULL ? w : &all_words[0];
}

/* ---- pieces ---- */

/* "11 November 2025, 14:07 UTC", with a <time> for programs. */
static void
put_time(struct pv_buf *out, const struct words *w, uint64_t second)
{
	PV_AUTO(pv_buf_free) struct pv_buf t = { 0 };
	struct pv_slice s;
	uint64_t month = 1, day = 1;

	pv_time_write(&t, second);
	s = pv_buf_slice(&t);
	(void)pv_slice_u64(pv_slice_sub(s, 5, 7), &month);
	(void)pv_slice_u64(pv_slice_sub(s, 8, 10), &day);
	if (month < 1 || month > 12)
		month = 1;
	pv_buf_addf(out, "<time datetime=\"%.*s\">%llu%s%s%s%.4s, %.5s UTC</time>", PV_FMT(s),
	    (unsigned long long)day, w->of, w->months[month - 1], w->of, s.p, s.p + 11);
}

static void
put_names(struct pv_buf *out, const struct pv_names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		pv_buf_add_str(out, i != 0 ? ", " : "");
		pv_html_text(out, names->at[i]);
	}
}

static void
put_state(struct pv_buf *out, const struct words *w, const struct pv_register_row *r)
{
	pv_buf_addf(out, "<span class=\"state\">%s</span> ",
	    r->ended != PV_NEVER ? w->ended
	    : !r->in_force       ? w->not_now
	    : r->hold            ? w->hold
				 : w->in_force);
	if (r->ended != PV_NEVER) {
		put_time(out, w, r->order.order.effective);
		pv_buf_add_str(out, " &ndash; ");
		put_time(out, w, r->ended);
		pv_buf_addf(out, ", %s ", w->lifted_by);
		pv_html_text(out, r->ended_by);
	} else {
		pv_buf_addf(out, "%s ", w->since);
		put_time(out, w, r->order.order.effective);
	}
}

static void
put_texts(struct pv_buf *out, const struct words *w, const struct pv_order *o)
{
	for (size_t pass = 0; pass < 2; pass++) /* the original first */
		for (size_t i = 0; i < o->text.n; i++) {
			bool original = pv_slice_eq(o->text.at[i].lang, o->authentic);

			if (original != (pass == 0))
				continue;
			pv_buf_add_str(out, "<blockquote lang=\"");
			pv_html_text(out, o->text.at[i].lang);
			pv_buf_add_str(out, "\">");
			pv_html_text(out, o->text.at[i].text);
			pv_buf_add_str(out, "</blockquote><p class=\"soft\">");
			pv_html_text(out, o->text.at[i].lang);
			pv_buf_addf(out, ": %s</p>", original ? w->original : w->translation);
		}
}

static void
put_scope(struct pv_buf *out, const struct words *w, const struct pv_order *o)
{
	bool all = o->topic.n == 0 && o->region.n == 0 && !o->has_purposes && !o->has_channels;

	pv_buf_addf(out, "<dt>%s</dt><dd>%s: ", o->kind == PV_SUSPEND ? w->stops : w->limits,
	    o->direction == PV_GIVE      ? w->giving
	    : o->direction == PV_TAKE_IN ? w->taking
					 : w->both);
	put_names(out, &o->subject);
	pv_buf_addf(out, " %s ", w->with);
	put_names(out, &o->counterpart);
	pv_buf_add_str(out, ": ");
	if (all)
		pv_buf_add_str(out, w->everything);
	if (o->topic.n != 0) {
		pv_buf_addf(out, "%s ", w->topic);
		pv_html_text(out, o->topic);
		pv_buf_add_str(out, "; ");
	}
	if (o->region.n != 0) {
		pv_buf_addf(out, "%s ", w->region);
		pv_html_text(out, o->region);
		pv_buf_add_str(out, "; ");
	}
	if (o->has_purposes) {
		pv_buf_addf(out, "%s ", w->purposes);
		put_names(out, &o->purposes);
		pv_buf_add_str(out, "; ");
	}
	if (o->has_channels) {
		pv_buf_addf(out, "%s ", w->channels);
		put_names(out, &o->channels);
	}
	pv_buf_add_str(out, "</dd>");
}

static void
put_exceptions(struct pv_buf *out, const struct words *w, const struct pv_exceptions *except)
{
	if (except->n == 0)
		return;
	pv_buf_addf(out, "<dt>%s</dt><dd>", w->except);
	for (size_t i = 0; i < except->n; i++) {
		const struct pv_exception *x = &except->at[i];
		const struct pv_slice parts[] = { x->topic, x->region, x->purpose, x->channel,
			x->counterpart };
		const char *between = i != 0 ? "; " : "";

		for (size_t k = 0; k < 5; k++) {
			if (parts[k].n == 0)
				continue;
			pv_buf_add_str(out, between);
			pv_html_text(out, parts[k]);
			between = " + ";
		}
	}
	pv_buf_add_str(out, "</dd>");
}

static void
put_end(struct pv_buf *out, const struct words *w, const struct pv_register_row *r)
{
	const struct pv_order *o = &r->order.order;

	if (r->ended != PV_NEVER)
		return;
	pv_buf_addf(out, "<dt>%s</dt><dd>%s", w->ends, w->by_lift);
	if (o->until != 0) {
		pv_buf_addf(out, ", %s ", w->until);
		put_time(out, w, o->until);
	}
	if (o->holds_while.n != 0) {
		pv_buf_addf(out, ", %s ", w->or_while);
		pv_html_text(out, o->holds_while);
		pv_buf_addf(out, " (%s ", w->now_it);
		pv_html_text(out, r->condition_status);
		pv_buf_add_str(out, ")");
	}
	pv_buf_add_str(out, "</dd>");
}

static void
put_basis(struct pv_buf *out, const struct words *w, const struct pv_basis_list *basis)
{
	static const char *const claims[] = { "", "alleged", "reported", "stated", "confirmed",
		"contested" };

	for (size_t i = 0; i < basis->n; i++) {
		const struct pv_basis *b = &basis->at[i];

		pv_buf_addf(out, "<dt>%s</dt><dd>", w->basis);
		pv_html_text(out, b->cites);
		pv_buf_add_str(out, b->cites.n != 0 && b->has_source ? ", " : "");
		if (b->has_source) {
			pv_html_text(out, b->source.who);
			if ((size_t)b->source.status < sizeof(claims) / sizeof(claims[0]))
				pv_buf_addf(out, " (%s) ", claims[b->source.status]);
			put_time(out, w, b->source.date);
			if (pv_slice_starts(b->source.url, PV_SLICE("https://"))) {
				pv_buf_add_str(out, " <a rel=\"noreferrer\" href=\"");
				pv_html_text(out, b->source.url);
				pv_buf_add_str(out, "\">");
				pv_html_text(out, b->source.url);
				pv_buf_add_str(out, "</a>");
			}
		}
		if (b->note.n != 0) {
			pv_buf_add_str(out, " ");
			pv_html_text(out, b->note);
		}
		pv_buf_add_str(out, "</dd>");
	}
}

static void
put_order(struct pv_buf *out, const struct words *w, const struct pv_register_row *r)
{
	const struct pv_order *o = &r->order.order;

	pv_buf_addf(out, "<article id=\"");
	pv_html_text(out, r->order.id);
	pv_buf_addf(out, "\"%s><h2>", r->in_force ? " class=\"stands\"" : "");
	pv_html_text(out, r->order.id);
	pv_buf_add_str(out, "</h2><p>");
	put_state(out, w, r);
	pv_buf_add_str(out, "</p>");
	put_texts(out, w, o);
	pv_buf_add_str(out, "<dl>");
	put_scope(out, w, o);
	put_exceptions(out, w, &o->except);
	put_end(out, w, r);
	if (o->dealings.n != 0) {
		pv_buf_addf(out, "<dt>%s</dt><dd>", w->dealings);
		put_names(out, &o->dealings);
		pv_buf_add_str(out, "</dd>");
	}
	put_basis(out, w, &r->order.basis);
	pv_buf_addf(out,
	    "</dl><p><a href=\"/log/orders/proof/%llu.tlog-proof\">%s</a> (%s "
	    "%llu)</p><details><summary>%s</summary><pre>",
	    (unsigned long long)r->index, w->proof, w->entry, (unsigned long long)r->index,
	    w->as_signed);
	pv_html_text(out, r->note);
	pv_buf_add_str(out, "</pre></details></article>\n");
}

/* ---- the page ---- */

static void
put_foot(struct pv_buf *out, struct pv_hit *h, const struct words *w,
    const struct pv_log_keys *keys, struct pv_slice checkpoint)
{
	struct pv_checkpoint tree;
	struct pv_note note;
	struct pv_err e;

	pv_buf_addf(
	    out, "<h2>%s</h2><p>%s <code>proviso log verify</code>.</p><dl>", w->check, w->how);
	pv_buf_add_str(out, "<dt>origin</dt><dd><code>");
	pv_html_text(out, keys->orders);
	pv_buf_add_str(out, "</code></dd><dt>vkey</dt><dd><code>");
	pv_html_text(out, keys->orders_vkey);
	pv_buf_add_str(out, "</code></dd><dt>tlog-tiles</dt><dd><code>");
	pv_html_text(out, pv_edge_url(h));
	pv_buf_add_str(out, "/log/orders/</code></dd></dl>");
	if (pv_ok(pv_note_read(&note, checkpoint, h->a, &e)) &&
	    pv_ok(pv_checkpoint_read(&tree, note.text, &e)))
		pv_buf_addf(out, "<p>%s %llu. ", w->complete, (unsigned long long)tree.size);
	pv_buf_addf(out, "%s</p><details><summary>checkpoint</summary><pre>", w->not_listed);
	pv_html_text(out, checkpoint);
	pv_buf_addf(out,
	    "</pre></details><nav><a href=\"/register/feed.atom\">%s</a><a "
	    "href=\"/register/register.json\">%s</a></nav>",
	    w->feed, w->json);
}

static void
put_languages(struct pv_buf *out, const struct words *w)
{
	pv_buf_add_str(out, "<nav>");
	for (size_t i = 0; i < LANGUAGES; i++)
		if (&all_words[i] == w)
			pv_buf_addf(out, "<strong lang=\"%s\">%s</strong> ", w->lang, w->lang);
		else
			pv_buf_addf(out, "<a href=\"/register/%s/\" hreflang=\"%s\">%s</a> ",
			    all_words[i].lang, all_words[i].lang, all_words[i].lang);
	pv_buf_add_str(out, "</nav>");
}

struct reading {
	const struct words *w;
	const struct pv_register_answer *orders;
	const struct pv_log_keys *keys;
};

static bool
failed(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (r->kind != PV_REPLY_DONE)
		pv_edge_problem_of(h, r);
	return r->kind != PV_REPLY_DONE;
}

static void
got_checkpoint(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct reading *x = h->user;
	const struct words *w = x->w;
	PV_AUTO(pv_buf_free) struct pv_buf page = { 0 };

	if (failed(h, r))
		return;
	pv_html_begin(
	    &page, w->lang, pv_arena_printf(h->a, "%s %.*s", w->title, PV_FMT(x->orders->party)));
	put_languages(&page, w);
	pv_buf_addf(&page, "<h1>%s ", w->title);
	pv_html_text(&page, x->orders->party);
	pv_buf_add_str(&page, "</h1>");
	if (x->orders->exercise)
		pv_buf_addf(&page, "<p class=\"warn\">%s</p>", w->exercise);
	if (x->orders->count == 0) {
		pv_buf_add_str(&page, "<p>");
		pv_html_text(&page, x->orders->party);
		pv_buf_addf(&page, " %s</p>", w->none);
	}
	for (size_t i = x->orders->count; i-- > 0;) /* the newest first */
		put_order(&page, w, &x->orders->rows[i]);
	put_foot(&page, h, w, x->keys, r->tail);
	pv_html_end(&page);
	pv_x_header(h->x, "Content-Language", pv_slice_of(w->lang));
	pv_x_header(h->x, "Vary", PV_SLICE("Accept-Language"));
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-cache"));
	pv_html_reply(h, pv_buf_slice(&page));
}

static void
got_keys(struct pv_hit *h, const struct pv_edge_reply *r)
{
	struct reading *x = h->user;
	const struct pv_log_which which = { .log = PV_SLICE("orders") };

	if (failed(h, r))
		return;
	x->keys = r->answer;
	pv_edge_ask(h, pv_call_find("log.checkpoint"), &which, PV_NO_SLICE, got_checkpoint);
}

static void
got_orders(struct pv_hit *h, const struct pv_edge_reply *r)
{
	struct reading *x = h->user;

	if (failed(h, r))
		return;
	x->orders = r->answer;
	pv_edge_ask(h, pv_call_find("log.keys"), NULL, PV_NO_SLICE, got_keys);
}

static void
run_page(struct pv_hit *h)
{
	struct reading *x = PV_ARENA_NEW(h->a, struct reading);

	x->w = choose_words(h);
	if (h->part[0].n != 0 && find_words(h->part[0]) == NULL) {
		pv_edge_problem(h, 404, "the register is written in en, es and fr");
		return;
	}
	h->user = x;
	pv_edge_ask(h, pv_call_find("register"), NULL, PV_NO_SLICE, got_orders);
}

/* ---- JSON and Atom ---- */

static void
got_json(struct pv_hit *h, const struct pv_edge_reply *r)
{
	if (failed(h, r))
		return;
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-cache"));
	pv_x_header(h->x, "Access-Control-Allow-Origin", PV_SLICE("*"));
	pv_edge_json(h, 200, r->json);
}

static void
run_json(struct pv_hit *h)
{
	pv_edge_ask(h, pv_call_find("register"), NULL, PV_NO_SLICE, got_json);
}

static uint64_t
changed_at(const struct pv_register_row *r)
{
	return r->ended != PV_NEVER ? r->ended : r->since;
}

static void
put_entry(struct pv_buf *out, struct pv_hit *h, const struct pv_register_row *r)
{
	const struct pv_order *o = &r->order.order;
	struct pv_slice url = pv_edge_url(h);

	pv_buf_addf(out, "<entry><id>%.*s/register/#", PV_FMT(url));
	pv_html_text(out, r->order.id);
	pv_buf_add_str(out, "</id><title>");
	pv_html_text(out, r->order.id);
	pv_buf_addf(out, ": %s %s</title><updated>", o->kind == PV_SUSPEND ? "suspend" : "restrict",
	    r->ended != PV_NEVER ? "ended"
	    : r->in_force        ? "in force"
				 : "not in force");
	pv_time_write(out, changed_at(r));
	pv_buf_add_str(out, "</updated><author><name>");
	pv_html_text(out, r->order.issuer);
	pv_buf_addf(out,
	    "</name></author><link rel=\"alternate\" href=\"%.*s/register/\"/><link "
	    "rel=\"related\" href=\"%.*s/log/orders/proof/%llu.tlog-proof\"/>",
	    PV_FMT(url), PV_FMT(url), (unsigned long long)r->index);
	for (size_t i = 0; i < o->text.n; i++) {
		if (!pv_slice_eq(o->text.at[i].lang, o->authentic))
			continue;
		pv_buf_add_str(out, "<content type=\"text\" xml:lang=\"");
		pv_html_text(out, o->text.at[i].lang);
		pv_buf_add_str(out, "\">");
		pv_html_text(out, o->text.at[i].text);
		pv_buf_add_str(out, "</content>");
	}
	pv_buf_add_str(out, "</entry>\n");
}

static void
got_atom(struct pv_hit *h, const struct pv_edge_reply *r)
{
	const struct pv_register_answer *x = r->answer;
	PV_AUTO(pv_buf_free) struct pv_buf feed = { 0 };
	struct pv_slice url = pv_edge_url(h);
	uint64_t updated = 0;

	if (failed(h, r))
		return;
	for (size_t i = 0; i < x->count; i++)
		if (changed_at(&x->rows[i]) > updated)
			updated = changed_at(&x->rows[i]);
	pv_buf_addf(&feed,
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed "
	    "xmlns=\"http://www.w3.org/2005/Atom\"><id>%.*s/register/</id><title>%sPublic orders "
	    "of ",
	    PV_FMT(url), x->exercise ? "EXERCISE. " : "");
	pv_html_text(&feed, x->party);
	pv_buf_add_str(&feed, "</title><updated>");
	pv_time_write(&feed, updated != 0 ? updated : x->now);
	pv_buf_addf(&feed, "</updated><link rel=\"self\" href=\"%.*s/register/feed.atom\"/>\n",
	    PV_FMT(url));
	for (size_t i = x->count; i-- > 0;)
		put_entry(&feed, h, &x->rows[i]);
	pv_buf_add_str(&feed, "</feed>\n");
	pv_x_header(h->x, "Cache-Control", PV_SLICE("no-cache"));
	pv_edge_text(h, 200, "application/atom+xml; charset=utf-8", pv_buf_slice(&feed));
}

static void
run_atom(struct pv_hit *h)
{
	pv_edge_ask(h, pv_call_find("register"), NULL, PV_NO_SLICE, got_atom);
}

const struct pv_route pv_edge_register[] = {
	{ .methods = PV_GET, .pattern = "/register/", .run = run_page },
	{ .methods = PV_GET, .pattern = "/register/register.json", .run = run_json },
	{ .methods = PV_GET, .pattern = "/register/feed.atom", .run = run_atom },
	{ .methods = PV_GET, .pattern = "/register/{lang}/", .run = run_page },
	{ .pattern = NULL },
};
