/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/logger.h"

#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "codec/json.h"
#include "codec/rfc3339.h"

static const char *
level_name(enum pv_level level)
{
	switch (level) {
	case PV_LOG_ERROR:
		return "error";
	case PV_LOG_WARNING:
		return "warning";
	case PV_LOG_NOTICE:
		return "notice";
	case PV_LOG_INFO:
		return "info";
	case PV_LOG_DEBUG:
		return "debug";
	}
	return "error";
}

/* As it is where it is one plain word, else a JSON string: no control character comes through. */
static void
put_value(struct pv_buf *out, struct pv_slice value)
{
	bool plain = value.n != 0;
	size_t from = out->n;

	for (size_t i = 0; i < value.n && plain; i++)
		plain = value.p[i] > ' ' && value.p[i] < 0x7f && value.p[i] != '"' &&
			value.p[i] != '\\' && value.p[i] != '=';
	if (plain) {
		pv_buf_add(out, value);
		return;
	}
	pv_json_quote(out, value);
	for (size_t i = from; i < out->n; i++) /* JSON leaves DEL and C1 as they are */
		if ((uint8_t)out->p[i] == 0x7f ||
		    ((uint8_t)out->p[i] == 0xc2 && i + 1 < out->n && (uint8_t)out->p[i + 1] < 0xa0))
			out->p[i] = '?';
}

static void
write_line(const struct pv_buf *line)
{
	size_t from = 0;

	while (from < line->n) {
		ssize_t did = write(STDERR_FILENO, line->p + from, line->n - from);

		if (did <= 0)
			return; /* there is nowhere to say so */
		from += (size_t)did;
	}
}

static void
log_text(struct pv_buf *out, const struct pv_logger *l, enum pv_level level, const char *event,
    va_list more)
{
	const char *name;

	pv_buf_addf(out, "%s: %s%s", l->who, level <= PV_LOG_WARNING ? level_name(level) : "",
	    level <= PV_LOG_WARNING ? ": " : "");
	pv_buf_add_str(out, event);
	while ((name = va_arg(more, const char *)) != NULL) {
		const char *value = va_arg(more, const char *);

		pv_buf_addf(out, " %s=", name);
		put_value(out, pv_slice_of(value != NULL ? value : ""));
	}
}

static void
log_json(struct pv_buf *out, const struct pv_logger *l, enum pv_level level, const char *event,
    va_list more)
{
	struct pv_jsonw w = { .out = out };
	const char *name;
	struct timespec ts = { 0 };
	struct pv_buf when = { 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	pv_jsonw_object(&w, NULL);
	pv_time_write(&when, (uint64_t)ts.tv_sec);
	pv_jsonw_str(&w, "time", pv_buf_slice(&when));
	pv_buf_free(&when);
	pv_jsonw_str(&w, "level", pv_slice_of(level_name(level)));
	pv_jsonw_str(&w, "process", pv_slice_of(l->who));
	pv_jsonw_str(&w, "event", pv_slice_of(event));
	while ((name = va_arg(more, const char *)) != NULL) {
		const char *value = va_arg(more, const char *);

		pv_jsonw_str(&w, name, pv_slice_of(value != NULL ? value : ""));
	}
	pv_jsonw_end(&w);
}

void
pv_log_set(struct pv_logger *l, bool json, enum pv_level level)
{
	__atomic_store_n(&l->json, json, __ATOMIC_RELAXED);
	__atomic_store_n(&l->level, level, __ATOMIC_RELAXED);
}

void
pv_log(const struct pv_logger *l, enum pv_level level, const char *event, ...)
{
	struct pv_buf line = { 0 };
	va_list more;

	if (level > __atomic_load_n(&l->level, __ATOMIC_RELAXED))
		return;
	if (l->priority)
		pv_buf_addf(&line, "<%d>", (int)level);
	va_start(more, event);
	if (__atomic_load_n(&l->json, __ATOMIC_RELAXED))
		log_json(&line, l, level, event, more);
	else
		log_text(&line, l, level, event, more);
	va_end(more);
	pv_buf_add_c(&line, '\n');
	write_line(&line);
	pv_buf_free(&line);
}

void
pv_log_err(
    const struct pv_logger *l, enum pv_level level, const char *event, const struct pv_err *e)
{
	struct pv_buf what = { 0 };

	if (e->source[0] != '\0')
		pv_buf_addf(&what, "%s:%s", e->source, e->line != 0 ? "" : " ");
	if (e->line != 0)
		pv_buf_addf(&what, "%u:%s", e->line, e->col != 0 ? "" : " ");
	if (e->line != 0 && e->col != 0)
		pv_buf_addf(&what, "%u: ", e->col);
	if (e->field[0] != '\0')
		pv_buf_addf(&what, "%s: ", e->field);
	pv_buf_add_str(&what, e->what);
	pv_log(l, level, event, "why", pv_buf_str(&what), e->fix[0] != '\0' ? "advice" : NULL,
	    e->fix, NULL);
	pv_buf_free(&what);
}
