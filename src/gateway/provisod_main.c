/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provisod: the gateway. The parent reads the configuration and the
 * certificate, binds the listeners and forks a keeper, which opens the home, and
 * a front, which speaks to clients. If one of them ends, all end: a gateway that
 * limps is worse than one that its supervisor starts anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "desk/desk.h"
#include "gateway/control.h"
#include "gateway/doors.h"
#include "gateway/listen.h"
#include "gateway/notify.h"
#include "gateway/process.h"
#include "gateway/tlsfile.h"
#include "net/tls.h"

enum { EXIT_GOOD = 0, EXIT_INPUT = 2, EXIT_CONFIG = 3, EXIT_DOWN = 6, EXIT_BUG = 70 };
#define START_MS    120000 /* for opening a large home */
#define BEAT_MS     30000  /* a loop that did not turn for so long is stuck */
#define ADDRESS_MAX 8

enum { KEEPER = 0, FRONT, CHILDREN };

struct child {
	const char *name;
	pid_t pid;
	int control; /* the parent's end; -1 when closed */
	bool ended;
	int status;
};

struct daemon {
	/* what the command line said */
	struct pv_given given;
	PV_VEC(struct pv_slice) listen;
	bool check, reference;

	struct pv_arena *a;
	struct pv_env env;
	struct pv_logger log;
	struct pv_config config;            /* as it was started */
	struct pv_settings *at_start, *now; /* of which the first is where config points into */
	struct pv_stats *stats;
	struct pv_address at[ADDRESS_MAX];
	size_t addresses;
	int *listeners;             /* loops times addresses */
	int doors[2][PV_LOOPS_MAX]; /* policy and lookup; -1: none */
	int lines[PV_LOOPS_MAX][2];
	struct pv_slice url, fingerprint;
	struct child child[CHILDREN];
	int signals;
};

/* ---- the command line ---- */

static void
usage(FILE *to)
{
	fputs(
	    "usage: provisod [--config FILE] [--home DIR] [--listen ADDRESS:PORT]... [--log "
	    "text|json] [--check]\n"
	    "\n"
	    "Serves a home over HTTPS. Without a configuration it serves PROVISO_HOME at "
	    "https://127.0.0.1:8443.\n"
	    "\n"
	    "  --config FILE    settings: where things are (provisod(8); --settings lists them)\n"
	    "  --home DIR       the home, made by 'proviso init'\n"
	    "  --listen A:P     instead of the configuration's addresses; port 0: a free one\n"
	    "  --log FORM       text or json, on stderr\n"
	    "  --check          says what is wrong with the settings, and starts nothing\n"
	    "  --settings       lists all settings\n"
	    "  --help, --version\n"
	    "\n"
	    "SIGHUP reads settings and certificate again; SIGTERM ends, after what is in flight.\n",
	    to);
}

enum {
	OPT_CONFIG = 1000,
	OPT_HOME,
	OPT_LISTEN,
	OPT_LOG,
	OPT_CHECK,
	OPT_SETTINGS,
	OPT_HELP,
	OPT_VERSION
};
static const struct option options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "home", required_argument, NULL, OPT_HOME },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "settings", no_argument, NULL, OPT_SETTINGS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

static const char *
absolute(struct daemon *d, const char *path)
{
	char *here;
	const char *all;

	if (path == NULL || path[0] == '/')
		return path;
	here = getcwd(NULL, 0);
	all = pv_arena_printf(d->a, "%s/%s", here != NULL ? here : ".", path).p;
	free(here);
	return all;
}

/* -1: go on; else the exit status. */
static int
read_arguments(struct daemon *d, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case OPT_CONFIG:
			d->given.config_path = absolute(d, optarg);
			break;
		case OPT_HOME:
			d->given.home = absolute(d, optarg);
			break;
		case OPT_LISTEN:
			*PV_VEC_ADD(&d->listen) = pv_slice_of(optarg);
			break;
		case OPT_LOG:
			d->given.log_form = optarg;
			break;
		case OPT_CHECK:
			d->check = true;
			break;
		case OPT_SETTINGS:
			d->reference = true;
			break;
		case OPT_VERSION:
			puts("provisod " PV_VERSION);
			return EXIT_GOOD;
		case OPT_HELP:
		case 'h':
			usage(stdout);
			return EXIT_GOOD;
		default:
			usage(stderr);
			return EXIT_INPUT;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "provisod: it takes no arguments, only options: \"%s\"\n",
		    argv[optind]);
		return EXIT_INPUT;
	}
	if (d->given.log_form != NULL && strcmp(d->given.log_form, "json") != 0 &&
	    strcmp(d->given.log_form, "text") != 0) {
		fprintf(stderr, "provisod: --log is text or json, not \"%s\"\n", d->given.log_form);
		return EXIT_INPUT;
	}
	d->given.listen = (struct pv_config_names){ d->listen.at, d->listen.n };
	return -1;
}

