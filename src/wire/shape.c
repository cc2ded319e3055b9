/* SPDX-License-Identifier: Apache-2.0 */
/* What texts in records look like. Each shape has a checker here and a pattern for the schemas beside it. */
#include "crypto/note.h"
#include "wire/table.h"

#define TEXT_MAX 32768 /* a whole record is no longer */

struct shape {
	const char *name;
	const char *pattern;
	size_t max;
	bool (*ok)(struct pv_slice text);
	const char *allowed;
};

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
all_of(struct pv_slice s, const char *besides)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || strchr(besides, s.p[i]) == NULL))
			return false;
	return true;
}

static bool
id_ok(struct pv_slice s)
{
	return all_of(s, "._:/@+-");
}

static bool
label_ok(struct pv_slice s)
{
	return pv_name_ok(s) && memchr(s.p, '.', s.n) == NULL;
}

/* As a log's origin in C2SP tlog-checkpoint: a name without a scheme, blanks or plus signs. */
static bool
origin_ok(struct pv_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f || s.p[i] == '+')
			return false;
	return true;
}

static bool
lang_ok(struct pv_slice s)
{
	struct pv_slice part;
	bool first = true;

	if (s.p[s.n - 1] == '-')
		return false;
	while (pv_slice_next(&s, '-', &part)) {
		if (part.n < (first ? 2U : 1U) || part.n > 8 || !all_of(part, ""))
			return false;
		for (size_t i = 0; first && i < part.n; i++)
			if (part.p[i] >= '0' && part.p[i] <= '9')
				return false;
		first = false;
	}
	return true;
}

static bool
is_hex(struct pv_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return true;
}

static bool
hex32_ok(struct pv_slice s)
{
	return s.n == 64 && is_hex(s);
}

/* name+hash8+base64 (C2SP signed-note), the hash being that of name and key. */
static bool
vkey_ok(struct pv_slice s)
{
	struct pv_vkey key;
	struct pv_err ignored;

	return pv_ok(pv_vkey_read(&key, s, &ignored));
}

static bool
url_ok(struct pv_slice s)
{
	const char *colon = memchr(s.p, ':', s.n);

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return colon != NULL && colon > s.p &&
	       all_of(pv_slice_mem(s.p, (size_t)(colon - s.p)), "+.-");
}

static bool
media_type_ok(struct pv_slice s)
{
	const char *slash = memchr(s.p, '/', s.n);

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return slash != NULL && slash > s.p && slash + 1 < s.p + s.n;
}

static bool
domain_ok(struct pv_slice s)
{
	return all_of(s, ".-") && s.p[0] != '.' && s.p[s.n - 1] != '.';
}

#define NAME_PATTERN "^[a-z0-9-]+(\\.[a-z0-9-]+)*$"
#define NAME_ALLOWED "small letters, digits and hyphens, in parts joined by dots"

