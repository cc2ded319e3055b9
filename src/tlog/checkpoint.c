/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP tlog-checkpoint v1.0.0 and tlog-policy. The time of a quorum is found as the quorum itself is: a witness has the
 * time of its cosignature, a group of which k are needed has the k-th newest time of its members. At that time or later
 * enough of them vouched for the tree.
 */
#include "tlog/checkpoint.h"

#include "base/mem.h"
#include "codec/base64.h"

#define NO_QUORUM   SIZE_MAX
#define NONE_NEEDED (SIZE_MAX - 1)

/* ---- the text ---- */

static bool
has_empty_line(struct pv_slice text)
{
	return (text.n > 0 && text.p[0] == '\n') ||
	       (text.n > 1 && memmem(text.p, text.n, "\n\n", 2) != NULL);
}

struct pv_status
pv_checkpoint_write(struct pv_buf *out, const struct pv_checkpoint *c, struct pv_err *e)
{
	if (c->origin.n == 0 || memchr(c->origin.p, '\n', c->origin.n) != NULL)
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is no origin of a log", PV_FMT(c->origin));
	if (c->extension.n > 0 &&
	    (has_empty_line(c->extension) || c->extension.p[c->extension.n - 1] != '\n'))
		return PV_FAIL(e, PV_E_INPUT,
		    "the extension of a checkpoint is whole lines, none of them empty");
	pv_buf_add(out, c->origin);
	pv_buf_add_c(out, '\n');
	pv_buf_add_u64(out, c->size);
	pv_buf_add_c(out, '\n');
	pv_base64_write(out, pv_slice_mem(c->root, PV_HASH), PV_BASE64);
	pv_buf_add_c(out, '\n');
	pv_buf_add(out, c->extension);
	return PV_DONE;
}

static bool
read_hash(uint8_t out[PV_HASH], struct pv_slice text)
{
	PV_AUTO(pv_buf_free) struct pv_buf raw = { 0 };

	if (!pv_base64_read(&raw, text, PV_BASE64) || raw.n != PV_HASH)
		return false;
	memcpy(out, raw.p, PV_HASH);
	return true;
}

struct pv_status
pv_checkpoint_read(struct pv_checkpoint *out, struct pv_slice text, struct pv_err *e)
{
	struct pv_checkpoint c = { 0 };
	struct pv_slice rest = text, size, root;

	if (text.n == 0 || text.p[text.n - 1] != '\n' || has_empty_line(text))
		return PV_FAIL(
		    e, PV_E_INPUT, "no checkpoint: its text is whole lines, none of them empty");
	if (!pv_slice_next(&rest, '\n', &c.origin) || !pv_slice_next(&rest, '\n', &size) ||
	    !pv_slice_next(&rest, '\n', &root) || rest.p == NULL)
		return PV_FAIL(e, PV_E_INPUT, "no checkpoint: fewer than three lines");
	if (!pv_slice_u64(size, &c.size) || c.size > INT64_MAX)
		return PV_FAIL(e, PV_E_INPUT, "no checkpoint: \"%.*s\" is no size",
		    (int)(size.n < 40 ? size.n : 40), size.p);
	if (!read_hash(c.root, root))
		return PV_FAIL(e, PV_E_INPUT, "no checkpoint: its third line is no root hash");
	c.extension = rest;
	*out = c;
	return PV_DONE;
}

struct pv_status
pv_checkpoint_sign(struct pv_buf *note, const struct pv_checkpoint *c,
    const struct pv_pair *log_key, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf own = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	PV_TRY(pv_checkpoint_write(&text, c, e));
	PV_TRY(pv_note_begin(&own, pv_buf_slice(&text), e));
	PV_TRY(pv_note_sign(&own, c->origin, log_key, e));
	pv_buf_add(note, pv_buf_slice(&own));
	return PV_DONE;
}

/* ---- policies ---- */

/* Logs or witnesses; the arrays run side by side. */
struct parties {
	struct pv_vkey *keys;
	struct pv_slice *urls;
	struct pv_slice *texts; /* of the key, to tell others' types apart */
	size_t n;
};

/* A witness or a group: what a group and a quorum may name. */
struct node {
	struct pv_slice name;
	bool member;    /* of a group already */
	size_t witness; /* which, when of is NULL */
	const size_t *of;
	size_t count, k;
};