/* ---- settings ---- */

/* The place for a user's data, as the tool has it. */
static const char *
default_home(struct daemon *d)
{
	const char *given = getenv("PROVISO_HOME"), *data = getenv("XDG_DATA_HOME"),
		   *user = getenv("HOME");

	if (given != NULL && *given != '\0')
		return absolute(d, given);
	if (data != NULL && *data == '/')
		return pv_arena_printf(d->a, "%s/proviso", data).p;
	return pv_arena_printf(d->a, "%s/.local/share/proviso", user != NULL ? user : "").p;
}

/* Every mistake but the last is logged. */
static PV_RESULT
read_settings(struct daemon *d, struct pv_settings **out, struct pv_buf *text, struct pv_err *e)
{
	PV_TRY(pv_settings_file(&d->given, text, e));
	return pv_settings_read(out, &d->given, pv_buf_slice(text), &d->log, e);
}

static PV_RESULT
check_ca(const struct pv_config *c, struct pv_err *e)
{
	if (c->fetch.ca != NULL && access(c->fetch.ca, R_OK) != 0)
		return PV_FAIL(
		    e, PV_E_CONFIG, "fetch.ca: cannot read %s: %s", c->fetch.ca, strerror(errno));
	return PV_DONE;
}

static PV_RESULT
read_addresses(struct daemon *d, struct pv_err *e)
{
	if (d->config.listen.n > ADDRESS_MAX)
		return PV_FAIL(e, PV_E_CONFIG, "more than %d addresses to listen on", ADDRESS_MAX);
	for (; d->addresses < d->config.listen.n; d->addresses++) {
		struct pv_address *at = &d->at[d->addresses];

		PV_TRY(pv_within(pv_address_read(d->config.listen.at[d->addresses], at, e), e,
		    "listen[%zu]", d->addresses));
		if (at->at.ss_family == AF_UNIX) /* of the command line */
			return PV_FAIL(e, PV_E_CONFIG, "HTTPS is served on an address with a port");
	}
	return PV_DONE;
}

static PV_RESULT
check_home(struct daemon *d, struct pv_err *e)
{
	static const char *const needed[] = { "home.json", "proviso.db", "keys" };
	const char *home = d->config.home;

	if (access(pv_arena_printf(d->a, "%s/home.json", home).p, F_OK) != 0 && errno == ENOENT)
		return pv_advise(PV_FAIL(e, PV_E_CONFIG, "there is no home at %s", home), e,
		    "make one with 'proviso init --party NAME --home %s', or name another with "
		    "--home",
		    home);
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		const char *path = pv_arena_printf(d->a, "%s/%s", home, needed[i]).p;

		if (access(path, R_OK) != 0)
			return PV_FAIL(e, PV_E_CONFIG, "cannot read %s: %s", path, strerror(errno));
	}
	/* SQLite would open what it cannot write for reading, and the first decision would find out. */
	if (access(home, W_OK) != 0 ||
	    access(pv_arena_printf(d->a, "%s/proviso.db", home).p, W_OK) != 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot write in %s: %s", home, strerror(errno));
	return PV_DONE;
}

static void
print_reference(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };

	pv_config_reference(&text);
	fwrite(text.p, 1, text.n, stdout);
}

