/* SPDX-License-Identifier: Apache-2.0 */
/* quorum and profile: how an authority runs its log. */
#include "wire/table.h"

/* "lift" is the quorum of every act that has none of its own. */
static const struct pv_word needs_words[] = {
	{ "lift", PV_KIND_NONE },
	{ "peer", PV_PEER },
	{ "party", PV_PARTY },
	{ "term", PV_TERM },
	{ "key", PV_KEY },
	{ "quorum", PV_QUORUM },
	{ "profile", PV_PROFILE },
	{ "agreement", PV_AGREEMENT },
	{ "order", PV_ORDER },
	{ "recall", PV_RECALL },
	{ "end", PV_END },
	{ "condition", PV_CONDITION },
	{ "attestation", PV_ATTESTATION },
	{ "assessment", PV_ASSESSMENT },
	{ NULL, 0 },
};

static const struct pv_member quorum_members[] = {
	{ .name = "needs",
	    .type = PV_T_NEEDS,
	    .flags = PV_M_REQUIRED | PV_M_NONEMPTY,
	    .at = PV_AT(quorum.needs),
	    .words = needs_words,
	    .min = 1,
	    .max = 16,
	    .help = "How many different officers an act of each kind needs; \"lift\" is the lift "
		    "quorum, which holds for all that are not named." },
};

const struct pv_table pv_table_quorum = {
	.name = "quorum",
	.members = quorum_members,
	.count = PV_COUNT_OF(quorum_members),
	.size = sizeof(struct pv_record),
	.help = "Changes how many officers an act needs.",
};

static const struct pv_member profile_members[] = {
	{ .name = "lease",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(profile.lease_s),
	    .min = 1,
	    .max = 2592000,
	    .help = "L: how long, in seconds, a gateway may act on the orders it knows." },
	{ .name = "name",
	    .type = PV_T_TEXT,
	    .shape = PV_S_LABEL,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(profile.name),
	    .help = "The profile's name." },
	{ .name = "party",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .at = PV_AT(profile.party),
	    .help = "Whose gateways; absent: all of the log." },
	{ .name = "refresh",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(profile.refresh_s),
	    .min = 1,
	    .max = 86400,
	    .help = "R: how often, in seconds, the freshness signers sign." },
	{ .name = "skew_ms",
	    .type = PV_T_UINT,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(profile.skew_ms),
	    .max = 60000,
	    .help = "S: the clock error allowed, in milliseconds." },
};

static struct pv_status
check_profile(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_profile *p = &((const struct pv_record *)at)->profile;

	(void)flags;
	return pv_check_after(p->refresh_s, p->lease_s, "lease", "refresh", e);
}

const struct pv_table pv_table_profile = {
	.name = "profile",
	.members = profile_members,
	.count = PV_COUNT_OF(profile_members),
	.size = sizeof(struct pv_record),
	.help = "Sets how often proofs are renewed and how long they are good for.",
	.check = check_profile,
};