struct pv_log_policy {
	struct parties logs, witnesses;
	struct pv_slice *witness_names;
	struct node *nodes;
	size_t node_count, group_count;
	size_t quorum; /* a node, NONE_NEEDED or NO_QUORUM */
	size_t room;   /* of each array; nodes have twice as much */
};

static struct pv_log_policy *
new_policy(struct pv_arena *a, size_t room)
{
	struct pv_log_policy *p = PV_ARENA_NEW(a, struct pv_log_policy);
	struct parties *both[] = { &p->logs, &p->witnesses };

	for (size_t i = 0; i < 2; i++) {
		both[i]->keys = pv_arena_alloc_n(a, room, sizeof(struct pv_vkey));
		both[i]->urls = pv_arena_alloc_n(a, room, sizeof(struct pv_slice));
		both[i]->texts = pv_arena_alloc_n(a, room, sizeof(struct pv_slice));
	}
	p->witness_names = pv_arena_alloc_n(a, room, sizeof(struct pv_slice));
	p->nodes = pv_arena_alloc_n(a, 2 * room, sizeof(struct node));
	p->quorum = NO_QUORUM;
	p->room = room;
	return p;
}

static size_t
find_node(const struct pv_log_policy *p, struct pv_slice name)
{
	for (size_t i = 0; i < p->node_count; i++) {
		if (pv_slice_eq(p->nodes[i].name, name))
			return i;
	}
	return NO_QUORUM;
}

/* The key alone, without name and id. */
static struct pv_slice
key_text(struct pv_slice vkey)
{
	const char *plus = memchr(vkey.p, '+', vkey.n); /* names and ids have none, base64 may */

	if (plus != NULL)
		plus = memchr(plus + 1, '+', vkey.n - (size_t)(plus + 1 - vkey.p));
	return plus != NULL ? pv_slice_sub(vkey, (size_t)(plus + 1 - vkey.p), vkey.n) : vkey;
}

static bool
same_key(const struct pv_vkey *a, struct pv_slice a_text, const struct pv_vkey *b,
    struct pv_slice b_text)
{
	if (a->kind == PV_VKEY_OTHER || b->kind == PV_VKEY_OTHER)
		return pv_slice_eq(a_text, b_text);
	return memcmp(a->pub, b->pub, PV_SIGN_PUB) == 0;
}

static PV_RESULT
add_party(struct parties *to, size_t room, const struct pv_vkey *key, struct pv_slice text,
    struct pv_slice url, struct pv_err *e)
{
	if (to->n == room)
		return PV_FAIL(e, PV_E_LIMIT, "more than %d keys", PV_POLICY_OF);
	for (size_t i = 0; i < to->n; i++) {
		if (same_key(&to->keys[i], to->texts[i], key, text))
			return PV_FAIL(e, PV_E_INPUT, "the key of \"%.*s\" is that of \"%.*s\"",
			    PV_FMT(key->name), PV_FMT(to->keys[i].name));
	}
	to->keys[to->n] = *key;
	to->texts[to->n] = text;
	to->urls[to->n++] = url;
	return PV_DONE;
}

static PV_RESULT
check_new_name(const struct pv_log_policy *p, struct pv_slice name, struct pv_err *e)
{
	if (pv_slice_is(name, "none"))
		return PV_FAIL(e, PV_E_INPUT, "\"none\" names no witness and no group");
	if (find_node(p, name) != NO_QUORUM)
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is named twice", PV_FMT(name));
	return PV_DONE;
}

static PV_RESULT
add_witness(struct pv_log_policy *p, struct pv_slice name, const struct pv_vkey *key,
    struct pv_slice text, struct pv_slice url, struct pv_err *e)
{
	PV_TRY(check_new_name(p, name, e));
	if (key->kind == PV_VKEY_ED25519)
		return PV_FAIL(e, PV_E_INPUT, "the key of witness \"%.*s\" signs no cosignatures",
		    PV_FMT(name));
	PV_TRY(add_party(&p->witnesses, p->room, key, text, url, e));
	p->witness_names[p->witnesses.n - 1] = name;
	p->nodes[p->node_count++] = (struct node){ .name = name, .witness = p->witnesses.n - 1 };
	return PV_DONE;
}

