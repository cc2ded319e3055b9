/* SPDX-License-Identifier: Apache-2.0 */
/* key list, add, new, unlock, passphrase: whose keys count, and the files they are in. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/fail.h"
#include "cli/given.h"
#include "cli/home.h"
#include "codec/hex.h"
#include "crypto/agent.h"
#include "crypto/hash.h"
#include "crypto/keyfile.h"
#include "crypto/note.h"
#include "desk/account.h"
#include "net/tls.h"

#define CERTIFICATE_MAX 65536

/* ---- key list, key add ---- */

static void
key_row(struct pv_table *table, const struct pv_fact *f, const char *state)
{
	const struct pv_key *k = &f->r->key;
	struct pv_slice shown = k->key.n != 0 ? k->key : k->binding;

	pv_table_cell(table, PV_STRONG, "%s", pv_use_name(k->use));
	pv_table_cell(table, PV_INK, "%.*s", PV_FMT(k->party));
	pv_table_cell(table, PV_INK, "%s", state);
	pv_table_cell(table, PV_INK, "%.*s", PV_FMT(shown));
}

static void
genesis_rows(struct pv_table *table, const struct pv_record *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->genesis.officers.n; i++) {
		pv_table_cell(table, PV_STRONG, "officer");
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(g->genesis.root));
		pv_table_cell(table, PV_INK, "genesis");
		pv_table_cell(table, PV_INK, "%.*s", PV_FMT(g->genesis.officers.at[i]));
	}
}

