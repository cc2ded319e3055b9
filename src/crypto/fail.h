/* SPDX-License-Identifier: Apache-2.0 */
/* For this room: what to do when libcrypto says no. */
#ifndef PV_CRYPTO_FAIL_H
#define PV_CRYPTO_FAIL_H

/* Says what libcrypto refused and stops: without its primitives nothing may be released. */
void pv_crypto_stop(const char *what) __attribute__((noreturn));

#define PV_CRYPTO_MUST(ok, what)                \
	do {                                    \
		if (!(ok))                      \
			pv_crypto_stop((what)); \
	} while (0)

#endif
