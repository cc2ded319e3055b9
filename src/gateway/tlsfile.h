/* SPDX-License-Identifier: Apache-2.0 */
/* Where the certificate and its key are: the files of the configuration, or HOME/tls, made at a first start. */
#ifndef PV_GATEWAY_TLSFILE_H
#define PV_GATEWAY_TLSFILE_H

#include "base/env.h"
#include "gateway/config.h"

struct pv_tlsfile {
	struct pv_buf certificate, key, client_ca; /* PEM */
	bool made;                                 /* just now */
};
void pv_tlsfile_wipe(struct pv_tlsfile *t);

/*
 * host: of the URL, for a certificate that is made here. make false: only looks (--check). What does not fit (a key of another
 * certificate, a key that others may read) is said.
 */
PV_RESULT pv_tlsfile_read(struct pv_tlsfile *out, const struct pv_config *c, struct pv_slice host,
    bool make, const struct pv_env *env, struct pv_err *e);

#endif
