/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key file that is locked is first looked for in the ssh-agent (the owner
 * unlocked it there for a while), then its passphrase is asked for, once.
 */
#include "desk/officers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "crypto/agent.h"
#include "crypto/keyfile.h"
#include "crypto/note.h"
#include "wire/record.h"

#define KEYS_MAX 256

struct officer {
	struct pv_keyfile *file;
	struct pv_pair *pair; /* unlocked */
	bool declined;
};

struct pv_officers {
	struct pv_unlock *unlock;
	struct pv_arena *arena;
	PV_VEC(struct officer) keys;
};

/* ---- finding keys ---- */

static int
ends_in_key(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && strcmp(entry->d_name + n - 4, ".key") == 0 &&
	       strncmp(entry->d_name, "request-", 8) != 0;
}

static PV_RESULT
add_file(struct pv_officers *o, const char *path, struct pv_err *e)
{
	PV_AUTO(pv_keyfile_freep) struct pv_keyfile *k = NULL;

	PV_TRY(pv_keyfile_load(&k, path, e));
	if (pv_keyfile_kind(k) == PV_KEY_ED25519)
		*PV_VEC_ADD(&o->keys) = (struct officer){ .file = PV_TAKE(k) };
	return PV_DONE;
}

/* In the order of their names, so that "officer1" comes before "officer2". */
static PV_RESULT
add_folder(struct pv_officers *o, const char *home, struct pv_err *e)
{
	const char *dir = pv_arena_printf(o->arena, "%s/keys", home).p;
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, ends_in_key, alphasort);
	struct pv_status st = PV_DONE;

	for (int i = 0; i < n; i++) {
		if (pv_ok(st) && o->keys.n < KEYS_MAX)
			st = add_file(
			    o, pv_arena_printf(o->arena, "%s/%s", dir, entries[i]->d_name).p, e);
		free(entries[i]);
	}
	free(entries);
	return st;
}

PV_RESULT
pv_officers_open(struct pv_officers **out, const char *home, struct pv_unlock *unlock,
    const struct pv_env *env, struct pv_err *e)
{
	struct pv_officers *o = PV_NEW(struct pv_officers);
	struct pv_status st = PV_DONE;

	(void)env;
	o->unlock = unlock;
	o->arena = pv_arena_new();
	for (size_t i = 0; pv_ok(st) && unlock != NULL && i < unlock->key_file_count; i++)
		st = add_file(o, unlock->key_files[i], e);
	if (pv_ok(st) && unlock != NULL && home != NULL && unlock->key_file_count == 0)
		st = add_folder(o, home, e);
	if (!pv_ok(st)) {
		pv_officers_close(o);
		return st;
	}
	*out = o;
	return PV_DONE;
}

void
pv_officers_close(struct pv_officers *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->keys.n; i++) {
		pv_pair_free(o->keys.at[i].pair);
		pv_keyfile_free(o->keys.at[i].file);
	}
	PV_VEC_FREE(&o->keys);
	pv_arena_free(o->arena);
	pv_free(o);
}

/* ---- signing ---- */

/* "officer1" is "co/officer1". */
static bool
called(struct pv_slice name, const char *as)
{
	size_t n = strlen(as);

	if (pv_slice_is(name, as))
		return true;
	return name.n > n && name.p[name.n - n - 1] == '/' &&
	       memcmp(name.p + name.n - n, as, n) == 0;
}

static bool
named(const struct pv_officers *o, struct pv_slice name)
{
	for (size_t i = 0; i < o->unlock->as_count; i++)
		if (called(name, o->unlock->as[i]))
			return true;
	return false;
}

static bool
may_sign(const struct pv_state *s, const struct pv_record *r, uint64_t now, struct pv_slice vkey)
{
	struct pv_key_match m = pv_state_key(s, vkey, now);

	if (!m.found || m.party.n == 0 ||
	    (m.use != PV_USE_OFFICER && !(m.use == PV_USE_ATTESTOR && r->kind == PV_ATTESTATION)))
		return false;
	return pv_name_under(r->issuer, m.party);
}

static PV_RESULT
sign_by_agent(const struct pv_vkey *vkey, struct pv_slice text, struct pv_buf *note, bool *signed_,
    struct pv_err *e)
{
	PV_AUTO(pv_agent_closep) struct pv_agent *agent = NULL;
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const struct pv_agent_key *keys;
	uint8_t sig[PV_SIGN_SIG];
	struct pv_err ignored;
	size_t n;

