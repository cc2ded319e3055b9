/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libconfig reads the text; what each setting may be stands in the tables
 * here. Reading goes on after a mistake, so that one run names them all.
 */
#include "gateway/config.h"

#include <arpa/inet.h>
#include <libconfig.h>

#include "base/vec.h"
#include "desk/desk.h"
#include "gateway/doors.h"
#include "gateway/listen.h"

#define CONFIG_BYTES (1u << 20)
#define ERRORS_MAX   50

/* ---- the tables ---- */

#define AT(member) .at = offsetof(struct pv_config, member)

static PV_RESULT
check_listen(const void *value, struct pv_err *e)
{
	struct pv_address at;

	PV_TRY(pv_address_read(*(const struct pv_slice *)value, &at, e));
	if (at.at.ss_family == AF_UNIX)
		return PV_FAIL(e, PV_E_CONFIG, "HTTPS is served on an address with a port");
	return PV_DONE;
}

struct pv_slice
pv_config_host(struct pv_slice url)
{
	struct pv_slice host = url, before;
	const char *at = url.n != 0 ? memmem(url.p, url.n, "://", 3) : NULL;

	if (at == NULL)
		return PV_NO_SLICE;
	host = pv_slice_sub(url, (size_t)(at - url.p) + 3, url.n);
	if (host.n != 0 && host.p[0] == '[') {
		const char *end = memchr(host.p, ']', host.n);

		return end != NULL ? pv_slice_sub(host, 1, (size_t)(end - host.p)) : PV_NO_SLICE;
	}
	before = host;
	(void)pv_slice_next(&before, '/', &host);
	before = host;
	(void)pv_slice_next(&before, ':', &host);
	return host;
}

static PV_RESULT
check_url(const void *value, struct pv_err *e)
{
	return pv_desk_url_check(*(const struct pv_slice *)value, e);
}

/* As clients' addresses are written here, since they are compared by their text. */
static PV_RESULT
check_address(const void *value, struct pv_err *e)
{
	const struct pv_slice *text = value;
	char in[INET6_ADDRSTRLEN], out[INET6_ADDRSTRLEN] = "";
	unsigned char bytes[16];
	int family;

	snprintf(in, sizeof(in), "%.*s", PV_FMT(*text));
	family = strchr(in, ':') != NULL ? AF_INET6 : AF_INET;
	if (text->n >= sizeof(in) || inet_pton(family, in, bytes) != 1)
		return PV_FAIL(e, PV_E_CONFIG, "\"%.*s\" is no address", PV_FMT(*text));
	if (inet_ntop(family, bytes, out, sizeof(out)) == NULL || strcmp(in, out) != 0)
		return PV_FAIL(e, PV_E_CONFIG, "\"%s\" is to be written as \"%s\"", in, out);
	return PV_DONE;
}

static PV_RESULT
check_reader(const void *value, struct pv_err *e)
{
	return pv_slice_is(*(const struct pv_slice *)value, "any") ? PV_DONE
								   : check_address(value, e);
}

