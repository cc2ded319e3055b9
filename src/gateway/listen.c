/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static PV_RESULT
read_unix(struct pv_slice path, struct pv_address *out, struct pv_err *e)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->at;

	if (path.n == 0 || path.n >= sizeof(un->sun_path) || path.p[0] != '/')
		return PV_FAIL(e, PV_E_CONFIG,
		    "\"unix:%.*s\" is no absolute path of at most %zu bytes", PV_FMT(path),
		    sizeof(un->sun_path) - 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path.p, path.n);
	out->size = sizeof(*un);
	return PV_DONE;
}

PV_RESULT
pv_address_read(struct pv_slice text, struct pv_address *out, struct pv_err *e)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->at;
	const char *colon = text.n != 0 ? memrchr(text.p, ':', text.n) : NULL;
	struct pv_slice host, port;
	uint64_t number;
	char name[64];

	*out = (struct pv_address){ .text = text };
	if (pv_slice_starts(text, PV_SLICE("unix:")))
		return read_unix(pv_slice_sub(text, 5, text.n), out, e);
	if (colon == NULL)
		return PV_FAIL(e, PV_E_CONFIG,
		    "\"%.*s\" has no port: write 127.0.0.1:8443 or [::1]:8443", PV_FMT(text));
	host = pv_slice_sub(text, 0, (size_t)(colon - text.p));
	port = pv_slice_sub(text, host.n + 1, text.n);
	if (!pv_slice_u64(port, &number) || number > 65535)
		return PV_FAIL(e, PV_E_CONFIG, "\"%.*s\" is no port", PV_FMT(port));
	out->size = sizeof(*v4);
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)number);
	snprintf(name, sizeof(name), "%.*s", PV_FMT(host));
	if (inet_pton(AF_INET, name, &v4->sin_addr) == 1)
		return PV_DONE;
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
		snprintf(name, sizeof(name), "%.*s", (int)host.n - 2, host.p + 1);
		memset(&out->at, 0, sizeof(out->at));
		out->size = sizeof(*v6);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)number);
		if (inet_pton(AF_INET6, name, &v6->sin6_addr) == 1)
			return PV_DONE;
	}
	return PV_FAIL(e, PV_E_CONFIG, "\"%.*s\" is no address: write 127.0.0.1:8443 or [::1]:8443",
	    PV_FMT(text));
}

static PV_RESULT
bind_one(struct pv_address *a, int *out, struct pv_err *e)
{
	int one = 1, fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *path = ((struct sockaddr_un *)&a->at)->sun_path;

	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "no socket: %s", strerror(errno));
	if (a->at.ss_family == AF_UNIX) {
		struct stat st;

		if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			unlink(path); /* of an earlier run; were it alive, the home would be busy */
	} else {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	}
	if (a->at.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a->at, a->size) != 0 || listen(fd, BACKLOG) != 0) {
		int why = errno;

		close(fd);
		return PV_FAIL(
		    e, PV_E_CONFIG, "cannot listen on %.*s: %s", PV_FMT(a->text), strerror(why));
	}
	if (a->at.ss_family == AF_UNIX)
		chmod(path, 0660);
	else
		getsockname(fd, (struct sockaddr *)&a->at, &a->size);
	*out = fd;
	return PV_DONE;
}

/* SO_REUSEPORT is for loops of one daemon; another one there is a mistake, and would take half of the connections. */
static PV_RESULT
check_free(const struct pv_address *a, struct pv_err *e)
{
	struct pv_address probe = *a;
	int one = 1, fd, failed;

	if (a->at.ss_family == AF_UNIX)
		return PV_DONE;
	fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "no socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->at.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	failed = bind(fd, (struct sockaddr *)&probe.at, probe.size) != 0 ? errno : 0;
	close(fd);
	if (failed == EADDRINUSE)
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "cannot listen on %.*s: %s",
				     PV_FMT(a->text), strerror(failed)),
		    e,
		    "another program listens there, perhaps another provisod; name another "
		    "address with --listen or in the settings");
	if (failed != 0)
		return PV_FAIL(
		    e, PV_E_CONFIG, "cannot listen on %.*s: %s", PV_FMT(a->text), strerror(failed));
	return PV_DONE;
}

PV_RESULT
pv_listen(struct pv_address *a, int *fds, size_t n, struct pv_err *e)
{
	PV_TRY(check_free(a, e));
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && a->at.ss_family == AF_UNIX) {
			fds[i] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
			if (fds[i] < 0)
				return PV_FAIL(
				    e, PV_E_CONFIG, "no descriptor: %s", strerror(errno));
			continue;
		}
		PV_TRY(bind_one(a, &fds[i], e));
	}
	return PV_DONE;
}

bool
pv_address_any(const struct pv_address *a)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->at;

	if (a->at.ss_family == AF_INET)
		return ((const struct sockaddr_in *)&a->at)->sin_addr.s_addr == htonl(INADDR_ANY);
	return a->at.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

struct pv_slice
pv_address_text(const struct pv_address *a, struct pv_arena *arena)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->at;
	char name[INET6_ADDRSTRLEN] = "";

	if (a->at.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, name, sizeof(name));
		return pv_arena_printf(arena, "%s:%u", name, ntohs(v4->sin_port));
	}
	if (a->at.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, name, sizeof(name));
		return pv_arena_printf(arena, "[%s]:%u", name, ntohs(v6->sin6_port));
	}
	return a->text;
}