/* What others are told about where this gateway is, if it cannot be true. It serves all the same. */
static void
say_where(struct daemon *d)
{
	struct pv_slice unset = PV_SLICE(".proviso.invalid/kas"), url = d->config.url, here, kas;
	struct pv_slice at = pv_address_text(&d->at[0], d->a);
	struct pv_err e = { 0 };

	if (url.n == 0 && pv_address_any(&d->at[0])) {
		pv_log(&d->log, PV_LOG_WARNING, "others cannot call the address that they are told",
		    "address", pv_arena_str(d->a, at), "advice",
		    "set url in the settings to the name that others use", NULL);
		return;
	}
	if (!pv_ok(pv_desk_kas_url(d->config.home, d->a, &kas, &e)))
		return; /* the keeper says it */
	here = url.n != 0 ? pv_arena_printf(d->a, "%.*s/kas", PV_FMT(url))
			  : pv_arena_printf(d->a, "https://%.*s/kas", PV_FMT(at));
	if (pv_slice_eq(kas, here) ||
	    (url.n == 0 && kas.n > unset.n &&
		pv_slice_eq(pv_slice_sub(kas, kas.n - unset.n, kas.n), unset)))
		return;
	pv_log(&d->log, PV_LOG_WARNING, "files that are sealed in this home name another gateway",
	    "kas_url", pv_arena_str(d->a, kas), "served", pv_arena_str(d->a, here), "advice",
	    "OpenTDF programs go where the file says: set kas_url in HOME/home.json to what is "
	    "served before more is shared, or url in the settings to the other",
	    NULL);
}

/* --check: the file was read; now what it points to. */
static PV_RESULT
check_rest(struct daemon *d, struct pv_err *e)
{
	struct pv_tlsfile tls;

	PV_TRY(read_addresses(d, e));
	PV_TRY(check_ca(&d->config, e));
	PV_TRY(check_home(d, e));
	PV_TRY(pv_tlsfile_read(&tls, &d->config, PV_NO_SLICE, false, &d->env, e));
	pv_tlsfile_wipe(&tls);
	say_where(d);
	return PV_DONE;
}

/* ---- starting ---- */

/* Where Postfix asks. */
static PV_RESULT
bind_doors(struct daemon *d, struct pv_err *e)
{
	const struct pv_doors_config *doors = d->config.doors;

	for (size_t i = 0; i < 2; i++) {
		struct pv_slice text = doors == NULL ? PV_NO_SLICE
				       : i == 0      ? doors->policy
						     : doors->lookup;
		struct pv_address at;

		for (size_t k = 0; k < PV_LOOPS_MAX; k++)
			d->doors[i][k] = -1;
		if (text.n == 0)
			continue;
		PV_TRY(pv_within(
		    pv_address_read(text, &at, e), e, i == 0 ? "doors.policy" : "doors.lookup"));
		PV_TRY(pv_listen(&at, d->doors[i], d->config.front.loops, e));
	}
	return PV_DONE;
}

/* In a process that is not the front. */
static void
close_listeners(struct daemon *d)
{
	for (size_t i = 0; i < d->config.front.loops * d->addresses; i++)
		close(d->listeners[i]);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < d->config.front.loops; k++)
			if (d->doors[i][k] >= 0)
				close(d->doors[i][k]);
}

static PV_RESULT
bind_all(struct daemon *d, struct pv_err *e)
{
	size_t loops = d->config.front.loops;
	int fds[PV_LOOPS_MAX];

	d->listeners = pv_alloc_n(loops * ADDRESS_MAX, sizeof(int));
	for (size_t i = 0; i < d->addresses; i++) {
		PV_TRY(pv_listen(&d->at[i], fds, loops, e));
		for (size_t k = 0; k < loops; k++)
			d->listeners[k * d->addresses + i] = fds[k];
	}
	PV_TRY(bind_doors(d, e));
	d->given.at_url =
	    pv_arena_printf(d->a, "https://%.*s", PV_FMT(pv_address_text(&d->at[0], d->a)));
	d->url = d->config.url.n != 0 ? d->config.url : d->given.at_url;
	return PV_DONE;
}