static const struct pv_setting settings_tls[] = {
	{ .name = "certificate",
	    .kind = PV_SET_PATH,
	    AT(tls.certificate),
	    .example = "\"/etc/proviso/tls/cert.pem\"",
	    .text = "The certificate and its chain, PEM. Without it one signed by its own key is "
		    "made in HOME/tls at the first start." },
	{ .name = "key",
	    .kind = PV_SET_PATH,
	    AT(tls.key),
	    .example = "\"/etc/proviso/tls/key.pem\"",
	    .text = "Its private key, PEM, readable by the daemon alone." },
	{ .name = "client_ca",
	    .kind = PV_SET_PATH,
	    AT(tls.client_ca),
	    .example = "\"/etc/proviso/tls/clients.pem\"",
	    .text =
		"Authorities that client certificates must come from. Without it any certificate "
		"is taken, and counts by its key alone, which a `key` record binds." },
	{ .name = NULL },
};
static const struct pv_setting settings_front[] = {
	{ .name = "loops",
	    .kind = PV_SET_NUMBER,
	    AT(front.loops),
	    .least = 1,
	    .most = 32,
	    .example = "2",
	    .text = "Threads that speak to clients." },
	{ .name = "proxies",
	    .kind = PV_SET_NAMES,
	    AT(front.proxies),
	    .check = check_address,
	    .example = "[\"127.0.0.1\"]",
	    .text = "Proxies in front, by address: their X-Forwarded-For says who is counted." },
	{ .name = NULL },
};
static const struct pv_setting settings_limits[] = {
	{ .name = "connections",
	    .kind = PV_SET_NUMBER,
	    AT(limits.connections),
	    .least = 8,
	    .most = 1000000,
	    .example = "10000",
	    .text = "Open connections, of each loop and address." },
	{ .name = "per_address",
	    .kind = PV_SET_NUMBER,
	    AT(limits.per_address),
	    .least = 1,
	    .most = 1000000,
	    .example = "256",
	    .text = "Of one client address. Raise it where a proxy stands in front." },
	{ .name = "head_s",
	    .kind = PV_SET_NUMBER,
	    AT(limits.head_s),
	    .least = 1,
	    .most = 600,
	    .example = "10",
	    .text = "Seconds for a handshake, and for a request's head." },
	{ .name = "body_s",
	    .kind = PV_SET_NUMBER,
	    AT(limits.body_s),
	    .least = 1,
	    .most = 3600,
	    .example = "60",
	    .text = "Seconds for a request's body." },
	{ .name = "idle_s",
	    .kind = PV_SET_NUMBER,
	    AT(limits.idle_s),
	    .least = 1,
	    .most = 3600,
	    .example = "75",
	    .text = "Seconds that a connection stays open between requests." },
	{ .name = "calls_per_s",
	    .kind = PV_SET_NUMBER,
	    AT(limits.calls_per_s),
	    .least = 1,
	    .most = 1000000,
	    .example = "5000",
	    .text = "Calls a second of one caller; and of one address without a credential." },
	{ .name = "calls_burst",
	    .kind = PV_SET_NUMBER,
	    AT(limits.calls_burst),
	    .least = 1,
	    .most = 1000000,
	    .example = "10000",
	    .text = "And so many at once." },
	{ .name = "logins_per_s",
	    .kind = PV_SET_NUMBER,
	    AT(limits.logins_per_s),
	    .least = 1,
	    .most = 1000000,
	    .example = "20",
	    .text = "Credentials a second, from one address, that were not verified in the last "
		    "minute." },
	{ .name = "logins_burst",
	    .kind = PV_SET_NUMBER,
	    AT(limits.logins_burst),
	    .least = 1,
	    .most = 1000000,
	    .example = "200",
	    .text = "And so many at once." },
	{ .name = "quick_waiting",
	    .kind = PV_SET_NUMBER,
	    AT(limits.quick_waiting),
	    .least = 1,
	    .most = 100000,
	    .example = "4096",
	    .text = "Decisions that may wait for the keeper; more are told to come again." },
	{ .name = "slow_waiting",
	    .kind = PV_SET_NUMBER,
	    AT(limits.slow_waiting),
	    .least = 1,
	    .most = 100000,
	    .example = "256",
	    .text = "All other calls that may." },
	{ .name = NULL },
};
static const char *const log_forms[] = { [PV_LOG_TEXT] = "text", [PV_LOG_JSON] = "json", NULL };
static const char *const log_levels[] = { "error", "warning", "notice", "info", "debug", NULL };
static const struct pv_setting settings_log[] = {
	{ .name = "form",
	    .kind = PV_SET_WORD,
	    AT(log.form),
	    .words = log_forms,
	    .example = "\"text\"",
	    .text = "\"text\", or \"json\": one object a line." },
	{ .name = "level",
	    .kind = PV_SET_WORD,
	    AT(log.level),
	    .words = log_levels,
	    .example = "\"info\"",
	    .text = "\"error\", \"warning\", \"notice\", \"info\" or \"debug\"." },
	{ .name = NULL },
};
static const struct pv_setting settings_metrics[] = {
	{ .name = "from",
	    .kind = PV_SET_NAMES,
	    AT(metrics.from),
	    .check = check_reader,
	    .example = "[\"127.0.0.1\", \"::1\"]",
	    .text = "Addresses that may read /metrics; \"any\": all. Its numbers name no party and "
		    "no report." },
	{ .name = NULL },
};
static const struct pv_setting settings_fetch[] = {
	{ .name = "ca",
	    .kind = PV_SET_PATH,
	    AT(fetch.ca),
	    .example = "\"/etc/proviso/tls/others.pem\"",
	    .text = "Authorities that vouch for other gateways and for issuers of tokens. Without "
		    "it the system's." },
	{ .name = NULL },
};

