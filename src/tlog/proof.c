/* SPDX-License-Identifier: Apache-2.0 */
/* C2SP tlog-proof v1. */
#include "tlog/proof.h"

#include "base/mem.h"
#include "codec/base64.h"

#define MAGIC     "c2sp.org/tlog-proof@v1"
#define PROOF_MAX (PV_NOTE_MAX + 131072) /* a checkpoint, 64 hashes, and room for extra data */

void
pv_proof_write(struct pv_buf *out, const struct pv_proof *p)
{
	pv_buf_add_str(out, MAGIC "\n");
	if (p->has_extra) {
		pv_buf_add_str(out, "extra ");
		pv_base64_write(out, p->extra, PV_BASE64);
		pv_buf_add_c(out, '\n');
	}
	pv_buf_addf(out, "index %llu\n", (unsigned long long)p->index);
	for (size_t i = 0; i < p->path.n; i++) {
		pv_base64_write(out, pv_slice_mem(p->path.hash[i], PV_HASH), PV_BASE64);
		pv_buf_add_c(out, '\n');
	}
	pv_buf_add_c(out, '\n');
	pv_buf_add(out, p->checkpoint);
}

/* Takes "word " off the front of line. */
static bool
strip(struct pv_slice *line, const char *word)
{
	struct pv_slice w = pv_slice_of(word);

	if (!pv_slice_starts(*line, w))
		return false;
	*line = pv_slice_sub(*line, w.n, line->n);
	return true;
}

static PV_RESULT
take_hash(struct pv_tree_proof *path, struct pv_slice line, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };

	if (path->n == PV_TREE_PATH)
		return PV_FAIL(e, PV_E_LIMIT, "a proof of more than %d hashes", PV_TREE_PATH);
	if (!pv_base64_read(&raw, line, PV_BASE64) || raw.n != PV_HASH)
		return PV_FAIL(e, PV_E_INPUT, "hash %zu of the proof is none", path->n);
	memcpy(path->hash[path->n++], raw.p, PV_HASH);
	return PV_DONE;
}

static PV_RESULT
take_extra(struct pv_proof *p, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };

	if (!pv_base64_read(&raw, text, PV_BASE64))
		return PV_FAIL(e, PV_E_INPUT, "the extra data of the proof is not base64");
	p->has_extra = true;
	p->extra = pv_arena_copy(a, pv_buf_slice(&raw));
	return PV_DONE;
}

struct pv_status
pv_proof_read(struct pv_proof *out, struct pv_slice bytes, struct pv_arena *a, struct pv_err *e)
{
	struct pv_proof p = { 0 };
	struct pv_slice rest = bytes, line;

	if (bytes.n > PROOF_MAX)
		return PV_FAIL(e, PV_E_LIMIT, "a proof of %zu bytes", bytes.n);
	if (!pv_slice_next(&rest, '\n', &line) || !pv_slice_is(line, MAGIC))
		return PV_FAIL(e, PV_E_INPUT, "no proof: it does not begin with \"" MAGIC "\"");
	if (!pv_slice_next(&rest, '\n', &line))
		return PV_FAIL(e, PV_E_INPUT, "the proof is cut off");
	if (strip(&line, "extra ")) {
		PV_TRY(take_extra(&p, line, a, e));
		if (!pv_slice_next(&rest, '\n', &line))
			return PV_FAIL(e, PV_E_INPUT, "the proof is cut off");
	}
	if (!strip(&line, "index ") || !pv_slice_u64(line, &p.index))
		return PV_FAIL(e, PV_E_INPUT, "the proof does not say which entry it is about");
	for (;;) {
		if (!pv_slice_next(&rest, '\n', &line) || rest.p == NULL)
			return PV_FAIL(e, PV_E_INPUT, "the proof is cut off");
		if (line.n == 0)
			break;
		PV_TRY(take_hash(&p.path, line, e));
	}
	p.checkpoint = rest;
	*out = p;
	return PV_DONE;
}

struct pv_status
pv_proof_verify_hash(struct pv_checkpoint_seen *out, const struct pv_proof *p,
    const uint8_t leaf[PV_HASH], const struct pv_log_policy *policy, struct pv_arena *a,
    struct pv_err *e)
{
	struct pv_checkpoint_seen seen;

	PV_TRY(pv_checkpoint_open(&seen, p->checkpoint, policy, a, e));
	if (!pv_tree_verify(&p->path, leaf, p->index, seen.checkpoint.size, seen.checkpoint.root))
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "this is not entry %llu of \"%.*s\" as it was signed",
		    (unsigned long long)p->index, PV_FMT(seen.checkpoint.origin));
	*out = seen;
	return PV_DONE;
}

struct pv_status
pv_proof_verify(struct pv_checkpoint_seen *out, const struct pv_proof *p, struct pv_slice entry,
    const struct pv_log_policy *policy, struct pv_arena *a, struct pv_err *e)
{
	uint8_t leaf[PV_HASH];

	pv_hash_leaf(entry, leaf);
	return pv_proof_verify_hash(out, p, leaf, policy, a, e);
}
