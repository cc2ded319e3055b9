/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs test vectors. The keys are made of their names, so that anybody can
 * make the same: the seed of NAME is SHA-256("proviso test key NAME"). They
 * are good for nothing else.
 *
 *   sign --vkey NAME           the verification key
 *   sign < lines               lines "NAME,NAME<tab>JSON": signed notes; without names: the canonical line
 *
 * `./make.py BUILD/tests/apply/sign` makes tests/vectors/records/ with it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "crypto/note.h"

#define LINE_MAX_BYTES (1 << 20)

static struct pv_pair *
pair_of(struct pv_slice name)
{
	struct pv_buf text = { 0 };
	struct pv_secret *seed = pv_secret_new(PV_SIGN_SEED);
	struct pv_pair *pair;
	uint8_t digest[PV_HASH];

	pv_buf_addf(&text, "proviso test key %.*s", PV_FMT(name));
	pv_hash(pv_buf_slice(&text), digest);
	memcpy(pv_secret_bytes(seed), digest, PV_SIGN_SEED);
	pair = pv_pair_of(seed);
	pv_secret_free(seed);
	pv_buf_free(&text);
	return pair;
}

static int
fail(const struct pv_err *e)
{
	fprintf(stderr, "%u:%u: %s\n", e->line, e->col, e->what);
	return 1;
}

static int
print_vkey(const char *name)
{
	struct pv_pair *pair = pair_of(pv_slice_of(name));
	struct pv_vkey key = pv_vkey_make(pv_slice_of(name), PV_VKEY_ED25519, pv_pair_pub(pair));
	struct pv_buf text = { 0 };

	pv_vkey_write(&text, &key);
	printf("%s\n", pv_buf_str(&text));
	pv_buf_free(&text);
	pv_pair_free(pair);
	return 0;
}

/* Appends the note, or the line alone. */
static struct pv_status
sign_line(struct pv_slice names, struct pv_slice json, struct pv_buf *note, struct pv_err *e)
{
	struct pv_json *doc = NULL;
	struct pv_buf line = { 0 };
	struct pv_slice name;

	PV_TRY(pv_json_read(&doc, json, LINE_MAX_BYTES, e));
	pv_json_canon(doc, 0, &line);
	pv_buf_add_c(&line, '\n');
	pv_json_free(doc);
	if (names.n == 0)
		pv_buf_add(note, pv_buf_slice(&line));
	else
		PV_TRY(pv_note_begin(note, pv_buf_slice(&line), e));
	while (names.n > 0 && pv_slice_next(&names, ',', &name)) {
		struct pv_pair *pair = pair_of(name);

		PV_TRY(pv_note_sign(note, name, pair, e));
		pv_pair_free(pair);
	}
	pv_buf_free(&line);
	return PV_DONE;
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct pv_err e = { 0 };

	if (argc == 3 && strcmp(argv[1], "--vkey") == 0)
		return print_vkey(argv[2]);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct pv_slice rest = pv_slice_trim(pv_slice_mem(line, (size_t)n)),
				names = PV_NO_SLICE;
		struct pv_buf note = { 0 };

		if (rest.n > 0 && rest.p[0] != '{')
			(void)pv_slice_next(&rest, '\t', &names);
		if (!pv_ok(sign_line(names, rest, &note, &e)))
			return fail(&e);
		fwrite(note.p, 1, note.n, stdout);
		pv_buf_free(&note);
	}
	free(line);
	return 0;
}