/* words: the blank-separated rest of a line */
static bool
next_word(struct pv_slice *words, struct pv_slice *word)
{
	size_t i = 0, n = 0;

	while (i < words->n && (words->p[i] == ' ' || words->p[i] == '\t'))
		i++;
	while (i + n < words->n && words->p[i + n] != ' ' && words->p[i + n] != '\t')
		n++;
	*word = pv_slice_sub(*words, i, i + n);
	*words = pv_slice_sub(*words, i + n, words->n);
	return n > 0;
}

static PV_RESULT
end_of_line(struct pv_slice words, struct pv_err *e)
{
	struct pv_slice word;

	if (next_word(&words, &word))
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is too much on this line", PV_FMT(word));
	return PV_DONE;
}

static PV_RESULT
want_word(struct pv_slice *words, struct pv_slice *word, const char *what, struct pv_err *e)
{
	if (!next_word(words, word))
		return PV_FAIL(e, PV_E_INPUT, "%s is missing", what);
	return PV_DONE;
}

static PV_RESULT
take_log(struct pv_log_policy *p, struct pv_slice words, struct pv_err *e)
{
	struct pv_slice text, url;
	struct pv_vkey key;

	PV_TRY(want_word(&words, &text, "the log's key", e));
	next_word(&words, &url);
	PV_TRY(end_of_line(words, e));
	PV_TRY(pv_vkey_read_any(&key, text, e));
	return add_party(&p->logs, p->room, &key, key_text(text), url, e);
}

static PV_RESULT
take_witness(struct pv_log_policy *p, struct pv_slice words, struct pv_err *e)
{
	struct pv_slice name, text, url;
	struct pv_vkey key;

	PV_TRY(want_word(&words, &name, "the witness's name", e));
	PV_TRY(want_word(&words, &text, "the witness's key", e));
	next_word(&words, &url);
	PV_TRY(end_of_line(words, e));
	PV_TRY(pv_vkey_read_any(&key, text, e));
	return add_witness(p, name, &key, key_text(text), url, e);
}

/* "any", "all" or a number between */
static PV_RESULT
read_k(size_t *k, struct pv_slice word, size_t count, struct pv_err *e)
{
	uint64_t n;

	if (pv_slice_is(word, "any"))
		n = 1;
	else if (pv_slice_is(word, "all"))
		n = count;
	else if (!pv_slice_u64(word, &n))
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not all, any or a number", PV_FMT(word));
	if (n < 1 || n > count)
		return PV_FAIL(
		    e, PV_E_INPUT, "%llu of %zu is no quorum", (unsigned long long)n, count);
	*k = (size_t)n;
	return PV_DONE;
}

static PV_RESULT
take_member(struct pv_log_policy *p, struct pv_slice name, size_t *out, struct pv_err *e)
{
	size_t i = find_node(p, name);

	if (i == NO_QUORUM)
		return PV_FAIL(e, PV_E_INPUT, "no witness and no group \"%.*s\" above this line",
		    PV_FMT(name));
	if (p->nodes[i].member)
		return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is in a group already", PV_FMT(name));
	p->nodes[i].member = true;
	*out = i;
	return PV_DONE;
}

static PV_RESULT
take_group(struct pv_log_policy *p, struct pv_slice words, struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice name, k, member;
	struct node g = { 0 };
	size_t *of = pv_arena_alloc_n(a, p->node_count, sizeof(*of));

	PV_TRY(want_word(&words, &name, "the group's name", e));
	PV_TRY(want_word(&words, &k, "how many of the group are needed", e));
	PV_TRY(check_new_name(p, name, e));
	if (p->group_count == p->room)
		return PV_FAIL(e, PV_E_LIMIT, "more than %d groups", PV_POLICY_OF);
	while (next_word(&words, &member)) /* each at most once, so of has room */
		PV_TRY(take_member(p, member, &of[g.count++], e));
	if (g.count == 0)
		return PV_FAIL(e, PV_E_INPUT, "the group's members are missing");
	PV_TRY(read_k(&g.k, k, g.count, e));
	g.name = name;
	g.of = of;
	p->nodes[p->node_count++] = g;
	p->group_count++;
	return PV_DONE;
}

