/* SPDX-License-Identifier: Apache-2.0 */
/* The two KAS keys of a home, and the tags by which a partner misses what was meant for it. */
#include "desk/test_homes.h"

#include "codec/base64.h"
#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "desk/acts.h"
#include "desk/audience.h"

#define PRIVATE "\"public\":false"

/* ---- bundles ---- */

static struct pv_buf
bundle_for(struct pv_desk *d, const char *audience)
{
	struct pv_export_ask ask = { .audience = pv_slice_of(audience) };
	struct pv_buf bundle = { 0 };
	struct pv_err e = { 0 };

	good(pv_desk_export(d, &ask, &bundle, &e), &e, "a bundle is made");
	return bundle;
}

/* The bundle without the text of the act that has this id. */
static struct pv_buf
cut(const struct pv_buf *bundle, const char *id)
{
	const char *named = pv_arena_printf(arena, "\\\"id\\\":\\\"%s\\\"", id).p;
	struct pv_slice rest = pv_buf_slice(bundle), line;
	struct pv_buf out = { 0 };
	size_t found = 0;

	while (pv_slice_next(&rest, '\n', &line)) {
		const char *text = pv_arena_str(arena, line), *salt = strstr(text, ",\"salt\":");

		if (salt != NULL && strstr(text, named) != NULL) {
			pv_buf_add_mem(&out, text, (size_t)(salt - text));
			pv_buf_add_str(&out, "}");
			found++;
		} else {
			pv_buf_add(&out, line);
		}
		pv_buf_add_c(&out, '\n');
	}
	tap_ok(found == 1, "the text of %s is in the bundle, and is cut out", id);
	return out;
}

static struct pv_status
follow(
    struct pv_desk *d, const struct pv_buf *bundle, struct pv_follow_answer *done, struct pv_err *e)
{
	return pv_desk_follow(d, pv_buf_slice(bundle), "bundle", arena, done, e);
}

static void
refuses_cut(struct pv_desk *who, struct pv_desk *whom, const char *audience, const char *id,
    const char *name)
{
	struct pv_buf whole = bundle_for(whom, audience), less = cut(&whole, id);
	struct pv_follow_answer done;
	struct pv_err e = { 0 };
	struct pv_log *log = pv_home_log(who, PV_SLICE("co/orders"));
	uint64_t before = log != NULL ? log->loaded : 0;

	refused_as(follow(who, &less, &done, &e), &e, PV_E_UNTRUSTED,
	    "of co/orders is meant for us, and its text was left out", name);
	log = pv_home_log(who, PV_SLICE("co/orders"));
	tap_ok((log != NULL ? log->loaded : 0) == before, "and nothing of it is taken in");
	good(follow(who, &whole, &done, &e), &e, "the whole bundle is taken");
	tap_ok(done.withheld > 0, "though it withholds what is not meant for us");
	pv_buf_free(&whole);
	pv_buf_free(&less);
}

/* ---- what stands in a log ---- */

static struct pv_slice
entry_at(struct pv_desk *d, uint64_t index)
{
	struct pv_store_view *v = NULL;
	struct pv_store_cursor *c = NULL;
	struct pv_store_entry entry = { 0 };
	struct pv_slice bytes = PV_NO_SLICE;
	struct pv_err e = { 0 };
	bool more = false;

	if (!pv_ok(pv_store_view_open(&v, d->store, &e)) ||
	    !pv_ok(pv_store_log_entries(&c, v, d->origin, index, index + 1, &e)) ||
	    !pv_ok(pv_store_entry_next(c, &index, &entry, &more, &e)) || !more)
		tap_ok(false, "an entry is read: %s", e.what);
	else
		bytes = pv_arena_copy(arena, entry.bytes);
	pv_store_cursor_freep(&c);
	pv_store_view_freep(&v);
	return bytes;
}

/* The entry of that act of d. */
static struct pv_slice
entry_of(struct pv_desk *d, const char *id)
{
	const struct pv_fact *f = pv_state_find(d->own.state, pv_slice_of(id));

	if (f == NULL) {
		tap_ok(false, "%s stands", id);
		return PV_NO_SLICE;
	}
	return entry_at(d, f->index);
}

static bool
meant_for(struct pv_desk *who, struct pv_slice entry)
{
	struct pv_audiences *m = NULL;
	struct pv_err e = { 0 };
	bool meant;

	if (!pv_ok(pv_audiences_open(&m, who, PV_SLICE("co/orders"), &e))) {
		tap_ok(false, "keys: %s", e.what);
		return false;
	}
	tap_ok(pv_audiences_count(m) == 1, "one key with co");
	meant = pv_audiences_meant(m, entry);
	pv_audiences_free(m);
	return meant;
}

