/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "gateway/doors.h"

#define FILE_MAX (4u << 20) /* of which pv_config_read() takes less */

PV_RESULT
pv_settings_file(const struct pv_given *given, struct pv_buf *text, struct pv_err *e)
{
	const char *path = given->config_path;
	ssize_t got;
	int fd;

	if (path == NULL)
		return PV_DONE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", path, strerror(errno));
	while ((got = read(fd, pv_buf_room(text, 65536), 65536)) > 0 && text->n < FILE_MAX)
		text->n += (size_t)got;
	close(fd);
	return got >= 0 ? PV_DONE
			: PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", path, strerror(errno));
}

static PV_RESULT
read_text(struct pv_settings *s, const char *path, struct pv_slice text,
    const struct pv_logger *log, struct pv_err *e)
{
	const struct pv_err *errors;
	size_t count;
	struct pv_status st = pv_config_read(&s->config, text, path, s->a, &errors, &count, e);

	if (pv_ok(st))
		return PV_DONE;
	for (size_t i = 0; log != NULL && i + 1 < count; i++)
		pv_log_err(log, PV_LOG_ERROR, "wrong setting", &errors[i]);
	if (count != 0)
		*e = errors[count - 1];
	return (struct pv_status){ e->code };
}

PV_RESULT
pv_settings_read(struct pv_settings **out, const struct pv_given *given, struct pv_slice text,
    const struct pv_logger *log, struct pv_err *e)
{
	struct pv_settings *s = PV_NEW(struct pv_settings);
	struct pv_config *c = &s->config;

	s->a = pv_arena_new();
	s->holders = 1;
	pv_config_default(c);
	if (given->config_path != NULL && !pv_ok(read_text(s, given->config_path, text, log, e))) {
		pv_settings_give(s);
		return (struct pv_status){ e->code };
	}
	if (given->home != NULL)
		c->home = given->home;
	if (c->home == NULL)
		c->home = given->default_home;
	if (given->listen.n != 0)
		c->listen = given->listen;
	s->url = c->url.n != 0 ? c->url : given->at_url;
	*out = s;
	return PV_DONE;
}

struct pv_settings *
pv_settings_take(struct pv_settings *s)
{
	__atomic_add_fetch(&s->holders, 1, __ATOMIC_RELAXED);
	return s;
}

void
pv_settings_give(struct pv_settings *s)
{
	if (s == NULL || __atomic_sub_fetch(&s->holders, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	pv_arena_free(s->a);
	pv_free(s);
}

void
pv_settings_log(const struct pv_settings *s, const struct pv_given *given, struct pv_logger *log)
{
	static const enum pv_level levels[] = { PV_LOG_ERROR, PV_LOG_WARNING, PV_LOG_NOTICE,
		PV_LOG_INFO, PV_LOG_DEBUG };
	bool json = given->log_form != NULL ? strcmp(given->log_form, "json") == 0
					    : s->config.log.form == PV_LOG_JSON;

	pv_log_set(log, json, levels[s->config.log.level]);
}

/* ---- what holds from the start to the end ---- */

static bool
same_names(const struct pv_config_names *a, const struct pv_config_names *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!pv_slice_eq(a->at[i], b->at[i]))
			return false;
	return true;
}

static void
add_name(struct pv_buf *names, bool same, const char *name)
{
	if (!same)
		pv_buf_addf(names, "%s%s", names->n != 0 ? ", " : "", name);
}

void
pv_settings_fixed(
    const struct pv_config *running, const struct pv_config *fresh, struct pv_buf *names)
{
	static const struct pv_doors_config none = { 0 };
	const struct pv_doors_config *was = running->doors != NULL ? running->doors : &none;
	const struct pv_doors_config *is = fresh->doors != NULL ? fresh->doors : &none;

	add_name(names, strcmp(running->home, fresh->home) == 0, "home");
	add_name(names, same_names(&running->listen, &fresh->listen), "listen");
	add_name(names, running->front.loops == fresh->front.loops, "front.loops");
	add_name(names, pv_slice_eq(was->policy, is->policy), "doors.policy");
	add_name(names, pv_slice_eq(was->lookup, is->lookup), "doors.lookup");
}
