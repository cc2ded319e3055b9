/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request at a time on a connection: the next is read when the answer to
 * the last was written. A connection belongs to its loop's thread.
 */
#include "gateway/postfix.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "gateway/doors.h"
#include "gateway/front.h"

#define CONNECTIONS_MAX 1000 /* smtpd and qmgr keep theirs open; more wait to be accepted */
#define IDLE_S          600  /* Postfix closes after 300 s by itself */
#define REQUEST_S       10   /* from the first byte of a request to its last */
#define SAID_MAX        240  /* of a text from the records, in an SMTP reply */

/* ---- policy delegation ---- */

struct attribute {
	const char *name;
	size_t at;
};
#define ATTRIBUTE(member)                                           \
	{                                                           \
#		member, offsetof(struct pv_policy_request, member) \
	}
static const struct attribute attributes[] = {
	ATTRIBUTE(request),
	ATTRIBUTE(protocol_state),
	ATTRIBUTE(sender),
	ATTRIBUTE(recipient),
	ATTRIBUTE(client_address),
	ATTRIBUTE(sasl_username),
	{ "ccert_pubkey_fingerprint", offsetof(struct pv_policy_request, key_fingerprint) },
};

static bool
take_line(struct pv_slice line, struct pv_policy_request *out)
{
	struct pv_slice name;

	if (memchr(line.p, '=', line.n) == NULL || memchr(line.p, '\0', line.n) != NULL)
		return false;
	pv_slice_next(&line, '=', &name);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		struct pv_slice *at = (struct pv_slice *)((char *)out + attributes[i].at);

		if (!pv_slice_is(name, attributes[i].name))
			continue;
		if (at->p != NULL)
			return false; /* twice: which one counts? */
		*at = pv_slice_mem(line.n != 0 ? line.p : "", line.n);
	}
	return name.n != 0;
}

/* "AB:CD:..." -> "abcd..." */
static struct pv_slice
plain_hex(struct pv_slice s, struct pv_arena *a)
{
	char *out = pv_arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ':')
			out[n++] = s.p[i] >= 'A' && s.p[i] <= 'F' ? (char)(s.p[i] + 32) : s.p[i];
	return pv_slice_mem(out, n);
}

enum pv_line_read
pv_postfix_policy_read(
    struct pv_slice text, struct pv_arena *a, struct pv_policy_request *out, size_t *used)
{
	struct pv_slice rest = pv_slice_sub(text, 0, PV_POLICY_BYTES);

	*out = (struct pv_policy_request){ 0 };
	while (rest.n != 0) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct pv_slice line;

		if (end == NULL)
			break;
		line = pv_slice_mem(rest.p, (size_t)(end - rest.p));
		rest = pv_slice_sub(rest, line.n + 1, rest.n);
		if (line.n != 0) {
			if (!take_line(line, out))
				return PV_LINE_BAD;
			continue;
		}
		if (!pv_slice_is(out->request, "smtpd_access_policy"))
			return PV_LINE_BAD;
		out->key_fingerprint = plain_hex(out->key_fingerprint, a);
		*used = (size_t)(end + 1 - text.p);
		return PV_LINE_DONE;
	}
	return text.n < PV_POLICY_BYTES ? PV_LINE_MORE : PV_LINE_BAD;
}

