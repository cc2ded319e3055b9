/* SPDX-License-Identifier: Apache-2.0 */
/* peer: admits a foreign order log, and says for whom it may speak. */
#include "wire/table.h"

static const struct pv_member members[] = {
	{ .name = "genesis",
	    .type = PV_T_TEXT,
	    .shape = PV_S_HEX32,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(peer.genesis),
	    .help = "SHA-256 of the text of its genesis, compared by voice." },
	{ .name = "names",
	    .type = PV_T_LIST,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(peer.names),
	    .help = "The parties it may speak for, and all below them." },
	{ .name = "origin",
	    .type = PV_T_TEXT,
	    .shape = PV_S_ORIGIN,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(peer.origin),
	    .help = "The origin of the foreign log." },
};

const struct pv_table pv_table_peer = {
	.name = "peer",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "Admits the order log of another authority.",
};