const struct pv_setting pv_settings[] = {
	{ .name = "home",
	    .kind = PV_SET_PATH,
	    AT(home),
	    .example = "\"/var/lib/proviso\"",
	    .text = "The home, made by `proviso init`. --home comes before it, PROVISO_HOME after "
		    "it." },
	{ .name = "listen",
	    .kind = PV_SET_NAMES,
	    AT(listen),
	    .check = check_listen,
	    .example = "[\"127.0.0.1:8443\", \"[::1]:8443\"]",
	    .text = "Addresses, each with its port. Port 0: a free one." },
	{ .name = "url",
	    .kind = PV_SET_TEXT,
	    AT(url),
	    .check = check_url,
	    .example = "\"https://gw.example\"",
	    .text =
		"Where this gateway is for others. Without it https:// and the first address." },
	{ .name = "tls", .kind = PV_SET_GROUP, .of = settings_tls, .text = "The certificate." },
	{ .name = "front",
	    .kind = PV_SET_GROUP,
	    .of = settings_front,
	    .text = "The process that speaks to clients." },
	{ .name = "limits",
	    .kind = PV_SET_GROUP,
	    .of = settings_limits,
	    .text = "How much is taken at once." },
	{ .name = "log", .kind = PV_SET_GROUP, .of = settings_log, .text = "Lines on stderr." },
	{ .name = "metrics", .kind = PV_SET_GROUP, .of = settings_metrics, .text = "/metrics." },
	{ .name = "fetch",
	    .kind = PV_SET_GROUP,
	    .of = settings_fetch,
	    .text = "What the gateway asks of others." },
	{ .name = "doors",
	    .kind = PV_SET_PART,
	    AT(doors),
	    .of = pv_settings_doors,
	    .text = "Mail and web servers that ask before they pass something on "
		    "(docs/doors.md)." },
	{ .name = NULL },
};

void
pv_config_default(struct pv_config *c)
{
	static const struct pv_slice listen[] = { { "127.0.0.1:8443", 14 } };
	static const struct pv_slice local[] = { { "127.0.0.1", 9 }, { "::1", 3 } };

	*c = (struct pv_config){ .listen = { listen, 1 },
		.front = { .loops = 2 },
		.limits = { .connections = 10000,
		    .per_address = 256,
		    .head_s = 10,
		    .body_s = 60,
		    .idle_s = 75,
		    .calls_per_s = 5000,
		    .calls_burst = 10000,
		    .logins_per_s = 20,
		    .logins_burst = 200,
		    .quick_waiting = 4096,
		    .slow_waiting = 256 },
		.log = { .form = PV_LOG_TEXT, .level = 3 },
		.metrics = { .from = { local, 2 } } };
}

/* ---- reading ---- */

struct reader {
	struct pv_arena *a;
	const char *path;
	struct pv_slice folder; /* of path, with its slash */
	PV_VEC(struct pv_err) errors;
};