static PV_RESULT
make_lines(struct daemon *d, struct pv_err *e)
{
	int size = 1 << 20;

	for (size_t i = 0; i < d->config.front.loops; i++) {
		if (socketpair(
			AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, d->lines[i]) != 0)
			return PV_FAIL(e, PV_E_CONFIG, "no socket pair: %s", strerror(errno));
		for (int k = 0; k < 2; k++)
			setsockopt(d->lines[i][k], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	return PV_DONE;
}

/* In the child: the ends that are not its own. */
static void
close_others(struct daemon *d, size_t which)
{
	for (size_t i = 0; i < d->config.front.loops; i++)
		close(d->lines[i][which == KEEPER ? 0 : 1]);
	if (which == KEEPER)
		close_listeners(d);
	for (size_t i = 0; i < which; i++)
		close(d->child[i].control);
	close(d->signals);
}

static int
run_child(struct daemon *d, size_t which, int control)
{
	int lines[PV_LOOPS_MAX];
	struct pv_process p = { .config = &d->config,
		.given = &d->given,
		.env = &d->env,
		.log = d->log,
		.stats = d->stats,
		.control = control,
		.loops = d->config.front.loops,
		.lines = lines,
		.listeners = d->listeners,
		.listener_count = d->addresses,
		.policy = d->doors[0],
		.lookup = d->doors[1],
		.url = d->url };

	close_others(d, which);
	p.log.who = d->child[which].name;
	for (size_t i = 0; i < p.loops; i++)
		lines[i] = d->lines[i][which == KEEPER ? 1 : 0];
	prctl(PR_SET_NAME, which == KEEPER ? "provisod-keeper" : "provisod-front");
	return which == KEEPER ? pv_process_keeper(&p) : pv_process_front(&p);
}

static PV_RESULT
fork_child(struct daemon *d, size_t which, struct pv_err *e)
{
	int fds[2];
	pid_t pid;

	PV_TRY(pv_control_pair(fds, e));
	pid = fork();
	if (pid < 0)
		return PV_FAIL(e, PV_E_CONFIG, "cannot fork: %s", strerror(errno));
	if (pid == 0) {
		close(fds[0]);
		exit(run_child(d, which, fds[1]));
	}
	close(fds[1]);
	d->child[which].pid = pid;
	d->child[which].control = fds[0];
	return PV_DONE;
}

static PV_RESULT
send_tls(struct daemon *d, const struct pv_config *c, bool make, struct pv_err *e)
{
	struct pv_tlsfile tls;
	struct pv_status st;
	struct pv_slice fingerprint;

	PV_TRY(pv_tlsfile_read(&tls, c, pv_config_host(d->url), make, &d->env, e));
	st = pv_tls_fingerprint(pv_buf_slice(&tls.certificate), d->a, &fingerprint, e);
	if (pv_ok(st))
		st = pv_control_send(d->child[FRONT].control,
		    &(struct pv_control){ .kind = PV_CONTROL_TLS,
			.certificate = pv_buf_slice(&tls.certificate),
			.key = pv_buf_slice(&tls.key),
			.client_ca = pv_buf_slice(&tls.client_ca) },
		    e);
	if (pv_ok(st))
		d->fingerprint = fingerprint;
	pv_tlsfile_wipe(&tls);
	return st;
}

/* late: what it could not take in its turn is added. */
static PV_RESULT
wait_ready(struct daemon *d, size_t which, struct pv_buf *late, struct pv_err *e)
{
	PV_AUTO(pv_buf_wipe) struct pv_buf bytes = { 0 };
	struct pollfd p = { .fd = d->child[which].control, .events = POLLIN };
	struct pv_control c;
	int got;

	do
		got = poll(&p, 1, START_MS);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return PV_FAIL(e, PV_E_DOWN, "the %s did not start within %d s",
		    d->child[which].name, START_MS / 1000);
	PV_TRY(pv_control_receive(d->child[which].control, &bytes, &c, e));
	if (c.kind == PV_CONTROL_READY) {
		if (late != NULL && c.text.n != 0)
			pv_buf_addf(late, "%s%.*s", late->n != 0 ? ", " : "", PV_FMT(c.text));
		return PV_DONE;
	}
	if (c.kind == PV_CONTROL_ERROR) {
		*e = c.err;
		return (struct pv_status){ c.err.code != PV_OK ? c.err.code : PV_E_BUG };
	}
	return PV_FAIL(e, PV_E_BUG, "the %s ended while it started", d->child[which].name);
}

static void
say_ready(struct daemon *d)
{
	struct pv_slice at = PV_NO_SLICE;
	char text[200];

	for (size_t i = 0; i < d->addresses; i++)
		at = pv_arena_printf(d->a, "%.*s%s%.*s", PV_FMT(at), i != 0 ? " " : "",
		    PV_FMT(pv_address_text(&d->at[i], d->a)));
	pv_log(&d->log, PV_LOG_NOTICE, "listening", "url", pv_arena_str(d->a, d->url), "at",
	    pv_arena_str(d->a, at), "sha256", pv_arena_str(d->a, d->fingerprint), "home",
	    d->config.home, NULL);
	snprintf(text, sizeof(text), "READY=1\nSTATUS=%.*s", PV_FMT(d->url));
	pv_notify(text);
}

static PV_RESULT
start(struct daemon *d, struct pv_err *e)
{
	PV_TRY(read_addresses(d, e));
	PV_TRY(check_ca(&d->config, e));
	PV_TRY(check_home(d, e));
	PV_TRY(pv_stats_new(&d->stats, e));
	d->stats->loops = d->config.front.loops;
	PV_TRY(bind_all(d, e));
	PV_TRY(make_lines(d, e));
	PV_TRY(fork_child(d, KEEPER, e));
	PV_TRY(fork_child(d, FRONT, e));
	close_listeners(d);
	for (size_t i = 0; i < d->config.front.loops; i++) {
		close(d->lines[i][0]);
		close(d->lines[i][1]);
	}
	PV_TRY(send_tls(d, &d->config, true, e));
	PV_TRY(wait_ready(d, KEEPER, NULL, e));
	return wait_ready(d, FRONT, NULL, e);
}

/* ---- running ---- */

/* The front first: it may find that a certificate is none. The keeper takes whatever the parent could read. */
static PV_RESULT
hand_out(struct daemon *d, const struct pv_settings *fresh, struct pv_slice text,
    struct pv_buf *late, struct pv_err *e)
{
	static const struct pv_control whole = { .kind = PV_CONTROL_SETTINGS };
	struct pv_config c = fresh->config;

	c.home = d->config.home;
	PV_TRY(check_ca(&c, e));
	PV_TRY(pv_control_send_text(d->child[FRONT].control, text, e));
	PV_TRY(send_tls(d, &c, false, e));
	PV_TRY(wait_ready(d, FRONT, NULL, e));
	PV_TRY(pv_control_send_text(d->child[KEEPER].control, text, e));
	PV_TRY(pv_control_send(d->child[KEEPER].control, &whole, e));
	return wait_ready(d, KEEPER, late, e);
}

static void
reloaded(struct daemon *d, struct pv_settings *fresh, struct pv_buf *late)
{
	if (late->n != 0)
		pv_log(&d->log, PV_LOG_WARNING, "changed, and takes effect after a restart",
		    "settings", pv_buf_str(late), NULL);
	pv_log(
	    &d->log, PV_LOG_NOTICE, "reloaded", "sha256", pv_arena_str(d->a, d->fingerprint), NULL);
	pv_settings_log(fresh, &d->given, &d->log);
	d->url = fresh->url;
	if (d->now != d->at_start)
		pv_settings_give(d->now);
	d->now = fresh;
}

static void
reload(struct daemon *d)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 }, late = { 0 };
	struct pv_settings *fresh = NULL;
	struct pv_err e = { 0 };
	struct pv_status st;

	pv_notify_reloading();
	st = read_settings(d, &fresh, &text, &e);
	if (pv_ok(st)) {
		pv_settings_fixed(&d->config, &fresh->config, &late);
		st = hand_out(d, fresh, pv_buf_slice(&text), &late, &e);
	}
	if (pv_ok(st)) {
		reloaded(d, fresh, &late);
	} else {
		pv_settings_give(fresh);
		pv_log_err(&d->log, PV_LOG_ERROR, "not reloaded, all stays as it was", &e);
	}
	pv_notify("READY=1");
}