static PV_RESULT
take_quorum(struct pv_log_policy *p, struct pv_slice words, struct pv_err *e)
{
	struct pv_slice name;

	if (p->quorum != NO_QUORUM)
		return PV_FAIL(e, PV_E_INPUT, "a second quorum");
	PV_TRY(want_word(&words, &name, "the quorum", e));
	PV_TRY(end_of_line(words, e));
	p->quorum = pv_slice_is(name, "none") ? NONE_NEEDED : find_node(p, name);
	if (p->quorum == NO_QUORUM)
		return PV_FAIL(e, PV_E_INPUT, "no witness and no group \"%.*s\" above this line",
		    PV_FMT(name));
	return PV_DONE;
}

static PV_RESULT
take_line(struct pv_log_policy *p, struct pv_slice line, struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice word;

	for (size_t i = 0; i < line.n; i++) {
		uint8_t c = (uint8_t)line.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return PV_FAIL(e, PV_E_INPUT, "a control character, 0x%02x", c);
	}
	if (!next_word(&line, &word) || word.p[0] == '#')
		return PV_DONE;
	if (pv_slice_is(word, "log"))
		return take_log(p, line, e);
	if (pv_slice_is(word, "witness"))
		return take_witness(p, line, e);
	if (pv_slice_is(word, "group"))
		return take_group(p, line, a, e);
	if (pv_slice_is(word, "quorum"))
		return take_quorum(p, line, e);
	return PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not log, witness, group or quorum",
	    (int)(word.n < 40 ? word.n : 40), word.p);
}

struct pv_status
pv_log_policy_read(
    const struct pv_log_policy **out, struct pv_slice text, struct pv_arena *a, struct pv_err *e)
{
	struct pv_slice rest, line;
	struct pv_log_policy *p;
	struct pv_status st;
	size_t lines = 1;

	if (text.n > PV_POLICY_MAX)
		return PV_FAIL(
		    e, PV_E_LIMIT, "a policy of %zu bytes, %d are the most", text.n, PV_POLICY_MAX);
	rest = pv_arena_copy(a, text);
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	p = new_policy(a, lines < PV_POLICY_OF ? lines : PV_POLICY_OF);
	for (unsigned number = 1; pv_slice_next(&rest, '\n', &line); number++) {
		st = take_line(p, line, a, e);
		if (!pv_ok(st)) {
			e->line = number;
			return st;
		}
	}
	if (p->quorum == NO_QUORUM)
		return PV_FAIL(e, PV_E_INPUT, "the policy has no quorum line");
	*out = p;
	return PV_DONE;
}

struct pv_status
pv_log_policy_make(const struct pv_log_policy **out, const struct pv_vkey *log,
    const struct pv_vkey *witnesses, size_t count, size_t k, struct pv_arena *a, struct pv_err *e)
{
	struct pv_log_policy *p = new_policy(a, count + 1);
	size_t *of = pv_arena_alloc_n(a, count, sizeof(*of));

	if (k > count)
		return PV_FAIL(e, PV_E_INPUT, "%zu of %zu is no quorum", k, count);
	PV_TRY(add_party(&p->logs, p->room, log, PV_NO_SLICE, PV_NO_SLICE, e));
	for (size_t i = 0; i < count; i++) {
		PV_TRY(
		    add_witness(p, witnesses[i].name, &witnesses[i], PV_NO_SLICE, PV_NO_SLICE, e));
		of[i] = i;
	}
	p->quorum = NONE_NEEDED;
	if (k > 0) {
		p->quorum = p->node_count;
		p->nodes[p->node_count++] = (struct node){ .of = of, .count = count, .k = k };
	}
	*out = p;
	return PV_DONE;
}

const struct pv_vkey *
pv_log_policy_logs(const struct pv_log_policy *p, size_t *count)
{
	*count = p->logs.n;
	return p->logs.keys;
}

const struct pv_vkey *
pv_log_policy_witnesses(const struct pv_log_policy *p, size_t *count)
{
	*count = p->witnesses.n;
	return p->witnesses.keys;
}

struct pv_slice
pv_log_policy_log_url(const struct pv_log_policy *p, size_t i)
{
	return p->logs.urls[i];
}