static const struct shape shapes[] = {
	[PV_S_TEXT] = { "a text", NULL, TEXT_MAX, NULL, NULL },
	[PV_S_ID] = { "an id", "^[A-Za-z0-9._:/@+-]+$", 200, id_ok,
	    "letters, digits and . _ : / @ + -" },
	[PV_S_PARTY] = { "a party", NAME_PATTERN, 200, pv_name_ok, NAME_ALLOWED },
	[PV_S_TOPIC] = { "a topic", NAME_PATTERN, 200, pv_name_ok, NAME_ALLOWED },
	[PV_S_REGION] = { "a region", NAME_PATTERN, 200, pv_name_ok, NAME_ALLOWED },
	[PV_S_PURPOSE] = { "a purpose", NAME_PATTERN, 200, pv_name_ok, NAME_ALLOWED },
	[PV_S_CHANNEL] = { "a channel", NAME_PATTERN, 200, pv_name_ok, NAME_ALLOWED },
	[PV_S_TERM] = { "a term", NAME_PATTERN, 200, pv_name_ok, NAME_ALLOWED },
	[PV_S_LABEL] = { "a word", "^[a-z0-9-]+$", 64, label_ok,
	    "small letters, digits and hyphens" },
	[PV_S_ORIGIN] = { "a log's origin", "^[!-*,-~]+$", 200, origin_ok,
	    "ASCII without blanks and plus signs" },
	[PV_S_VKEY] = { "a verification key", "^[!-*,-~]+\\+[0-9a-f]{8}\\+[A-Za-z0-9+/=]{44,}$",
	    2000, vkey_ok, "name+hash+key, as `proviso key` prints it" },
	[PV_S_LANG] = { "a language", "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", 35, lang_ok,
	    "a language tag such as en, es or pt-BR" },
	[PV_S_HEX32] = { "a SHA-256 digest", "^[0-9a-f]{64}$", 64, hex32_ok,
	    "64 hex digits, small letters" },
	[PV_S_URL] = { "an address", "^[A-Za-z][A-Za-z0-9+.-]*:[^\\s]*$", 2000, url_ok,
	    "a URL with its scheme" },
	[PV_S_MEDIA_TYPE] = { "a media type", "^[ -.0-~]+/[ -~]+$", 200, media_type_ok,
	    "a media type such as application/pdf" },
	[PV_S_DOMAIN] = { "a domain", "^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*$", 253, domain_ok,
	    "a domain name such as navy.example" },
	[PV_S_AREA] = { "an area", NULL, TEXT_MAX, NULL, NULL },
	[PV_S_MAPS] = { "maps", NULL, TEXT_MAX, NULL, NULL },
	[PV_S_SEIZED] = { "things seized", NULL, TEXT_MAX, NULL, NULL },
};

struct pv_status
pv_shape_check(enum pv_shape shape, struct pv_slice text, struct pv_err *e)
{
	const struct shape *s = &shapes[shape];

	if (text.n == 0)
		return PV_FAIL(e, PV_E_INPUT, "is empty; %s is wanted here", s->name);
	if (text.n > s->max)
		return PV_FAIL(e, PV_E_INPUT, "%zu bytes are too long for %s; at most %zu", text.n,
		    s->name, s->max);
	if (s->ok != NULL && !s->ok(text))
		return pv_advise(PV_FAIL(e, PV_E_INPUT, "\"%.*s\" is not %s",
				     PV_FMT(pv_slice_sub(text, 0, 80)), s->name),
		    e, "Allowed: %s.", s->allowed);
	return PV_DONE;
}

const char *
pv_shape_pattern(enum pv_shape shape)
{
	return shapes[shape].pattern;
}

size_t
pv_shape_max(enum pv_shape shape)
{
	return shapes[shape].max;
}

const char *
pv_shape_name(enum pv_shape shape)
{
	return shapes[shape].name;
}

struct pv_slice
pv_vkey_name(struct pv_slice vkey)
{
	const char *plus = vkey.n > 0 ? memchr(vkey.p, '+', vkey.n) : NULL;

	return plus != NULL ? pv_slice_mem(vkey.p, (size_t)(plus - vkey.p)) : vkey;
}

size_t
pv_names_distinct(const struct pv_names *names, bool vkeys)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct pv_slice a = vkeys ? pv_vkey_name(names->at[i]) : names->at[i];
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = pv_slice_eq(a, vkeys ? pv_vkey_name(names->at[j]) : names->at[j]);
		n += seen ? 0 : 1;
	}
	return n;
}

struct pv_status
pv_check_after(
    uint64_t earlier, uint64_t later, const char *field, const char *earlier_name, struct pv_err *e)
{
	if (earlier != 0 && later != 0 && later <= earlier)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is not later than %s", earlier_name), e, "%s", field);
	return PV_DONE;
}

struct pv_status
pv_check_past(uint64_t happened, uint64_t recorded, const char *field, struct pv_err *e)
{
	if (recorded != 0 && happened > recorded)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is later than the record's own time"), e, "%s", field);
	return PV_DONE;
}

struct pv_status
pv_check_means(struct pv_slice by_person, struct pv_slice means, struct pv_err *e)
{
	if (by_person.n != 0 && means.n == 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "a person answered, but by what means is not said"), e,
		    "by_person");
	if (means.n != 0 && by_person.n == 0)
		return pv_within(
		    PV_FAIL(e, PV_E_INPUT, "is said, but not which person answered"), e, "means");
	return PV_DONE;
}
