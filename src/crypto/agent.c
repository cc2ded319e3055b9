/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft-miller-ssh-agent: requests and answers are a length (u32, big-endian), a type byte and fields; strings are
 * length and bytes. The agent is the user's own, yet its answers are read like a stranger's. An agent may ask its
 * owner before it signs, so we wait two minutes.
 */
#include "crypto/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define ANSWER_MAX (256u * 1024)
#define WAIT_S     120

enum {
	FAILURE = 5,
	SUCCESS = 6,
	REQUEST_IDENTITIES = 11,
	IDENTITIES_ANSWER = 12,
	SIGN_REQUEST = 13,
	SIGN_RESPONSE = 14,
	ADD_IDENTITY = 17,
	REMOVE_IDENTITY = 18,
	ADD_ID_CONSTRAINED = 25,
	CONSTRAIN_LIFETIME = 1,
};

struct pv_agent {
	int fd;
};

/* ---- fields ---- */

static void
put_u32(struct pv_buf *b, size_t v)
{
	const uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	pv_buf_add_mem(b, be, sizeof(be));
}

static void
put_string(struct pv_buf *b, struct pv_slice s)
{
	put_u32(b, s.n);
	pv_buf_add(b, s);
}

static void
put_blob(struct pv_buf *b, const uint8_t pub[PV_SIGN_PUB])
{
	put_u32(b, 4 + 11 + 4 + PV_SIGN_PUB);
	put_string(b, PV_SLICE("ssh-ed25519"));
	put_string(b, pv_slice_mem(pub, PV_SIGN_PUB));
}

static bool
take_u32(struct pv_slice *in, size_t *v)
{
	const uint8_t *p = (const uint8_t *)in->p;

	if (in->n < 4)
		return false;
	*v = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	*in = pv_slice_sub(*in, 4, in->n);
	return true;
}

static bool
take_string(struct pv_slice *in, struct pv_slice *s)
{
	size_t n;

	if (!take_u32(in, &n) || n > in->n)
		return false;
	*s = pv_slice_sub(*in, 0, n);
	*in = pv_slice_sub(*in, n, in->n);
	return true;
}

/* "ssh-ed25519" and bytes, nothing after: the form of key blobs and of signatures. */
static bool
take_ed25519(struct pv_slice in, size_t size, struct pv_slice *bytes)
{
	struct pv_slice type;

	return take_string(&in, &type) && pv_slice_is(type, "ssh-ed25519") &&
	       take_string(&in, bytes) && bytes->n == size && in.n == 0;
}

/* ---- the connection ---- */