/* Of many the first are enough. */
static void
mistake(struct reader *r, unsigned line, const char *field, struct pv_err *e)
{
	if (r->errors.n >= ERRORS_MAX)
		return;
	e->line = line;
	snprintf(e->field, sizeof(e->field), "%s", field);
	snprintf(e->source, sizeof(e->source), "%s", r->path);
	*PV_VEC_ADD(&r->errors) = *e;
}

#define WRONG_AT(r, line, field, ...)                                  \
	do {                                                           \
		struct pv_err wrong_ = { 0 };                          \
		pv_ignore(PV_FAIL(&wrong_, PV_E_CONFIG, __VA_ARGS__)); \
		mistake((r), (line), (field), &wrong_);                \
	} while (0)
#define WRONG(r, s, ...) \
	WRONG_AT((r), config_setting_source_line(s), path_of((r), (s)), __VA_ARGS__)

/* "limits.connections", "doors.routes[1].at" */
static const char *
path_of(struct reader *r, const config_setting_t *s)
{
	const config_setting_t *up = config_setting_parent(s);
	const char *before, *name = config_setting_name(s);

	if (up == NULL)
		return "";
	before = path_of(r, up);
	if (name == NULL)
		return pv_arena_printf(r->a, "%s[%d]", before, config_setting_index(s)).p;
	return pv_arena_printf(r->a, "%s%s%s", before, *before != '\0' ? "." : "", name).p;
}

/* What it says of value stands at s; what lies deeper has its own name behind it. */
static bool
checked(struct reader *r, config_setting_t *s, const struct pv_setting *d, const void *value)
{
	struct pv_err e = { 0 };
	const char *field;

	if (d->check == NULL || pv_ok(d->check(value, &e)))
		return true;
	field = path_of(r, s);
	if (e.field[0] != '\0')
		field = pv_arena_printf(r->a, "%s.%s", field, e.field).p;
	mistake(r, config_setting_source_line(s), field, &e);
	return false;
}

static bool
read_text(struct reader *r, config_setting_t *s, struct pv_slice *out)
{
	const char *text = config_setting_get_string(s);

	if (config_setting_type(s) != CONFIG_TYPE_STRING || text == NULL) {
		WRONG(r, s, "is to be a text in quotes");
		return false;
	}
	if (*text == '\0') {
		WRONG(r, s, "is empty; leave the setting out instead");
		return false;
	}
	*out = pv_arena_copy(r->a, pv_slice_of(text));
	return true;
}

static void
read_path(struct reader *r, config_setting_t *s, const char **out)
{
	struct pv_slice text;

	if (!read_text(r, s, &text))
		return;
	*out = text.p[0] == '/'
		   ? pv_arena_str(r->a, text)
		   : pv_arena_printf(r->a, "%.*s%.*s", PV_FMT(r->folder), PV_FMT(text)).p;
}

static void
read_number(struct reader *r, config_setting_t *s, const struct pv_setting *d, uint64_t *out)
{
	int type = config_setting_type(s);
	long long v;

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		WRONG(r, s, "is to be a whole number");
		return;
	}
	v = config_setting_get_int64(s);
	if (v < 0 || (uint64_t)v < d->least || (uint64_t)v > d->most)
		WRONG(r, s, "is %lld, but is to be from %llu to %llu", v,
		    (unsigned long long)d->least, (unsigned long long)d->most);
	else
		*out = (uint64_t)v;
}

static void
read_word(struct reader *r, config_setting_t *s, const struct pv_setting *d, int *out)
{
	struct pv_slice text, all = PV_NO_SLICE;

	if (!read_text(r, s, &text))
		return;
	for (int i = 0; d->words[i] != NULL; i++) {
		if (pv_slice_is(text, d->words[i])) {
			*out = i;
			return;
		}
		all = pv_arena_printf(
		    r->a, "%.*s%s\"%s\"", PV_FMT(all), all.n != 0 ? ", " : "", d->words[i]);
	}
	WRONG(r, s, "is \"%.*s\", but is to be one of %.*s", PV_FMT(text), PV_FMT(all));
}

