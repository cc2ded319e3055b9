/* SPDX-License-Identifier: Apache-2.0 */
/* key: binds a key, a credential or a role to a party. */
#include "wire/record.h"
#include "wire/table.h"

static const struct pv_member members[] = {
	{ .name = "binding",
	    .type = PV_T_TEXT,
	    .at = PV_AT(key.binding),
	    .help = "What a credential is known by: a certificate's name or digest, an issuer's "
		    "address, an account." },
	{ .name = "from",
	    .type = PV_T_TIME,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(key.from),
	    .help = "It stands from this time." },
	{ .name = "key",
	    .type = PV_T_TEXT,
	    .at = PV_AT(key.key),
	    .help = "The key: name+hash+key for those that sign, base64 of the "
		    "SubjectPublicKeyInfo for kas." },
	{ .name = "party",
	    .type = PV_T_TEXT,
	    .shape = PV_S_PARTY,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(key.party),
	    .help = "The party it is bound to." },
	{ .name = "purposes",
	    .type = PV_T_LIST,
	    .shape = PV_S_PURPOSE,
	    .flags = PV_M_NONEMPTY,
	    .at = PV_AT(key.purposes),
	    .help = "The purposes that its holder may state; absent: any." },
	{ .name = "roles",
	    .type = PV_T_FLAGS,
	    .at = PV_AT(key.roles),
	    .words = pv_role_words,
	    .help = "What its holder may do: analyst, officer, overseer, operator." },
	{ .name = "until",
	    .type = PV_T_TIME,
	    .at = PV_AT(key.until),
	    .help = "It no longer stands from this time." },
	{ .name = "use",
	    .type = PV_T_WORD,
	    .flags = PV_M_REQUIRED,
	    .at = PV_AT(key.use),
	    .words = pv_use_words,
	    .help = "What it is for." },
};

/* base64 of something that begins like a DER sequence */
static bool
spki_ok(struct pv_slice s)
{
	if (s.n < 40 || s.n % 4 != 0 || s.p[0] != 'M')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '+' && s.p[i] != '/' &&
		    !(s.p[i] == '=' && i + 2 >= s.n))
			return false;
	return true;
}

static PV_RESULT
check_key(const struct pv_key *k, struct pv_err *e)
{
	switch (k->use) {
	case PV_USE_OFFICER:
	case PV_USE_SIGNER:
	case PV_USE_GATEWAY:
	case PV_USE_WITNESS:
	case PV_USE_ATTESTOR:
		if (k->key.n == 0)
			return PV_FAIL(e, PV_E_INPUT, "is missing; a key for the use \"%s\" signs",
			    pv_use_name(k->use));
		return pv_shape_check(PV_S_VKEY, k->key, e);
	case PV_USE_KAS:
		if (!spki_ok(k->key))
			return PV_FAIL(
			    e, PV_E_INPUT, "is not the base64 of a SubjectPublicKeyInfo");
		return PV_DONE;
	case PV_USE_NONE:
	case PV_USE_ISSUER:
	case PV_USE_TLS:
	case PV_USE_CREDENTIAL:
		if (k->key.n == 0 && k->binding.n == 0)
			return PV_FAIL(e, PV_E_INPUT,
			    "is missing, and so is a binding; one of them is wanted");
		return PV_DONE;
	}
	return PV_DONE;
}

static struct pv_status
check(const void *at, unsigned flags, struct pv_err *e)
{
	const struct pv_key *k = &((const struct pv_record *)at)->key;

	if ((flags & PV_READ_BARE) == 0)
		PV_TRY(pv_within(check_key(k, e), e, "key"));
	return pv_check_after(k->from, k->until, "until", "from", e);
}

const struct pv_table pv_table_key = {
	.name = "key",
	.members = members,
	.count = PV_COUNT_OF(members),
	.size = sizeof(struct pv_record),
	.help = "Binds a key, a credential or a role to a party, for a time.",
	.check = check,
	.schema = "\"anyOf\":[{\"required\":[\"key\"]},{\"required\":[\"binding\"]}]",
};
