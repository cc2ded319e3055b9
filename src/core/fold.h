/* SPDX-License-Identifier: Apache-2.0 */
/* Between state.c, fold.c, refs.c and signers.c alone. */
#ifndef PV_CORE_FOLD_H
#define PV_CORE_FOLD_H

#include "core/state.h"

/* Lists the names that a record refers to in s->refs. Names it declares are not among them. */
void pv_refs_list(struct pv_state *s, const struct pv_record *r);
/* Each is declared and stands, as far as its use asks for that; what is granted may be granted. */
PV_RESULT pv_refs_check(const struct pv_state *s, struct pv_err *e);
/* Adds to, or takes from, the uses of the names a record refers to (orders, agreements, conditions, keys). */
void pv_refs_count(struct pv_state *s, const struct pv_record *r, int by);
/* The first standing record that names that party or term, or NULL. */
const struct pv_fact *pv_refs_first(
    struct pv_state *s, enum pv_tree tree, struct pv_slice name, uint64_t at);
/* PV_E_INPUT: what: unknown party "x", with the nearest, and no field. */
struct pv_status pv_refs_unknown(
    const struct pv_state *s, enum pv_tree tree, struct pv_slice name, struct pv_err *e);

/* The fact of a party (tree NONE) or term of that name, the latest; NULL. */
struct pv_fact *pv_named(const struct pv_state *s, enum pv_tree tree, struct pv_slice name);
/* "party", "topic", ... */
const char *pv_tree_word(enum pv_tree tree);

/*
 * Counts the different officers who may sign r, of the signers of this act and (of a hold) of earlier ones. A signer that
 * the log knows and that may not is an error.
 */
PV_RESULT pv_signers_count(const struct pv_state *s, const struct pv_act *act,
    const struct pv_held *held, uint64_t *count, struct pv_err *e);
/* Every officer of a genesis has signed it. */
PV_RESULT pv_signers_genesis(const struct pv_act *act, struct pv_err *e);
/* Keys come and go. */
void pv_keys_add_genesis(struct pv_state *s, const struct pv_record *r, uint64_t since);
void pv_keys_add(struct pv_state *s, const struct pv_fact *f);
/* Ends the keys of a key record, or those of the genesis with that name; drops the holds that only they signed. */
void pv_keys_end(struct pv_state *s, const struct pv_fact *of, struct pv_slice genesis_name,
    const struct pv_act *act);
/* 0: no key of the genesis has that name; 1: one stands; 2: it has ended. */
int pv_keys_genesis_name(const struct pv_state *s, struct pv_slice name);
/* Different officers' names that stand. */
uint64_t pv_keys_officers(const struct pv_state *s);
/* The hold of that order, or NULL. */
struct pv_held *pv_held_find(struct pv_state *s, const struct pv_fact *f);
void pv_held_add(struct pv_state *s, struct pv_fact *f, const struct pv_act *act);
void pv_held_remove(struct pv_state *s, const struct pv_fact *f);

#endif