/* A text of the records, as far as an SMTP reply may have it. */
static void
add_plain(struct pv_buf *out, struct pv_slice text)
{
	for (size_t i = 0; i < text.n && i < SAID_MAX; i++)
		pv_buf_add_c(out, text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?');
}

/* Names the public order and whom to ask; else the reference alone. */
static void
add_why(const struct pv_door_answer *a, struct pv_buf *out)
{
	if (a->order.n == 0) {
		pv_buf_add_str(out, "This exchange is not possible; reference ");
		add_plain(out, a->reference);
		return;
	}
	pv_buf_add_str(out, "Exchange stopped by order ");
	add_plain(out, a->order);
	pv_buf_add_str(out, " of ");
	add_plain(out, a->issuer);
	if (a->desk.n != 0) {
		pv_buf_add_str(out, "; ask ");
		add_plain(out, a->desk);
	}
	pv_buf_add_str(out, "; reference ");
	add_plain(out, a->reference);
}

#define NOT_NOW "This gateway has no fresh proof of its orders; try again later"

void
pv_postfix_policy_write(const struct pv_door_answer *answer, struct pv_buf *out)
{
	switch (answer->say) {
	case PV_DOOR_REFUSE:
		pv_buf_add_str(out, "action=554 5.7.1 ");
		add_why(answer, out);
		break;
	case PV_DOOR_LATER:
		pv_buf_add_str(out, "action=450 4.7.1 " NOT_NOW);
		break;
	case PV_DOOR_PASS:
		pv_buf_add_str(out, "action=DUNNO"); /* never OK: others may still refuse */
		break;
	}
	pv_buf_add_str(out, "\n\n");
}

/* ---- socketmap ---- */

enum pv_line_read
pv_lookup_read(struct pv_slice text, struct pv_lookup_request *out, size_t *used)
{
	struct pv_slice head = pv_slice_sub(text, 0, 6), body;
	const char *colon = head.n != 0 ? memchr(head.p, ':', head.n) : NULL;
	uint64_t n;
	size_t from;

	if (colon == NULL) {
		for (size_t i = 0; i < head.n; i++)
			if (head.p[i] < '0' || head.p[i] > '9')
				return PV_LINE_BAD;
		return head.n < 6 ? PV_LINE_MORE : PV_LINE_BAD;
	}
	from = (size_t)(colon - text.p) + 1;
	if (!pv_slice_u64(pv_slice_sub(text, 0, from - 1), &n) || n > PV_LOOKUP_BYTES)
		return PV_LINE_BAD;
	if (text.n < from + n + 1)
		return PV_LINE_MORE;
	if (text.p[from + n] != ',')
		return PV_LINE_BAD;
	body = pv_slice_sub(text, from, from + n);
	if (memchr(body.n != 0 ? body.p : "", ' ', body.n) == NULL ||
	    memchr(body.p, '\0', body.n) != NULL)
		return PV_LINE_BAD;
	pv_slice_next(&body, ' ', &out->map);
	out->key = body;
	*used = from + n + 1;
	return PV_LINE_DONE;
}

static void
add_netstring(struct pv_buf *out, struct pv_slice text)
{
	pv_buf_add_u64(out, text.n);
	pv_buf_add_c(out, ':');
	pv_buf_add(out, text);
	pv_buf_add_c(out, ',');
}

void
pv_lookup_write(const struct pv_door_answer *answer, struct pv_buf *out)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	switch (answer->say) {
	case PV_DOOR_REFUSE:
		pv_buf_add_str(&text, "OK error:5.7.1 ");
		add_why(answer, &text);
		break;
	case PV_DOOR_LATER:
		pv_buf_add_str(&text, "OK retry:4.7.1 ");
		if (answer->held)
			add_why(answer, &text);
		else
			pv_buf_add_str(&text, NOT_NOW);
		break;
	case PV_DOOR_PASS:
		pv_buf_add_str(&text, "NOTFOUND ");
		break;
	}
	add_netstring(out, pv_buf_slice(&text));
}

/* ---- connections ---- */

struct conn {
	struct pv_postfix *p;
	struct conn *previous, *next;
	struct bufferevent *b;
	struct event *deadline;
	struct pv_arena *a; /* of the request at hand */
	struct pv_front_ticket *ticket;
	bool begun; /* a part of a request is there: its time runs */
};

struct pv_postfix {
	struct pv_postfix_use use;
	struct event *accepts;
	struct conn *conns;
	unsigned open;
	bool drains;
};

static void on_request(struct conn *c);

static void
conn_close(struct conn *c)
{
	struct pv_postfix *p = c->p;

	if (c->ticket != NULL)
		pv_front_drop(c->ticket);
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		p->conns = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	if (p->open-- == CONNECTIONS_MAX && p->accepts != NULL && !p->drains)
		event_add(p->accepts, NULL);
	event_free(c->deadline);
	bufferevent_free(c->b);
	pv_arena_free(c->a);
	pv_free(c);
}

static void
within(struct conn *c, unsigned seconds)
{
	struct timeval wait = { .tv_sec = seconds };

	event_add(c->deadline, &wait);
}

static void
reply(struct conn *c, const struct pv_door_answer *answer)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };

	if (c->p->use.kind == PV_POSTFIX_POLICY)
		pv_postfix_policy_write(answer, &out);
	else
		pv_lookup_write(answer, &out);
	bufferevent_write(c->b, out.p, out.n);
	pv_arena_reset(c->a);
	within(c, IDLE_S);
}

/* A keeper that is busy or gone will be there again: later. Anything else has no answer, and Postfix keeps the mail. */
static void
answered(void *ctx, const struct pv_edge_reply *r)
{
	static const struct pv_door_answer later = { .say = PV_DOOR_LATER };
	struct conn *c = ctx;

	c->ticket = NULL;
	switch (r->kind) {
	case PV_REPLY_DONE:
		reply(c, r->answer);
		break;
	case PV_REPLY_DOWN:
	case PV_REPLY_LIMITED:
		reply(c, &later);
		break;
	case PV_REPLY_UNAUTHENTICATED:
	case PV_REPLY_FORBIDDEN:
	case PV_REPLY_FAILED:
		conn_close(c);
		return;
	}
	if (c->p->drains)
		bufferevent_disable(c->b, EV_READ);
	else
		on_request(c);
}

static void
ask(struct conn *c, struct pv_door_ask *what, struct pv_slice second)
{
	const struct pv_doors_config *config = pv_front_doors(c->p->use.front);
	const struct pv_door_route *route =
	    pv_door_route_find(config, PV_SLICE("mail"), pv_door_mail(what->recipient, c->a));
	struct pv_credential nobody = { .kind = PV_CRED_NONE, .peer = PV_SLICE("postfix") };

	if (route == NULL)
		route = pv_door_route_find(config, PV_SLICE("mail"), pv_door_mail(second, c->a));
	what->channel = PV_SLICE("mail");
	pv_door_label(what, route);
	event_del(c->deadline);
	c->ticket = pv_front_ask(c->p->use.front, &nobody, pv_call_find("doors.mail"), what,
	    PV_NO_SLICE, c->a, answered, c);
}

