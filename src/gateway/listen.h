/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of the configuration, and sockets bound to them. */
#ifndef PV_GATEWAY_LISTEN_H
#define PV_GATEWAY_LISTEN_H

#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

struct pv_address {
	struct sockaddr_storage at;
	socklen_t size;
	struct pv_slice text; /* as it was written */
};

/* "127.0.0.1:8443", "[::1]:8443", "unix:/run/proviso/policy". No names: nothing is looked up. */
PV_RESULT pv_address_read(struct pv_slice text, struct pv_address *out, struct pv_err *e);
/*
 * n sockets bound to one address and listening, each for a loop of its own (SO_REUSEPORT); n copies of one socket for
 * unix:. Port 0 is chosen with the first, and a says which it was.
 */
PV_RESULT pv_listen(struct pv_address *a, int *fds, size_t n, struct pv_err *e);
/* 0.0.0.0 or [::]: every address of this machine, so none that others can be told. */
bool pv_address_any(const struct pv_address *a);
/* "127.0.0.1:8443" of what a is bound to. */
struct pv_slice pv_address_text(const struct pv_address *a, struct pv_arena *arena);

#endif