static int
run_key_list(struct pv_run *r)
{
	PV_AUTO(pv_desk_closep) struct pv_desk *d = NULL;
	struct pv_table *table = pv_table_new(r->arena, "llll");
	const struct pv_facts *facts;
	struct pv_json_out out;
	uint64_t now;
	struct pv_err e;

	if (!pv_ok(pv_home_open(r, &d, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	now = pv_desk_now(d);
	facts = &pv_desk_state(d)->by_kind[PV_KEY];
	pv_json_begin(&out);
	if (pv_desk_state(d)->genesis != NULL)
		pv_put_names(
		    &out.w, "genesis_officers", pv_desk_state(d)->genesis->genesis.officers);
	pv_jsonw_array(&out.w, "keys");
	genesis_rows(table, pv_desk_state(d)->genesis);
	for (size_t i = 0; i < facts->n; i++) {
		const struct pv_fact *f = facts->at[i];

		pv_put_fact(&out.w, f);
		key_row(table, f,
		    !pv_fact_stands(f, now)                          ? "REVOKED"
		    : now < f->r->key.from                           ? "not yet"
		    : f->r->key.until != 0 && now >= f->r->key.until ? "expired"
								     : "good");
	}
	pv_jsonw_end(&out.w);
	if (r->json) {
		pv_json_end(r, &out);
	} else {
		pv_table_print(table, &r->term, 0);
		pv_buf_free(&out.buf);
	}
	return PV_EXIT_DONE;
}

/* --certificate FILE: the digest of its public key is what it is known by. */
static PV_RESULT
read_certificate(struct pv_run *r, struct pv_key *k, struct pv_err *e)
{
	const char *path = pv_option(r, "certificate"), *name;
	PV_AUTO(pv_buf_free) struct pv_buf pem = { 0 };
	char hex[2 * PV_HASH + 1];
	X509 *x = NULL;
	BIO *in;

	if (path == NULL)
		return PV_DONE;
	if (k->use != PV_USE_TLS || k->binding.n != 0)
		return PV_USAGE(r, e, "--certificate is for --use tls, instead of --binding");
	PV_TRY(pv_input_read(r, path, &pem, &name, e));
	if (pem.n < CERTIFICATE_MAX && (in = BIO_new_mem_buf(pem.p, (int)pem.n)) != NULL) {
		x = PEM_read_bio_X509(in, NULL, NULL, NULL);
		BIO_free(in);
	}
	if (x == NULL)
		return pv_from(PV_FAIL(e, PV_E_INPUT, "not a certificate in PEM"), e, name);
	pv_tls_spki(x, hex);
	X509_free(x);
	k->binding = pv_arena_copy(r->arena, pv_slice_of(hex));
	return PV_DONE;
}

/* Who is who at a door (docs/protocol/doors.md). */
static bool
is_of_door(struct pv_slice binding)
{
	return pv_slice_starts(binding, PV_SLICE("address:")) ||
	       pv_slice_starts(binding, PV_SLICE("header:"));
}

static bool
is_digest(struct pv_slice text)
{
	uint8_t raw[PV_HASH];

	return pv_hex_read_n(raw, sizeof(raw), text);
}

/* A binding that nothing could ever meet is a mistake, found before officers sign it. */
static PV_RESULT
check_binding(struct pv_run *r, const struct pv_key *k, struct pv_err *e)
{
	struct pv_slice b = k->binding;
	bool https = pv_slice_starts(b, PV_SLICE("https://"));

	if (b.n == 0 || is_of_door(b))
		return PV_DONE;
	if (k->use == PV_USE_TLS && !is_digest(b) && !(https && is_digest(k->key)))
		return PV_USAGE(r, e,
		    "--binding of tls is the SHA-256 of a certificate's public key, 64 hex digits "
		    "(or give --certificate FILE); of a server its https:// address, with that "
		    "digest as --key");
	if (k->use == PV_USE_ISSUER && !https && !pv_slice_starts(b, PV_SLICE("http://127.0.0.1:")))
		return PV_USAGE(r, e,
		    "--binding of an issuer is its https:// address as its tokens say it, and "
		    "#AUDIENCE behind it");
	if (k->use == PV_USE_CREDENTIAL && !pv_account_name_ok(b))
		return PV_USAGE(
		    r, e, "--binding of a credential is its name: printable, no colon, no blank");
	return PV_DONE;
}

static int
run_key_add(struct pv_run *r)
{
	struct pv_record record = { .kind = PV_KEY };
	struct pv_key *k = &record.key;
	unsigned use = PV_USE_NONE;
	struct pv_err e;

	r->undone = "Not declared";
	r->key_is_data = true;
	k->key = pv_option_slice(r, "key");
	k->binding = pv_option_slice(r, "binding");
	if (!pv_ok(pv_given_name(r, "party", &k->party, &e)) ||
	    !pv_ok(pv_given_word(r, "use", pv_use_words, &use, &e)) ||
	    !pv_ok(pv_given_roles(r, &k->roles, &e)) ||
	    !pv_ok(pv_given_dotted(r, "purpose", &k->purposes, &e)) ||
	    !pv_ok(pv_given_time(r, "from", &k->from, &e)) ||
	    !pv_ok(pv_given_time(r, "until", &k->until, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (k->party.n == 0 || use == PV_USE_NONE) {
		pv_ignore(PV_USAGE(
		    r, &e, "--party and --use are needed: whose key is it, and for what?"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	k->use = (enum pv_use)use;
	if (!pv_ok(read_certificate(r, k, &e)) || !pv_ok(check_binding(r, k, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (k->from == 0)
		k->from = r->env.realtime_ms(r->env.ctx) / 1000;
	return pv_home_act(r, &record, "Declared");
}

static const struct pv_example key_list_examples[] = {
	{ "proviso key list", "whose keys count, and since when" },
	{ 0 },
};
const struct pv_cmd cmd_key_list = {
	.name = "key list",
	.group = PV_GROUP_LOOK,
	.summary = "the keys that count in this log",
	.usage = "",
	.text = "Lists the officers of the genesis and all keys declared since, good or not.",
	.examples = key_list_examples,
	.run = run_key_list,
};
static const struct pv_opt key_add_options[] = {
	{ "key", 0, "VKEY", "the public key: a vkey; base64 of the SPKI for kas", false, NULL },
	{ "party", 0, "PARTY", "whose key it is", false, NULL },
	{ "use", 0, "WORD", "what it is for", false,
	    "officer signer gateway witness attestor kas issuer tls credential" },
	{ "role", 0, "ROLE", "analyst, officer, overseer, operator", true, NULL },
	{ "purpose", 0, "PURPOSE", "the purposes that may be stated with it", true, NULL },
	{ "binding", 0, "TEXT", "what a credential is known by: see below", false, NULL },
	{ "certificate", 0, "FILE", "tls: the certificate, for its digest as the binding", false,
	    NULL },
	{ "from", 0, "TIME", "it counts from then; default: now", false, NULL },
	{ "until", 0, "TIME", "and not after", false, NULL },
	PV_OPT_ACT_OF_HOME,
	{ 0 },
};
static const struct pv_example key_add_examples[] = {
	{ "proviso key add --key co/officer3+1f2e3d4c+AbCd... \\\n"
	  "    --party co --use officer",
	    "a third officer" },
	{ "proviso key add --use tls --certificate client.pem --party us --role analyst",
	    "a client with this certificate is an analyst of us" },
	{ "proviso key add --use issuer --binding https://id.navy.example#proviso \\\n"
	  "    --party co.navy --role analyst,officer",
	    "an OpenID Connect issuer vouches for people of co.navy" },
	{ 0 },
};
const struct pv_cmd cmd_key_add = {
	.name = "key add",
	.group = PV_GROUP_PERMIT,
	.summary = "declare a key and whose it is",
	.usage = "--key VKEY --party PARTY --use WORD [options]",
	.text = "Whose key something is stands in the order log, not in configuration. A key ends "
		"with proviso end; that never ends "
		"a suspend or a restrict that it signed.\n"
		"What a binding is depends on the use. tls: the hex SHA-256 of the public key of "
		"a client's certificate. issuer: the address of an OpenID Connect issuer and "
		"#AUDIENCE; without it the audience is this order log's name. credential: a name, "
		"within which tokens are made (token new); with a password see account add. "
		"Without --role such a credential may do nothing; without --purpose it may state "
		"every purpose.",
	.options = key_add_options,
	.examples = key_add_examples,
	.run = run_key_add,
};

/* ---- key passphrase ---- */

/* A key's file: a path, or the name of one of this home. */
static const char *
key_path(struct pv_run *r, const char *name)
{
	return strchr(name, '/') != NULL || strstr(name, ".key") != NULL
		   ? name
		   : pv_arena_printf(r->arena, "%s/keys/%s.key", r->home, name).p;
}

static PV_RESULT
unlock_key(struct pv_run *r, struct pv_keyfile *k, struct pv_secret **passphrase, struct pv_err *e)
{
	if (!pv_keyfile_locked(k))
		return PV_DONE;
	PV_TRY(pv_ask_passphrase(r, pv_arena_str(r->arena, pv_keyfile_name(k)), passphrase, e));
	if (*passphrase == NULL)
		return PV_FAIL(e, PV_E_INPUT, "no passphrase was given");
	return pv_keyfile_unlock(k, *passphrase, e);
}

static int
run_key_passphrase(struct pv_run *r)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *from = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *to = NULL;
	const char *path = key_path(r, r->args.at[0]), *name,
		   *new_file = pv_option(r, "new-passphrase-file");
	struct pv_json_out out;
	struct pv_err e;

	r->undone = "Not changed";
	if (!pv_ok(pv_keyfile_load(&k, path, &e)) || !pv_ok(unlock_key(r, k, &from, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	name = pv_arena_str(r->arena, pv_keyfile_name(k));
	if (!pv_ok(new_file != NULL ? pv_read_passphrase(new_file, &to, &e)
				    : pv_ask_typed_passphrase(r, name, &to, &e)) ||
	    !pv_ok(pv_keyfile_change(path, from, to, &r->env, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "key", pv_keyfile_name(k));
		pv_jsonw_bool(&out.w, "locked", to != NULL);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Changed",
	    ": %s is %s. Copies of the file elsewhere still have the old one.", name,
	    to != NULL ? "locked with the new passphrase" : "not locked any more");
	return PV_EXIT_DONE;
}

static const struct pv_opt key_passphrase_options[] = {
	PV_OPT_PASSPHRASE,
	{ "new-passphrase-file", 0, "FILE", "off a terminal: the new one", false, NULL },
	{ 0 },
};
static const struct pv_example key_passphrase_examples[] = {
	{ "proviso key passphrase officer1", "asks for the old one, then twice for the new one" },
	{ 0 },
};
const struct pv_cmd cmd_key_passphrase = {
	.name = "key passphrase",
	.group = PV_GROUP_HOME,
	.summary = "change the passphrase of a key file",
	.usage = "NAME|FILE [options]",
	.text = "A lost passphrase cannot be found again: another officer declares a new key for "
		"the same person (key add) and "
		"ends the lost one (end).",
	.args = "file",
	.options = key_passphrase_options,
	.examples = key_passphrase_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_key_passphrase,
};

/* ---- key new, key unlock ---- */

/* "co/officer3" of "officer3" and party co: names of keys are read by people of several agencies. */
static struct pv_slice
full_name(struct pv_run *r, struct pv_slice name, struct pv_slice party)
{
	return memchr(name.p, '/', name.n) != NULL
		   ? name
		   : pv_arena_printf(r->arena, "%.*s/%.*s", PV_FMT(party), PV_FMT(name));
}

static PV_RESULT
make_key(struct pv_run *r, struct pv_slice name, const char *path, struct pv_slice *vkey,
    struct pv_err *e)
{
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *passphrase = NULL;

	pair = pv_pair_new(&r->env);
	k = pv_keyfile_of_pair(name, pair);
	if (!pv_given(r, "no-passphrase"))
		PV_TRY(pv_ask_new_passphrase(r, pv_arena_str(r->arena, name), &passphrase, e));
	PV_TRY(pv_keyfile_save(path, k, passphrase, &r->env, e));
	*vkey = pv_arena_copy(r->arena, pv_keyfile_public(k));
	return PV_DONE;
}

static int
run_key_new(struct pv_run *r)
{
	struct pv_slice short_name = pv_slice_of(r->args.at[0]), party, name, vkey;
	const char *path = pv_option(r, "out"),
		   *use = pv_given(r, "use") ? pv_option(r, "use") : "officer";
	struct pv_json_out out;
	struct pv_err e;

	r->undone = "No key was made";
	if (!pv_ok(pv_given_name(r, "party", &party, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (party.n == 0) {
		pv_ignore(PV_USAGE(r, &e, "--party is missing: whose key is it?"));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	name = full_name(r, short_name, party);
	if (!pv_vkey_name_ok(name)) {
		pv_ignore(PV_USAGE(r, &e, "\"%.*s\" is no name for a key: no blanks, no plus sign",
		    PV_FMT(short_name)));
		return pv_fail(r, &e, PV_NO_SLICE);
	}
	if (path == NULL)
		path = pv_arena_printf(
		    r->arena, "%s.key", strrchr(pv_arena_str(r->arena, name), '/') + 1)
			   .p;
	if (!pv_ok(make_key(r, name, path, &vkey, &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "file", pv_slice_of(path));
		pv_jsonw_str(&out.w, "key", vkey);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Made", ": %s. Keep a copy elsewhere.", path);
	pv_line(&r->term, "  %.*s", PV_FMT(vkey));
	pv_line(&r->term, "It counts once it is declared:");
	pv_line(&r->term, "  proviso key add --party %.*s --use %s --key %.*s", PV_FMT(party), use,
	    PV_FMT(vkey));
	return PV_EXIT_DONE;
}

static const struct pv_opt key_new_options[] = {
	{ "party", 0, "PARTY", "whose key it is", false, NULL },
	{ "use", 0, "WORD", "what it will be for; default: officer", false, "officer attestor" },
	{ "no-passphrase", 0, NULL, "leave it unlocked: for trials only", false, NULL },
	PV_OPT_PASSPHRASE,
	{ "out", 'o', "FILE", "default: NAME.key here", false, NULL },
	{ 0 },
};
static const struct pv_example key_new_examples[] = {
	{ "proviso key new officer3 --party co --out officer3.key",
	    "a key file under a passphrase; it prints what to declare" },
	{ 0 },
};
const struct pv_cmd cmd_key_new = {
	.name = "key new",
	.group = PV_GROUP_HOME,
	.summary = "make a key for an officer or an attestor",
	.usage = "NAME --party PARTY [--use WORD] [--out FILE]",
	.text = "Makes a key file, locked with a passphrase. Needs no home: the officer makes it "
		"where it will be used, and only the "
		"public half goes to who declares it.",
	.options = key_new_options,
	.examples = key_new_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_key_new,
};

static int
run_key_unlock(struct pv_run *r)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *passphrase = NULL;
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = NULL;
	PV_AUTO(pv_agent_closep) struct pv_agent *agent = NULL;
	uint64_t for_s = 15 * 60;
	struct pv_json_out out;
	struct pv_err e;

	r->undone = "Not unlocked";
	if (!pv_ok(pv_given_span(r, "for", &for_s, &e)) ||
	    !pv_ok(pv_agent_open(&agent, NULL, &e)) ||
	    !pv_ok(pv_keyfile_load(&k, key_path(r, r->args.at[0]), &e)) ||
	    !pv_ok(unlock_key(r, k, &passphrase, &e)) || !pv_ok(pv_keyfile_pair(&pair, k, &e)) ||
	    !pv_ok(pv_agent_add(agent, pair, pv_keyfile_name(k),
		(uint32_t)(for_s < UINT32_MAX ? for_s : UINT32_MAX), &e)))
		return pv_fail(r, &e, PV_NO_SLICE);
	if (r->json) {
		pv_json_begin(&out);
		pv_jsonw_str(&out.w, "key", pv_keyfile_name(k));
		pv_jsonw_u64(&out.w, "for_s", for_s);
		pv_json_end(r, &out);
		return PV_EXIT_DONE;
	}
	pv_state_line(&r->term, PV_STRONG, "Unlocked", ": %.*s is in your ssh-agent for %s.",
	    PV_FMT(pv_keyfile_name(k)),
	    for_s == 0 ? "as long as it runs" : pv_show_span(r->arena, for_s));
	pv_line(&r->term,
	    "  Until then proviso signs with it without asking. Forget it now: ssh-add -D");
	return PV_EXIT_DONE;
}

static const struct pv_opt key_unlock_options[] = {
	{ "for", 0, "SPAN", "how long; default: 15min; 0: as long as the agent runs", false, NULL },
	PV_OPT_PASSPHRASE,
	{ 0 },
};
static const struct pv_example key_unlock_examples[] = {
	{ "proviso key unlock officer1 --for 15m",
	    "type the passphrase once for several commands" },
	{ 0 },
};
const struct pv_cmd cmd_key_unlock = {
	.name = "key unlock",
	.group = PV_GROUP_HOME,
	.summary = "unlock a key for a while, in ssh-agent",
	.usage = "NAME|FILE [--for SPAN]",
	.text = "Puts the officer's key into the ssh-agent of SSH_AUTH_SOCK, which forgets it "
		"after a while.",
	.args = "file",
	.options = key_unlock_options,
	.examples = key_unlock_examples,
	.min_args = 1,
	.max_args = 1,
	.run = run_key_unlock,
};