struct pv_slice
pv_log_policy_witness_url(const struct pv_log_policy *p, size_t i)
{
	return p->witnesses.urls[i];
}

struct pv_slice
pv_log_policy_witness_name(const struct pv_log_policy *p, size_t i)
{
	return p->witness_names[i];
}

/* ---- verifying ---- */

/* The k-th largest of n marks; they are put in order as far as needed. */
static uint64_t
kth(uint64_t *marks, size_t n, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		for (size_t j = i + 1; j < n; j++) {
			if (marks[j] > marks[i]) {
				uint64_t m = marks[i];

				marks[i] = marks[j];
				marks[j] = m;
			}
		}
	}
	return marks[k - 1];
}

/* A mark is 0 for not cosigned, else the time and one. */
static uint64_t
quorum_mark(
    const struct pv_log_policy *p, const struct pv_note_check *witnesses, struct pv_arena *a)
{
	uint64_t *marks = pv_arena_alloc_n(a, p->node_count, sizeof(*marks));
	uint64_t *of = pv_arena_alloc_n(a, p->node_count, sizeof(*of));

	for (size_t i = 0; i < p->node_count; i++) {
		const struct node *g = &p->nodes[i];

		if (g->of == NULL) {
			marks[i] = witnesses[g->witness].good ? witnesses[g->witness].time + 1 : 0;
			continue;
		}
		for (size_t m = 0; m < g->count; m++)
			of[m] = marks[g->of[m]]; /* members stand above their group */
		marks[i] = kth(of, g->count, g->k);
	}
	return marks[p->quorum];
}

static PV_RESULT
find_log(struct pv_checkpoint_seen *s, const struct pv_log_policy *p,
    const struct pv_note_check *checks, struct pv_err *e)
{
	for (size_t i = 0; i < p->logs.n; i++) {
		if (checks[i].good && pv_slice_eq(p->logs.keys[i].name, s->checkpoint.origin)) {
			s->log = p->logs.keys[i];
			return PV_DONE;
		}
	}
	return PV_FAIL(e, PV_E_UNTRUSTED, "the checkpoint of \"%.*s\" is not signed by that log",
	    PV_FMT(s->checkpoint.origin));
}

struct pv_status
pv_checkpoint_see(struct pv_checkpoint_seen *out, struct pv_slice bytes,
    const struct pv_log_policy *p, struct pv_arena *a, struct pv_err *e)
{
	size_t logs = p->logs.n, n = logs + p->witnesses.n;
	struct pv_vkey *keys = pv_arena_alloc_n(a, n, sizeof(*keys));
	struct pv_note_check *checks = pv_arena_alloc_n(a, n, sizeof(*checks));
	struct pv_checkpoint_seen s = { 0 };
	uint64_t mark;

	PV_TRY(pv_note_read(&s.note, bytes, a, e));
	PV_TRY(pv_checkpoint_read(&s.checkpoint, s.note.text, e));
	for (size_t i = 0; i < n; i++)
		keys[i] = i < logs ? p->logs.keys[i] : p->witnesses.keys[i - logs];
	PV_TRY(pv_note_verify(&s.note, keys, checks, n, e));
	PV_TRY(find_log(&s, p, checks, e));
	for (size_t i = logs; i < n; i++)
		s.witnesses += checks[i].good;
	s.quorum = p->quorum == NONE_NEEDED;
	if (!s.quorum) {
		mark = quorum_mark(p, checks + logs, a);
		s.quorum = mark > 0;
		s.time = mark > 0 ? mark - 1 : 0;
	}
	*out = s;
	return PV_DONE;
}

struct pv_status
pv_checkpoint_open(struct pv_checkpoint_seen *out, struct pv_slice bytes,
    const struct pv_log_policy *p, struct pv_arena *a, struct pv_err *e)
{
	struct pv_checkpoint_seen s;

	PV_TRY(pv_checkpoint_see(&s, bytes, p, a, e));
	if (!s.quorum)
		return PV_FAIL(e, PV_E_UNTRUSTED,
		    "the checkpoint of \"%.*s\" has the cosignatures of %zu witnesses, too few",
		    PV_FMT(s.checkpoint.origin), s.witnesses);
	*out = s;
	return PV_DONE;
}