static bool
reap(struct daemon *d)
{
	bool some = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHILDREN; i++)
			if (d->child[i].pid == pid) {
				d->child[i].ended = some = true;
				d->child[i].status = status;
			}
	return some;
}

static bool
alive(const struct daemon *d)
{
	uint64_t now = pv_monotonic_ms(), keeper = pv_count_get(&d->stats->keeper.beat_ms);

	if (now > keeper + BEAT_MS)
		return false;
	for (size_t i = 0; i < d->stats->loops; i++)
		if (now > pv_count_get(&d->stats->loop[i].beat_ms) + BEAT_MS)
			return false;
	return true;
}

static void
say_ended(struct daemon *d)
{
	char why[64];

	for (size_t i = 0; i < CHILDREN; i++) {
		if (!d->child[i].ended)
			continue;
		if (WIFSIGNALED(d->child[i].status))
			snprintf(why, sizeof(why), "signal %d (%s)", WTERMSIG(d->child[i].status),
			    strsignal(WTERMSIG(d->child[i].status)));
		else
			snprintf(why, sizeof(why), "exit %d", WEXITSTATUS(d->child[i].status));
		pv_log(&d->log, PV_LOG_ERROR, "a process of the daemon ended, so the daemon stops",
		    "process", d->child[i].name, "by", why, NULL);
	}
}

