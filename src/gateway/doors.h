/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration says about doors: where Postfix may ask, and what is
 * exchanged over which address or path. A label says what a thing is, never who
 * may have it.
 */
#ifndef PV_GATEWAY_DOORS_H
#define PV_GATEWAY_DOORS_H

#include "base/arena.h"
#include "base/err.h"
#include "desk/door.h"
#include "net/http.h"

struct pv_door_route {
	struct pv_slice channel; /* "mail", "web", "file" */
	/* mail: an address, or "@domain" for all of it and of what is below; else a path that begins with '/' and stands for itself and all below */
	struct pv_slice at;
	struct pv_slice topic, region, purpose; /* empty: not said */
};

/* doors: { policy = "127.0.0.1:10041"; lookup = "unix:/run/proviso/lookup"; routes = ( { channel, at, topic, region, purpose }, ... ); } */
struct pv_doors_config {
	struct pv_slice policy, lookup; /* empty: not listened on */
	const struct pv_door_route *routes;
	size_t route_count;
};

/* What is wrong with a route or a listener, said of its field. A listener is on loopback or a unix socket: Postfix cannot say who it is. */
PV_RESULT pv_door_route_check(const struct pv_door_route *r, struct pv_err *e);
PV_RESULT pv_door_listener_check(struct pv_slice at, struct pv_err *e);

/*
 * The route with the longest `at` that fits; NULL: none. what: a mail address in lower case, or a path as
 * pv_door_path() gives it.
 */
const struct pv_door_route *pv_door_route_find(
    const struct pv_doors_config *c, struct pv_slice channel, struct pv_slice what);

/*
 * The path of a request target as a web server takes it: without query, escapes undone, "//" and "/./" made one '/', ".."
 * followed. False when that is not sure: a bad escape, NUL, a path above its root, no path.
 */
bool pv_door_path(struct pv_slice target, struct pv_arena *a, struct pv_slice *out);

/* An address in lower case, without the brackets and the last dot. */
struct pv_slice pv_door_mail(struct pv_slice address, struct pv_arena *a);

/*
 * What a web server asks about one of its requests: X-Original-URI, X-Original-Method and X-Real-IP must be there, once;
 * X-Client-Cert may be (PEM, escaped as $ssl_client_escaped_cert has it), and any X-Door-NAME. Who is at the door is only
 * ever looked for in what could refuse, so a certificate counts whether a CA vouches for it or not.
 */
PV_RESULT pv_door_web_read(struct pv_door_ask *out, const struct pv_request_head *head,
    struct pv_slice channel, const struct pv_doors_config *c, struct pv_arena *a, struct pv_err *e);
/* What a route says, if there is one. */
void pv_door_label(struct pv_door_ask *ask, const struct pv_door_route *r);

#endif
