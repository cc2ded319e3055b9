/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/mem.h"

#define PARTS 3
#define PIECE (64u << 10)

PV_RESULT
pv_control_pair(int fds[2], struct pv_err *e)
{
	int size = 2 * (int)PV_CONTROL_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return PV_FAIL(e, PV_E_CONFIG, "no socket pair: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return PV_DONE;
}

PV_RESULT
pv_control_send(int fd, const struct pv_control *c, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf b = { 0 };
	struct pv_slice part[PARTS] = { c->certificate, c->key, c->client_ca };

	if (c->kind == PV_CONTROL_ERROR) {
		part[0] = pv_slice_of(c->err.what);
		part[1] = pv_slice_of(c->err.source);
		part[2] = pv_slice_of(c->err.fix);
	}
	if (c->text.n != 0)
		part[0] = c->text;
	pv_buf_add_c(&b, (char)c->kind);
	pv_buf_add_c(&b, (char)c->err.code);
	for (size_t i = 0; i < PARTS; i++) {
		uint32_t n = (uint32_t)part[i].n;

		pv_buf_add_mem(&b, &n, sizeof(n));
		pv_buf_add(&b, part[i]);
	}
	if (b.n > PV_CONTROL_MAX)
		return PV_FAIL(
		    e, PV_E_CONFIG, "certificate and key are larger than %u bytes", PV_CONTROL_MAX);
	while (send(fd, b.p, b.n, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return PV_FAIL(
			    e, PV_E_DOWN, "a process of the daemon is gone: %s", strerror(errno));
	return PV_DONE;
}

PV_RESULT
pv_control_send_text(int fd, struct pv_slice text, struct pv_err *e)
{
	struct pv_control c = { .kind = PV_CONTROL_TEXT };

	PV_TRY(pv_control_send(fd, &c, e));
	for (size_t at = 0; at < text.n; at += PIECE) {
		c.text = pv_slice_sub(text, at, at + PIECE);
		PV_TRY(pv_control_send(fd, &c, e));
	}
	return PV_DONE;
}

static PV_RESULT
take_apart(struct pv_slice b, struct pv_control *out, struct pv_slice part[PARTS], struct pv_err *e)
{
	uint32_t n;

	if (b.n < 2)
		return PV_FAIL(e, PV_E_BUG, "a message between processes is too short");
	out->kind = (enum pv_control_kind)b.p[0];
	out->err.code = (enum pv_code)b.p[1];
	b = pv_slice_sub(b, 2, b.n);
	for (size_t i = 0; i < PARTS; i++) {
		if (b.n < sizeof(n))
			return PV_FAIL(e, PV_E_BUG, "a message between processes is cut off");
		memcpy(&n, b.p, sizeof(n));
		if (n > b.n - sizeof(n))
			return PV_FAIL(e, PV_E_BUG, "a message between processes is cut off");
		part[i] = pv_slice_sub(b, sizeof(n), sizeof(n) + n);
		b = pv_slice_sub(b, sizeof(n) + n, b.n);
	}
	return PV_DONE;
}

PV_RESULT
pv_control_receive(int fd, struct pv_buf *bytes, struct pv_control *out, struct pv_err *e)
{
	struct pv_slice part[PARTS];
	ssize_t got;

	*out = (struct pv_control){ .kind = PV_CONTROL_GONE };
	pv_buf_clear(bytes);
	do
		got = recv(fd, pv_buf_room(bytes, PV_CONTROL_MAX), PV_CONTROL_MAX, 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return PV_DONE;
	bytes->n = (size_t)got;
	PV_TRY(take_apart(pv_buf_slice(bytes), out, part, e));
	if (out->kind == PV_CONTROL_ERROR) {
		snprintf(out->err.what, sizeof(out->err.what), "%.*s", PV_FMT(part[0]));
		snprintf(out->err.source, sizeof(out->err.source), "%.*s", PV_FMT(part[1]));
		snprintf(out->err.fix, sizeof(out->err.fix), "%.*s", PV_FMT(part[2]));
		return PV_DONE;
	}
	out->text = part[0];
	out->certificate = part[0];
	out->key = part[1];
	out->client_ca = part[2];
	return PV_DONE;
}