/* Over all entries from `from` on: is there a slot that stands twice? */
static bool
slot_twice(struct pv_desk *d, uint64_t from)
{
	PV_AUTO(pv_buf_free) struct pv_buf all = { 0 };

	for (uint64_t i = from; i < d->own.loaded; i++)
		pv_act_private_tags(entry_at(d, i), &all);
	tap_ok(all.n >= 2 * PV_TAG_SLOTS * PV_TAG, "entries have slots");
	for (size_t i = 0; i < all.n; i += PV_TAG)
		for (size_t k = 0; k < i; k += PV_TAG)
			if (memcmp(all.p + i, all.p + k, PV_TAG) == 0)
				return true;
	return false;
}

/* ---- cases ---- */

static void
test_cut(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_buf bundle;
	struct pv_follow_answer done;
	struct pv_err e = { 0 };

	new_case("a text is cut from a bundle");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	refuses_cut(us, co, "us", "a-us", "a bundle without an agreement's text is refused");
	applies(co, ORDER("o-us", "co", "us", PRIVATE), "a private order about us");
	refuses_cut(us, co, "us", "o-us", "nor is one taken without an order's text");
	applies(
	    co, ORDER("o-guard", "co", "us.coast-guard", PRIVATE), "an order about a part of us");
	refuses_cut(us, co, "us", "o-guard", "without its text it is refused");
	applies(co,
	    "{\"record\":\"lift\",\"id\":\"l-us\",\"order\":\"o-us\",\"reopen\":\"release\"}\n",
	    "a lift");
	refuses_cut(us, co, "us", "l-us", "without the lift's text it is refused");
	applies(co, "{\"record\":\"end\",\"id\":\"e-us\",\"of\":\"a-us\"}\n", "an end");
	refuses_cut(us, co, "us", "e-us", "without the text of the end it is refused");
	applies(co, ORDER("o-us2", "co", "us", PRIVATE), "another order");
	bundle = bundle_for(co, "ca");
	refused_as(follow(us, &bundle, &done, &e), &e, PV_E_UNTRUSTED, "meant for us",
	    "a bundle that was made for ca is refused");
	good(follow(ca, &bundle, &done, &e), &e, "and ca takes it");
	pv_buf_free(&bundle);
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

static void
test_slots(void)
{
	struct pv_desk *co, *us, *ca;
	struct pv_slice to_us, to_ca, to_both, to_none;
	uint64_t from;

	new_case("what the tags say, and to whom");
	co = take_home("co");
	us = take_home("us");
	ca = take_home("ca");
	from = co->own.loaded;
	applies(co,
	    ORDER("o-us", "co", "us", PRIVATE) ORDER("o-us2", "co", "us", PRIVATE)
		ORDER("o-ca", "co", "ca", PRIVATE),
	    "orders");
	applies(co,
	    "{\"record\":\"order\",\"id\":\"o-both\",\"kind\":\"suspend\",\"subject\":[\"co\"],"
	    "\"counterpart\":[\"ca\",\"us\"],"
	    "\"direction\":\"both\",\"except\":[],\"effective\":\"2026-01-01T00:00:00Z\","
	    "\"reopen\":\"hold\",\"text\":{\"es\":\"alto\"},"
	    "\"authentic\":\"es\",\"public\":false}\n",
	    "one against both");
	applies(co,
	    ORDER(
		"o-own", "co", "co.navy", PRIVATE) "{\"record\":\"lift\",\"id\":\"l-own\","
						   "\"order\":\"o-own\",\"reopen\":\"release\"}\n",
	    "one that is nobody else's matter");
	to_us = entry_of(co, "o-us");
	to_ca = entry_of(co, "o-ca");
	to_both = entry_of(co, "o-both");
	to_none = entry_of(co, "a-own");
	tap_ok(meant_for(us, to_us) && !meant_for(ca, to_us),
	    "us sees that an order is meant for it, ca does not");
	tap_ok(!meant_for(us, to_ca) && meant_for(ca, to_ca), "and the other way round");
	tap_ok(meant_for(us, to_both) && meant_for(ca, to_both), "two audiences");
	tap_ok(!meant_for(us, to_none) && !meant_for(ca, to_none), "no audience");
	tap_ok(to_us.n == to_none.n && to_both.n == to_none.n && to_none.n > 86,
	    "all of these look the same");
	tap_ok(
	    !slot_twice(co, from), "no slot says the same as another, for one audience or for two");
	pv_desk_close(co);
	pv_desk_close(us);
	pv_desk_close(ca);
}

/* A party below us with a KAS key of its own. */
static void
add_party_with_key(struct pv_buf *out, size_t i)
{
	PV_AUTO(pv_wrap_key_freep) struct pv_wrap_key *key = NULL;
	PV_AUTO(pv_buf_free) struct pv_buf spki = { 0 };
	struct pv_err e = { 0 };

	if (!pv_ok(pv_wrap_key_new(&key, PV_KEY_P256, &e)))
		tap_ok(false, "a key: %s", e.what);
	pv_base64_write(&spki, pv_wrap_pub_spki(pv_wrap_key_pub(key)), PV_BASE64);
	pv_buf_addf(out,
	    "{\"record\":\"party\",\"id\":\"p-%zu\",\"name\":\"us.part%zu\",\"names\":{}}\n", i, i);
	pv_buf_addf(out,
	    "{\"record\":\"key\",\"id\":\"k-%zu\",\"party\":\"us.part%zu\",\"use\":\"kas\",\"key\":"
	    "\"%.*s\","
	    "\"from\":\"2020-01-01T00:00:00Z\"}\n",
	    i, i, PV_FMT(pv_buf_slice(&spki)));
}

static void
test_many(void)
{
	struct pv_buf records = { 0 };
	struct pv_desk *co, *us;
	struct pv_slice few, many;

	new_case("more audiences than slots");
	co = take_home("co");
	us = take_home("us");
	applies(co, ORDER("o-few", "co", "us", PRIVATE), "an order for one");
	for (size_t i = 0; i < 9; i++)
		add_party_with_key(&records, i);
	applies(co, pv_buf_str(&records), "nine more audiences under one peer");
	applies(co, ORDER("o-many", "co", "us", PRIVATE), "an order for ten");
	few = entry_of(co, "o-few");
	many = entry_of(co, "o-many");
	tap_ok(many.n > few.n && meant_for(us, many),
	    "the entry has grown by a step, and the tag is among the sixteen");
	refuses_cut(us, co, "us", "o-many", "without its text it is refused");
	applies(co, ORDER("o-ca", "co", "ca", PRIVATE), "an order for another");
	tap_ok(entry_of(co, "o-ca").n == few.n, "what is for one alone is as small as ever");
	pv_buf_free(&records);
	pv_desk_close(co);
	pv_desk_close(us);
}

/* The order log's own key comes first; what was taken in without knowing is looked at when the key is here. */
static void
test_late_key(void)
{
	struct pv_desk *co, *us;
	struct pv_buf whole, less;
	struct pv_follow_answer done;
	struct pv_err e = { 0 };
	bool fresh = true;

	new_case("a key that comes late");
	co = take_home("co");
	us = take_home("us");
	applies(co, ORDER("o-us", "co", "us", PRIVATE), "a private order about us");
	whole = bundle_for(co, "us");
	less = cut(&whole, "o-us");
	shell(pv_arena_printf(arena, "mv %s/us/keys/kas-ec.key %s/aside", here, here).p);
	good(follow(us, &less, &done, &e), &e, "without a key nothing can be checked");
	good(pv_home_fresh(us, pv_home_log(us, PV_SLICE("co/orders")), &fresh, &e), &e,
	    "freshness is asked for");
	tap_ok(fresh, "and the log is good");
	pv_desk_close(us);
	shell(pv_arena_printf(arena, "mv %s/aside %s/us/keys/kas-ec.key", here, here).p);
	us = open_home("us");
	good(pv_home_fresh(us, pv_home_log(us, PV_SLICE("co/orders")), &fresh, &e), &e,
	    "with the key");
	tap_ok(!fresh, "the copy is closed: a text that is meant for us is not in it");
	refused_as(follow(us, &less, &done, &e), &e, PV_E_UNTRUSTED, "meant for us",
	    "the same bundle is refused now");
	good(follow(us, &whole, &done, &e), &e, "the whole one is taken");
	good(pv_home_fresh(us, pv_home_log(us, PV_SLICE("co/orders")), &fresh, &e), &e, "and then");
	tap_ok(fresh, "the log is good again");
	pv_buf_free(&whole);
	pv_buf_free(&less);
	pv_desk_close(co);
	pv_desk_close(us);
}

static void
seal_with(const char *home, const char *kind)
{
	shell(pv_arena_printf(arena,
	    "sed -i 's/\"seal_with\":\"[a-z]*\"/\"seal_with\":\"%s\"/' %s/home.json", kind,
	    in_case(home))
		  .p);
}

static bool
sealed_under_ec(const char *path)
{
	PV_AUTO(pv_buf_free) struct pv_buf file = read_all(path);
	const char *type = file.n != 0 ? memmem(file.p, file.n, "ec-wrapped", 10) : NULL;

	return type != NULL;
}

static void
test_seal_with(void)
{
	struct pv_env env = test_env();
	struct pv_desk *co, *us, *ca, *bad = NULL;
	struct pv_open_answer opened;
	struct pv_follow_answer done;
	struct pv_err e = { 0 };
	struct pv_buf bundle = { 0 };
	struct pv_slice a_us = PV_SLICE("a-us");
	struct pv_export_ask ask = { .audience = PV_SLICE("ca") };

	new_case("reports sealed to the P-256 key");
	pv_desk_close(take_home("co"));
	us = take_home("us");
	ca = take_home("ca");
	seal_with("co", "ec");
	co = open_home("co");
	share(co, "r-ec", "the first report");
	tap_ok(sealed_under_ec(in_case("r-ec.tdf")), "it is sealed under P-256");
	tap_ok(gets(us, co, in_case("r-ec.tdf"), "", in_case("us.txt"), false) &&
		   file_is(in_case("us.txt"), "the first report"),
	    "asked for, answered, opened");
	good(try_open(co, "r-ec", PV_NO_SLICE, in_case("own.txt"), false, &opened, &e), &e,
	    "and at home");
	tap_ok(file_is(in_case("own.txt"), "the first report"), "it reads as it did");
	tap_ok(gets(ca, co, in_case("r-ec.tdf"), "", in_case("ca.txt"), true), "ca keeps it");
	ask.include = (struct pv_names){ &a_us, 1 };
	good(pv_desk_export(co, &ask, &bundle, &e), &e, "a bundle with what lets ca give it on");
	good(follow(ca, &bundle, &done, &e), &e, "ca follows co");
	pv_buf_free(&bundle);
	tap_ok(gets(us, ca, in_case("r-ec.tdf"), "ca/orders", in_case("held.txt"), false) &&
		   file_is(in_case("held.txt"), "the first report"),
	    "and gives it from its custody");
	pv_desk_close(co);

	seal_with("co", "rsa");
	co = open_home("co");
	share(co, "r-rsa", "the second report");
	tap_ok(!sealed_under_ec(in_case("r-rsa.tdf")), "by RSA again");
	tap_ok(gets(us, co, in_case("r-rsa.tdf"), "", in_case("us-rsa.txt"), false), "opened");
	tap_ok(gets(us, co, in_case("r-ec.tdf"), "", in_case("us-ec.txt"), false),
	    "and so is the one sealed under P-256 before");
	pv_desk_close(co);

	shell(pv_arena_printf(arena,
	    "rm %s/co/keys/kas-ec.key && sed -i 's/,\"seal_with\":\"rsa\"//' %s", here,
	    in_case("co/home.json"))
		  .p);
	co = open_home("co");
	tap_ok(gets(us, co, in_case("r-rsa.tdf"), "", in_case("us-old.txt"), false),
	    "a home of before, with one key, goes on");
	applies(co, ORDER("o-old", "co", "ca", PRIVATE), "and gives orders");
	pv_desk_close(co);
	shell(pv_arena_printf(
	    arena, "sed -i 's/\"kas_url\"/\"seal_with\":\"dsa\",&/' %s", in_case("co/home.json"))
		  .p);
	refused_as(pv_desk_open(&bad, in_case("co"), &env, &e), &e, PV_E_CONFIG, "neither",
	    "a key of another kind is an error");
	pv_desk_close(us);
	pv_desk_close(ca);
}

/* Entries that no home of ours would write. */
static void
test_strange_entries(void)
{
	static const char *const strange[] = { "", "{\"private\":\"",
		"{\"private\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"{\"private\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"tags\":\"",
		"{\"private\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"tags\":\"\",\"v\":"
		"1}",
		"{\"private\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"tags\":\"AAA\","
		"\"v\":1}",
		"{\"private\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"tags\":\"!!\","
		"\"v\":1}" };
	struct pv_desk *us;

	new_case("strange entries");
	us = take_home("us");
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		struct pv_slice text = pv_slice_of(strange[i]);

		tap_ok(!meant_for(us, text), "%.*s is meant for nobody", PV_FMT(text));
	}
	pv_desk_close(us);
}

int
main(void)
{
	make_world();
	test_cut();
	test_slots();
	test_many();
	test_late_key();
	test_seal_with();
	test_strange_entries();
	return end_world();
}