static void
read_names(
    struct reader *r, config_setting_t *s, const struct pv_setting *d, struct pv_config_names *out)
{
	bool one = config_setting_type(s) == CONFIG_TYPE_STRING;
	int n = one ? 1 : config_setting_length(s);
	struct pv_slice *at = pv_arena_alloc_n(r->a, (size_t)n + 1, sizeof(*at));
	size_t good = 0;

	if (!one && !config_setting_is_array(s) && !config_setting_is_list(s)) {
		WRONG(r, s, "is to be a list of texts: [\"...\", \"...\"]");
		return;
	}
	if (n == 0)
		WRONG(r, s, "is an empty list; leave the setting out instead");
	for (int i = 0; i < n; i++) {
		config_setting_t *elem = one ? s : config_setting_get_elem(s, (unsigned)i);

		good += read_text(r, elem, &at[good]) && checked(r, elem, d, &at[good]);
	}
	*out = (struct pv_config_names){ at, good };
}

static void read_group(
    struct reader *r, config_setting_t *s, const struct pv_setting *table, char *out);

static void
read_groups(struct reader *r, config_setting_t *s, const struct pv_setting *d, char *out)
{
	int n = config_setting_length(s);
	char *at = pv_arena_alloc_n(r->a, (size_t)n + 1, d->size);

	if (!config_setting_is_list(s)) {
		WRONG(r, s, "is to be a list of groups: ( { ... }, { ... } )");
		return;
	}
	for (int i = 0; i < n; i++) {
		config_setting_t *elem = config_setting_get_elem(s, (unsigned)i);
		size_t before = r->errors.n;

		read_group(r, elem, d->of, at + (size_t)i * d->size);
		if (r->errors.n == before)
			checked(r, elem, d, at + (size_t)i * d->size);
	}
	memcpy(out + d->at, &at, sizeof(at));
	*(size_t *)(void *)(out + d->count_at) = (size_t)n;
}

static void
read_setting(struct reader *r, config_setting_t *s, const struct pv_setting *d, char *out)
{
	void *at = out + d->at;
	char *part;

	switch (d->kind) {
	case PV_SET_END:
		break;
	case PV_SET_TEXT:
		if (read_text(r, s, at))
			checked(r, s, d, at);
		break;
	case PV_SET_PATH:
		read_path(r, s, at);
		break;
	case PV_SET_NUMBER:
		read_number(r, s, d, at);
		break;
	case PV_SET_BOOL:
		if (config_setting_type(s) != CONFIG_TYPE_BOOL)
			WRONG(r, s, "is to be true or false");
		else
			*(bool *)at = config_setting_get_bool(s) != 0;
		break;
	case PV_SET_WORD:
		read_word(r, s, d, at);
		break;
	case PV_SET_NAMES:
		read_names(r, s, d, at);
		break;
	case PV_SET_GROUP:
		read_group(r, s, d->of, out); /* its members are placed from the same struct */
		break;
	case PV_SET_GROUPS:
		read_groups(r, s, d, out);
		break;
	case PV_SET_PART:
		part = pv_arena_alloc(r->a, pv_doors_config_size);
		read_group(r, s, d->of, part);
		memcpy(at, &part, sizeof(part));
		break;
	}
}