	*signed_ = false;
	if (!pv_ok(pv_agent_open(&agent, NULL, &ignored)) ||
	    !pv_ok(pv_agent_list(agent, a, &keys, &n, &ignored)))
		return PV_DONE;
	for (size_t i = 0; i < n && !*signed_; i++)
		if (memcmp(keys[i].pub, vkey->pub, PV_SIGN_PUB) == 0) {
			PV_TRY(pv_agent_sign(agent, vkey->pub, text, sig, e));
			PV_TRY(pv_note_add(note, vkey, pv_slice_mem(sig, sizeof(sig)), e));
			*signed_ = true;
		}
	return PV_DONE;
}

static PV_RESULT
unlock(struct pv_officers *o, struct officer *k, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *passphrase = NULL;
	const char *name = pv_arena_str(o->arena, pv_keyfile_name(k->file));

	if (k->pair != NULL || k->declined)
		return PV_DONE;
	if (pv_keyfile_locked(k->file)) {
		PV_TRY(o->unlock->passphrase(o->unlock->ctx, name, &passphrase, e));
		if (passphrase == NULL) {
			k->declined = true;
			return PV_DONE;
		}
		k->declined = true; /* a wrong one is told once, not for each record */
		PV_TRY(pv_keyfile_unlock(k->file, passphrase, e));
		k->declined = false;
	}
	return pv_keyfile_pair(&k->pair, k->file, e);
}

/* *signed_ false: the owner declined. */
static PV_RESULT
sign_one(struct pv_officers *o, struct officer *k, struct pv_slice text, struct pv_buf *note,
    bool *signed_, struct pv_err *e)
{
	struct pv_vkey vkey;

	PV_TRY(pv_vkey_read(&vkey, pv_keyfile_public(k->file), e));
	*signed_ = false;
	if (k->pair == NULL && pv_keyfile_locked(k->file))
		PV_TRY(sign_by_agent(&vkey, text, note, signed_, e));
	if (*signed_)
		return PV_DONE;
	PV_TRY(unlock(o, k, e));
	if (k->pair == NULL)
		return PV_DONE;
	PV_TRY(pv_note_sign(note, vkey.name, k->pair, e));
	*signed_ = true;
	return PV_DONE;
}

static PV_RESULT
begin(const struct pv_record *r, struct pv_slice standing, struct pv_buf *text, struct pv_buf *note,
    struct pv_err *e)
{
	pv_buf_add(text, r->line);
	pv_buf_add_c(text, '\n');
	if (standing.n == 0)
		return pv_note_begin(note, pv_buf_slice(text), e);
	pv_buf_add(note, standing);
	return PV_DONE;
}

static PV_RESULT
nobody(const struct pv_officers *o, const struct pv_record *r, struct pv_err *e)
{
	if (o->unlock->as_count != 0)
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "no key \"%s\" here", o->unlock->as[0]), e,
		    "the keys of this home: proviso key list; one from elsewhere: --key FILE");
	return pv_advise(
	    PV_FAIL(e, PV_E_INPUT, "no officer's key here may sign for %.*s", PV_FMT(r->issuer)), e,
	    "have it signed where that key is: --draft -o FILE, then 'proviso sign FILE' there");
}

PV_RESULT
pv_officers_sign(struct pv_officers *o, const struct pv_state *s, const struct pv_record *r,
    uint64_t now, struct pv_slice *note, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	uint64_t needs = pv_state_needs(s, r), have = 0;
	bool all = o->unlock->as_count != 0 || o->unlock->key_file_count != 0, any = false;

	PV_TRY(begin(r, *note, &text, &out, e));
	for (size_t i = 0; i < o->keys.n && (all || have < needs); i++) {
		struct officer *k = &o->keys.at[i];
		bool did;

		if (o->unlock->as_count != 0
			? !named(o, pv_keyfile_name(k->file))
			: !all && !may_sign(s, r, now, pv_keyfile_public(k->file)))
			continue;
		any = true;
		PV_TRY(sign_one(o, k, pv_buf_slice(&text), &out, &did, e));
		have += did ? 1 : 0;
	}
	if (!any && (note->n == 0 || o->unlock->as_count != 0))
		return nobody(o, r, e);
	if (have == 0 && note->n == 0)
		return PV_FAIL(e, PV_E_INPUT, "nobody signed %.*s", PV_FMT(r->id));
	*note = pv_arena_copy(a, pv_buf_slice(&out));
	return PV_DONE;
}
