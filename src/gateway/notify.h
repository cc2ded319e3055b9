/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told (sd_notify(3), Type=notify), without its library. */
#ifndef PV_GATEWAY_NOTIFY_H
#define PV_GATEWAY_NOTIFY_H

#include <stdint.h>

/* To $NOTIFY_SOCKET, if there is one: "READY=1", "STOPPING=1", ... Nothing depends on whether it arrives. */
void pv_notify(const char *state);
/* "RELOADING=1" wants the time with it. */
void pv_notify_reloading(void);
/* How often a sign of life is wanted, in ms: half of $WATCHDOG_USEC; 0: never. */
uint64_t pv_notify_watchdog_ms(void);

#endif