static const struct pv_setting *
find_setting(const struct pv_setting *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static const char *
nearest(const struct pv_setting *table, const char *name)
{
	const char *best = NULL;
	unsigned least = 4;

	for (; table->name != NULL; table++) {
		unsigned d = pv_name_distance(pv_slice_of(name), pv_slice_of(table->name), 3);

		if (d < least) {
			least = d;
			best = table->name;
		}
	}
	return best;
}

static void
unknown_setting(struct reader *r, config_setting_t *s, const struct pv_setting *table)
{
	const char *near = nearest(table, config_setting_name(s));
	struct pv_err e = { 0 };

	if (near != NULL)
		pv_ignore(pv_advise(
		    PV_FAIL(&e, PV_E_CONFIG, "is no setting"), &e, "did you mean %s?", near));
	else
		pv_ignore(PV_FAIL(&e, PV_E_CONFIG, "is no setting"));
	mistake(r, config_setting_source_line(s), path_of(r, s), &e);
}

static void
read_group(struct reader *r, config_setting_t *s, const struct pv_setting *table, char *out)
{
	if (!config_setting_is_group(s)) {
		WRONG(r, s, "is to be a group: { ... }");
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *one = config_setting_get_elem(s, (unsigned)i);
		const struct pv_setting *d = find_setting(table, config_setting_name(one));

		if (d == NULL)
			unknown_setting(r, one, table);
		else
			read_setting(r, one, d, out);
	}
	for (; table->name != NULL; table++)
		if (table->must && config_setting_get_member(s, table->name) == NULL)
			WRONG(r, s, "has no \"%s\"", table->name);
}

/* What libconfig could not read at all; it stops at the first. @include would open files that nobody looked at. */
static bool
parse(struct reader *r, config_t *c, struct pv_slice text)
{
	struct pv_slice rest = text, line;

	for (unsigned n = 1; pv_slice_next(&rest, '\n', &line); n++)
		if (pv_slice_starts(pv_slice_trim(line), PV_SLICE("@include"))) {
			WRONG_AT(r, n, "", "@include is not taken: this is one file");
			return false;
		}
	if (memchr(text.p, '\0', text.n) != NULL) {
		WRONG_AT(r, 0, "", "has a NUL in it");
		return false;
	}
	if (config_read_string(c, pv_arena_str(r->a, text)) == CONFIG_TRUE)
		return true;
	WRONG_AT(r, (unsigned)config_error_line(c), "", "%s", config_error_text(c));
	return false;
}

PV_RESULT
pv_config_read(struct pv_config *c, struct pv_slice text, const char *path, struct pv_arena *a,
    const struct pv_err **errors, size_t *error_count, struct pv_err *e)
{
	const char *slash = strrchr(path, '/');
	struct reader r = { .a = a, .path = path };
	struct pv_err *copy;
	config_t parsed;

	*errors = NULL;
	*error_count = 0;
	if (text.n > CONFIG_BYTES)
		return pv_from(
		    PV_FAIL(e, PV_E_LIMIT, "is larger than %u bytes", CONFIG_BYTES), e, path);
	r.folder =
	    slash != NULL ? (struct pv_slice){ path, (size_t)(slash - path) + 1 } : PV_NO_SLICE;
	config_init(&parsed);
	if (text.n == 0 || parse(&r, &parsed, text))
		read_group(&r, config_root_setting(&parsed), pv_settings, (char *)c);
	config_destroy(&parsed);
	if (r.errors.n == 0) {
		PV_VEC_FREE(&r.errors);
		return PV_DONE;
	}
	copy = pv_arena_alloc_n(a, r.errors.n, sizeof(*copy));
	memcpy(copy, r.errors.at, r.errors.n * sizeof(*copy));
	*errors = copy;
	*error_count = r.errors.n;
	*e = copy[0];
	PV_VEC_FREE(&r.errors);
	return (struct pv_status){ e->code };
}

/* ---- the reference ---- */

static void
put_table(struct pv_buf *out, const struct pv_setting *table, const char *before)
{
	for (; table->name != NULL; table++) {
		bool group = table->of != NULL;
		PV_AUTO(pv_buf_free) struct pv_buf name = { 0 };

		pv_buf_addf(
		    &name, "%s%s%s", before, table->name, table->kind == PV_SET_GROUPS ? "[]" : "");
		pv_buf_addf(out, "- `%s`", pv_buf_str(&name));
		if (table->example != NULL)
			pv_buf_addf(out, " (`%s`)", table->example);
		pv_buf_addf(out, ": %s\n", table->text != NULL ? table->text : "");
		if (group) {
			pv_buf_add_c(&name, '.');
			put_table(out, table->of, pv_buf_str(&name));
		}
	}
}

void
pv_config_reference(struct pv_buf *out)
{
	put_table(out, pv_settings, "");
}