static enum pv_line_read
read_policy(struct conn *c, struct pv_slice text, struct pv_door_ask *out, size_t *used)
{
	struct pv_policy_request r;
	enum pv_line_read got = pv_postfix_policy_read(text, c->a, &r, used);

	if (got == PV_LINE_DONE)
		*out = (struct pv_door_ask){ .sender = pv_arena_copy(c->a, r.sender),
			.recipient = pv_arena_copy(c->a, r.recipient),
			.address = pv_arena_copy(c->a, r.client_address),
			.spki = r.key_fingerprint };
	return got;
}

/* A map that is named like a party is that party's: it gives what is delivered. */
static enum pv_line_read
read_lookup(struct conn *c, struct pv_slice text, struct pv_door_ask *out, size_t *used)
{
	struct pv_lookup_request r = { 0 };
	enum pv_line_read got = pv_lookup_read(text, &r, used);

	if (got != PV_LINE_DONE)
		return got;
	*out = (struct pv_door_ask){ .recipient = pv_arena_copy(c->a, r.key), .delivery = true };
	if (!pv_slice_is(r.map, "transport"))
		out->house = pv_arena_copy(c->a, r.map);
	return got;
}

static void
on_request(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->b);
	size_t n = evbuffer_get_length(in), used = 0;
	struct pv_slice text = pv_slice_mem(evbuffer_pullup(in, -1), n);
	struct pv_door_ask what = { 0 };
	enum pv_line_read got;

	if (c->ticket != NULL || n == 0)
		return;
	got = c->p->use.kind == PV_POSTFIX_POLICY ? read_policy(c, text, &what, &used)
						  : read_lookup(c, text, &what, &used);
	switch (got) {
	case PV_LINE_BAD:
		conn_close(c);
		return;
	case PV_LINE_MORE:
		if (!c->begun)
			within(c, REQUEST_S);
		c->begun = true;
		return;
	case PV_LINE_DONE:
		break;
	}
	c->begun = false;
	evbuffer_drain(in, used);
	ask(c, &what, what.sender);
}

static void
on_read(struct bufferevent *b, void *ctx)
{
	(void)b;
	on_request(ctx);
}

static void
on_written(struct bufferevent *b, void *ctx)
{
	struct conn *c = ctx;

	(void)b;
	if (c->p->drains && c->ticket == NULL)
		conn_close(c);
}

static void
on_event(struct bufferevent *b, short what, void *ctx)
{
	(void)b;
	(void)what;
	conn_close(ctx);
}

static void
on_deadline(int fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	conn_close(ctx);
}

static void
on_accept(int listener, short what, void *ctx)
{
	struct pv_postfix *p = ctx;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct conn *c;

	(void)what;
	if (fd < 0)
		return;
	c = PV_NEW(struct conn);
	c->p = p;
	c->a = pv_arena_new();
	c->b = bufferevent_socket_new(p->use.base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->deadline = event_new(p->use.base, -1, 0, on_deadline, c);
	c->next = p->conns;
	if (p->conns != NULL)
		p->conns->previous = c;
	p->conns = c;
	if (++p->open == CONNECTIONS_MAX)
		event_del(p->accepts);
	bufferevent_setwatermark(c->b, EV_READ, 0, PV_POLICY_BYTES + PV_LOOKUP_BYTES);
	bufferevent_setcb(c->b, on_read, on_written, on_event, c);
	bufferevent_enable(c->b, EV_READ | EV_WRITE);
	within(c, IDLE_S);
}

PV_RESULT
pv_postfix_new(struct pv_postfix **out, const struct pv_postfix_use *use, struct pv_err *e)
{
	struct pv_postfix *p = PV_NEW(struct pv_postfix);

	p->use = *use;
	p->accepts = event_new(use->base, use->listener, EV_READ | EV_PERSIST, on_accept, p);
	if (p->accepts == NULL || event_add(p->accepts, NULL) != 0) {
		pv_postfix_free(p);
		return PV_FAIL(e, PV_E_DOWN, "a listener for Postfix cannot be watched");
	}
	*out = p;
	return PV_DONE;
}

void
pv_postfix_drain(struct pv_postfix *p)
{
	struct conn *next;

	p->drains = true;
	event_del(p->accepts);
	for (struct conn *c = p->conns; c != NULL; c = next) {
		next = c->next;
		if (c->ticket == NULL && evbuffer_get_length(bufferevent_get_output(c->b)) == 0)
			conn_close(c);
	}
}

bool
pv_postfix_idle(const struct pv_postfix *p)
{
	return p->drains && p->conns == NULL;
}

void
pv_postfix_free(struct pv_postfix *p)
{
	if (p == NULL)
		return;
	p->drains = true;
	while (p->conns != NULL)
		conn_close(p->conns);
	if (p->accepts != NULL)
		event_free(p->accepts);
	close(p->use.listener);
	pv_free(p);
}