/* Waits for one to end, at most so long; then it is killed. */
static bool
wait_ended(struct daemon *d, size_t which, uint64_t ms)
{
	struct child *c = &d->child[which];
	uint64_t until = pv_monotonic_ms() + ms;

	while (c->pid > 0 && !c->ended && pv_monotonic_ms() < until) {
		reap(d);
		if (!c->ended)
			usleep(5000);
	}
	if (c->pid <= 0 || c->ended)
		return true;
	kill(c->pid, SIGKILL);
	waitpid(c->pid, &c->status, 0);
	c->ended = true;
	return false;
}

/* The front first, so that what is in flight still finds its keeper. */
static void
stop_all(struct daemon *d)
{
	for (size_t n = CHILDREN; n-- > 0;) {
		if (d->child[n].pid <= 0)
			continue;
		close(d->child[n].control);
		if (!wait_ended(d, n, PV_DRAIN_MS + 5000))
			pv_log(&d->log, PV_LOG_WARNING,
			    "a process did not end in time and was killed", "process",
			    d->child[n].name, NULL);
	}
}

static int
next_signal(struct daemon *d, int wait_ms)
{
	struct pollfd p = { .fd = d->signals, .events = POLLIN };
	struct signalfd_siginfo info;

	if (poll(&p, 1, wait_ms) <= 0 ||
	    read(d->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

static int
serve(struct daemon *d)
{
	uint64_t watchdog = pv_notify_watchdog_ms();

	for (;;) {
		int sig = next_signal(d, watchdog != 0 && watchdog < 1000 ? (int)watchdog : 1000);

		if (sig == SIGCHLD && reap(d)) {
			say_ended(d);
			stop_all(d);
			return EXIT_BUG;
		}
		if (sig == SIGHUP)
			reload(d);
		if (sig == SIGTERM || sig == SIGINT)
			break;
		if (watchdog != 0 && alive(d))
			pv_notify("WATCHDOG=1");
	}
	pv_notify("STOPPING=1");
	pv_log(&d->log, PV_LOG_NOTICE, "stopping", NULL);
	stop_all(d);
	pv_log(&d->log, PV_LOG_NOTICE, "stopped", NULL);
	return EXIT_GOOD;
}

static int
exit_of(enum pv_code code)
{
	return code == PV_E_DOWN ? EXIT_DOWN : code == PV_E_BUG ? EXIT_BUG : EXIT_CONFIG;
}

static int
run(struct daemon *d)
{
	PV_AUTO(pv_buf_free) struct pv_buf text = { 0 };
	struct pv_err e = { 0 };
	struct pv_status st;
	sigset_t all;

	d->log = (struct pv_logger){ .who = "provisod",
		.json = d->given.log_form != NULL && strcmp(d->given.log_form, "json") == 0,
		.priority = getenv("JOURNAL_STREAM") != NULL,
		.level = PV_LOG_INFO };
	d->given.default_home = default_home(d);
	st = read_settings(d, &d->at_start, &text, &e);
	if (pv_ok(st)) {
		d->now = d->at_start;
		d->config = d->at_start->config;
		pv_settings_log(d->now, &d->given, &d->log);
	}
	if (pv_ok(st) && d->check)
		st = check_rest(d, &e);
	if (!pv_ok(st)) {
		pv_log_err(&d->log, PV_LOG_ERROR, "wrong setting", &e);
		return exit_of(e.code);
	}
	if (d->check) {
		puts("The settings are good.");
		return EXIT_GOOD;
	}
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	sigaddset(&all, SIGHUP);
	sigaddset(&all, SIGTERM);
	sigaddset(&all, SIGINT);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	d->signals = signalfd(-1, &all, SFD_CLOEXEC);
	if (!pv_ok(start(d, &e))) {
		pv_log_err(&d->log, PV_LOG_ERROR, "not started", &e);
		stop_all(d);
		return exit_of(e.code);
	}
	say_ready(d);
	say_where(d);
	return serve(d);
}

int
main(int argc, char **argv)
{
	struct daemon d = { .env = pv_env_system(),
		.a = pv_arena_new(),
		.child = { [KEEPER] = { .name = "keeper" }, [FRONT] = { .name = "front" } } };
	int status;

	umask(077);
	status = read_arguments(&d, argc, argv);
	if (status < 0 && d.reference) {
		print_reference();
		status = EXIT_GOOD;
	}
	if (status < 0)
		status = run(&d);
	if (d.now != d.at_start)
		pv_settings_give(d.now);
	pv_settings_give(d.at_start);
	PV_VEC_FREE(&d.listen);
	pv_free(d.listeners);
	pv_arena_free(d.a);
	return status;
}