struct pv_status
pv_agent_open(struct pv_agent **out, const char *path, struct pv_err *e)
{
	PV_AUTO(pv_agent_closep) struct pv_agent *g = NULL;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = WAIT_S };

	if (path == NULL)
		path = getenv("SSH_AUTH_SOCK");
	if (path == NULL || path[0] == '\0')
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "no ssh-agent: SSH_AUTH_SOCK is not set"),
		    e, "start one with 'eval $(ssh-agent)'");
	if (strlen(path) >= sizeof(at.sun_path))
		return PV_FAIL(
		    e, PV_E_CONFIG, "the path of the ssh-agent is too long: %.100s", path);
	memcpy(at.sun_path, path, strlen(path));
	g = PV_NEW(struct pv_agent);
	g->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (g->fd < 0 || setsockopt(g->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
	    connect(g->fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
		return PV_FAIL(e, PV_E_DOWN, "no ssh-agent at %.107s: %s", path, strerror(errno));
	*out = PV_TAKE(g);
	return PV_DONE;
}

void
pv_agent_close(struct pv_agent *g)
{
	if (g == NULL)
		return;
	if (g->fd >= 0)
		close(g->fd);
	pv_free(g);
}

void
pv_agent_closep(struct pv_agent **g)
{
	pv_agent_close(*g);
	*g = NULL;
}

static bool
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool
receive_all(int fd, char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = recv(fd, p, n, 0);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Sends the fields as a request of that type; the answer has its type byte first. */
static PV_RESULT
ask(struct pv_agent *g, int type, struct pv_slice fields, struct pv_buf *answer, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf request = { 0 };
	struct pv_slice head;
	size_t n;
	char length[4];

	pv_buf_room(&request,
	    5 + fields.n); /* at once: a key may be in it, and growing would leave copies */
	put_u32(&request, 1 + fields.n);
	pv_buf_add_c(&request, (char)type);
	pv_buf_add(&request, fields);
	if (!send_all(g->fd, request.p, request.n) || !receive_all(g->fd, length, sizeof(length)))
		return PV_FAIL(e, PV_E_DOWN, "the ssh-agent does not answer");
	head = pv_slice_mem(length, sizeof(length));
	if (!take_u32(&head, &n) || n == 0 || n > ANSWER_MAX)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the ssh-agent's answer makes no sense");
	if (!receive_all(g->fd, pv_buf_room(answer, n), n))
		return PV_FAIL(e, PV_E_DOWN, "the ssh-agent does not answer");
	answer->n += n;
	return PV_DONE;
}

/* ---- what it is asked ---- */

struct pv_status
pv_agent_list(struct pv_agent *g, struct pv_arena *a, const struct pv_agent_key **keys,
    size_t *count, struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf answer = { 0 };
	struct pv_agent_key *found;
	struct pv_slice in, blob, comment, pub;
	size_t listed, n = 0;

	PV_TRY(ask(g, REQUEST_IDENTITIES, PV_NO_SLICE, &answer, e));
	in = pv_slice_sub(pv_buf_slice(&answer), 1, answer.n);
	if (answer.p[0] != IDENTITIES_ANSWER || !take_u32(&in, &listed) || listed > in.n / 8)
		return PV_FAIL(e, PV_E_UNTRUSTED, "the ssh-agent's list of keys makes no sense");
	found = pv_arena_alloc_n(a, listed, sizeof(*found));
	for (size_t i = 0; i < listed; i++) {
		if (!take_string(&in, &blob) || !take_string(&in, &comment))
			return PV_FAIL(
			    e, PV_E_UNTRUSTED, "the ssh-agent's list of keys is cut off");
		if (!take_ed25519(blob, PV_SIGN_PUB, &pub))
			continue; /* a key of another type */
		memcpy(found[n].pub, pub.p, PV_SIGN_PUB);
		found[n++].comment = pv_arena_copy(a, comment);
	}
	*keys = found;
	*count = n;
	return PV_DONE;
}

struct pv_status
pv_agent_sign(struct pv_agent *g, const uint8_t pub[PV_SIGN_PUB], struct pv_slice msg,
    uint8_t sig[PV_SIGN_SIG], struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf fields = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf answer = { 0 };
	struct pv_slice in, blob, bytes;

	if (msg.n > ANSWER_MAX / 2)
		return PV_FAIL(
		    e, PV_E_LIMIT, "%zu bytes are too many for an ssh-agent to sign", msg.n);
	put_blob(&fields, pub);
	put_string(&fields, msg);
	put_u32(&fields, 0);
	PV_TRY(ask(g, SIGN_REQUEST, pv_buf_slice(&fields), &answer, e));
	if (answer.p[0] == FAILURE)
		return PV_FAIL(e, PV_E_INPUT,
		    "the ssh-agent does not sign with this key: it does not "
		    "have it, is locked, or its owner declined");
	in = pv_slice_sub(pv_buf_slice(&answer), 1, answer.n);
	if (answer.p[0] != SIGN_RESPONSE || !take_string(&in, &blob) ||
	    !take_ed25519(blob, PV_SIGN_SIG, &bytes))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the ssh-agent's signature makes no sense");
	if (!pv_sign_verify(pub, msg, bytes))
		return PV_FAIL(e, PV_E_UNTRUSTED, "the ssh-agent's signature is wrong");
	memcpy(sig, bytes.p, PV_SIGN_SIG);
	return PV_DONE;
}

static PV_RESULT
expect_success(const struct pv_buf *answer, const char *what, struct pv_err *e)
{
	if (answer->p[0] == SUCCESS)
		return PV_DONE;
	return PV_FAIL(e, PV_E_INPUT, "the ssh-agent did not %s", what);
}

struct pv_status
pv_agent_add(struct pv_agent *g, const struct pv_pair *pair, struct pv_slice comment,
    uint32_t lifetime_s, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf fields = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf answer = { 0 };
	struct pv_slice pub = pv_slice_mem(pv_pair_pub(pair), PV_SIGN_PUB);

	if (comment.n > 1024)
		return PV_FAIL(
		    e, PV_E_LIMIT, "a comment of %zu bytes for the ssh-agent", comment.n);
	pv_buf_room(&fields, 256 + comment.n);
	put_string(&fields, PV_SLICE("ssh-ed25519"));
	put_string(&fields, pub);
	put_u32(&fields, PV_SIGN_SEED + PV_SIGN_PUB);
	pv_buf_add(&fields, pv_secret_slice(pv_pair_seed(pair)));
	pv_buf_add(&fields, pub);
	put_string(&fields, comment);
	if (lifetime_s > 0) {
		pv_buf_add_c(&fields, CONSTRAIN_LIFETIME);
		put_u32(&fields, lifetime_s);
	}
	PV_TRY(ask(g, lifetime_s > 0 ? ADD_ID_CONSTRAINED : ADD_IDENTITY, pv_buf_slice(&fields),
	    &answer, e));
	return expect_success(&answer, "take the key", e);
}

struct pv_status
pv_agent_remove(struct pv_agent *g, const uint8_t pub[PV_SIGN_PUB], struct pv_err *e)
{
	PV_AUTO(pv_buf_free) struct pv_buf fields = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf answer = { 0 };

	put_blob(&fields, pub);
	PV_TRY(ask(g, REMOVE_IDENTITY, pv_buf_slice(&fields), &answer, e));
	return expect_success(&answer, "remove the key: it does not have it", e);
}
