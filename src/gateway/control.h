/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parent and each of its processes: one message a packet. Down:
 * TLS material, the text of the settings, "stop". Up: "ready", or why not. When
 * either end is gone the other sees it.
 */
#ifndef PV_GATEWAY_CONTROL_H
#define PV_GATEWAY_CONTROL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PV_CONTROL_MAX (160u << 10)

enum pv_control_kind {
	PV_CONTROL_GONE = 0, /* the other end is */
	PV_CONTROL_READY = 'R',
	PV_CONTROL_ERROR = 'E',
	PV_CONTROL_STOP = 'S',
	PV_CONTROL_TLS = 'T',
	PV_CONTROL_TEXT = 'C', /* a piece of the settings; with TLS or SETTINGS they are whole */
	PV_CONTROL_SETTINGS = 'W',
};
struct pv_control {
	enum pv_control_kind kind;
	struct pv_err err;                           /* ERROR */
	struct pv_slice certificate, key, client_ca; /* TLS: PEM */
	struct pv_slice text;                        /* TEXT; of READY: what wants a restart */
};

PV_RESULT pv_control_pair(int fds[2], struct pv_err *e);
PV_RESULT pv_control_send(int fd, const struct pv_control *c, struct pv_err *e);
/* In as many pieces as it takes, after an empty one: what came before that is forgotten. */
PV_RESULT pv_control_send_text(int fd, struct pv_slice text, struct pv_err *e);
/* Waits. Texts live in bytes, which is to be wiped. */
PV_RESULT pv_control_receive(
    int fd, struct pv_buf *bytes, struct pv_control *out, struct pv_err *e);

#endif
