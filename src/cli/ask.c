/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX 1024

/* ---- the terminal ---- */

/* Where a person can be asked: in < 0 when nowhere. */
struct dialogue {
	int in, out;
	bool opened;
};

static struct dialogue
dialogue_begin(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty >= 0)
		return (struct dialogue){ tty, tty, true };
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return (struct dialogue){ STDIN_FILENO, STDERR_FILENO, false };
	return (struct dialogue){ -1, -1, false };
}

static void
dialogue_end(struct dialogue *d)
{
	if (d->opened)
		close(d->in);
}

static void
put(const struct dialogue *d, struct pv_slice s)
{
	while (s.n != 0) {
		ssize_t n = write(d->out, s.p, s.n);

		if (n < 0 && errno != EINTR)
			return;
		s = pv_slice_sub(s, n > 0 ? (size_t)n : 0, s.n);
	}
}

static void
say(const struct dialogue *d, const struct pv_screen *t, const char *text)
{
	PV_AUTO(pv_buf_free) struct pv_buf safe = { 0 };

	pv_safe(&safe, pv_slice_of(text), t->utf8);
	put(d, pv_buf_slice(&safe));
}

/*
 * While nothing is shown, the signals that end a process wait: they are let in only where the reader waits, so that
 * the terminal is put right first, and none is lost between the question and the answer.
 */
static volatile sig_atomic_t interrupted;

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define ENDING (sizeof(ending) / sizeof(*ending))

struct hidden {
	bool have;
	struct termios terminal;
	struct sigaction actions[ENDING];
	sigset_t mask;
};

static void
on_signal(int number)
{
	interrupted = number;
}

static void
hide(struct hidden *h, int fd)
{
	struct sigaction caught = { .sa_handler = on_signal };
	struct termios hidden;
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < ENDING; i++) {
		sigaddset(&block, ending[i]);
		sigaction(ending[i], &caught, &h->actions[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &h->mask);
	h->have = tcgetattr(fd, &h->terminal) == 0;
	if (!h->have)
		return;
	hidden = h->terminal;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL;
	tcsetattr(fd, TCSAFLUSH, &hidden);
}

/* Puts all back; a signal that came does now what it does. */
static void
show(struct hidden *h, int fd)
{
	if (h->have)
		tcsetattr(fd, TCSAFLUSH, &h->terminal);
	for (size_t i = 0; i < ENDING; i++)
		sigaction(ending[i], &h->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &h->mask, NULL);
	if (interrupted != 0)
		raise(interrupted);
}

/* Whether there is something to read; false when a signal came. */
static bool
wait_hidden(int fd, const struct hidden *h)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	while (ppoll(&wait, 1, NULL, &h->mask) < 0)
		if (errno != EINTR || interrupted != 0)
			return false;
	return true;
}

/* One line without its end, at most ANSWER_MAX bytes. Byte by byte, so that what follows stays for who reads next. */
static bool
read_line(int fd, const struct hidden *h, char *out, size_t *n)
{
	*n = 0;
	for (;;) {
		char c;
		ssize_t got;

		if (h != NULL && !wait_hidden(fd, h))
			return false;
		got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 && *n != 0;
		if (c == '\n')
			return true;
		if (*n < ANSWER_MAX)
			out[(*n)++] = c;
	}
}

/* A line that does not appear while it is typed: hidden before the question is seen, so that nothing typed at once shows. */
static struct pv_secret *
ask_hidden(const struct pv_run *r, const struct dialogue *d, const char *question)
{
	char answer[ANSWER_MAX];
	struct pv_secret *s = NULL;
	struct hidden h;
	size_t n;

	hide(&h, d->in);
	say(d, &r->term, question);
	if (read_line(d->in, &h, answer, &n) && n != 0)
		s = pv_secret_of(answer, n);
	explicit_bzero(answer, sizeof(answer));
	show(&h, d->in);
	return s;
}

/* ---- where nobody can be asked ---- */

/* "co/officer1" -> "officer1": the part of a key's name that tells officers of one home apart. */
static const char *
last_part(const char *key_name)
{
	const char *slash = strrchr(key_name, '/');

	return slash != NULL ? slash + 1 : key_name;
}

static const char *
passphrase_file(struct pv_run *r, const char *key_name)
{
	const char *folder = getenv("PROVISO_PASSPHRASES"),
		   *one = getenv("PROVISO_PASSPHRASE_FILE");

	if (pv_given(r, "passphrase-file"))
		return pv_option(r, "passphrase-file");
	if (folder != NULL && *folder != '\0')
		return pv_arena_printf(r->arena, "%s/%s", folder, last_part(key_name)).p;
	return one != NULL && *one != '\0' ? one : NULL;
}

PV_RESULT
pv_read_passphrase(const char *path, struct pv_secret **out, struct pv_err *e)
{
	char text[ANSWER_MAX];
	size_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool got;

	if (fd < 0)
		return PV_FAIL(e, PV_E_CONFIG, "the passphrase file \"%s\" cannot be read: %s",
		    path, strerror(errno));
	got = read_line(fd, NULL, text, &n);
	close(fd);
	if (got && n != 0)
		*out = pv_secret_of(text, n);
	explicit_bzero(text, sizeof(text));
	if (!got || n == 0)
		return PV_FAIL(e, PV_E_CONFIG, "the passphrase file \"%s\" is empty", path);
	return PV_DONE;
}

static PV_RESULT
nobody_to_ask(const char *key_name, struct pv_err *e)
{
	return pv_advise(
	    PV_FAIL(e, PV_E_INPUT,
		"the passphrase of %s is needed, and there is no terminal to ask at", key_name),
	    e,
	    "Give --passphrase-file FILE, or set PROVISO_PASSPHRASE_FILE, or for several keys "
	    "PROVISO_PASSPHRASES: a "
	    "folder with one file for each key, by its name.");
}

/* ---- the questions ---- */

PV_RESULT
pv_ask_passphrase(void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e)
{
	struct pv_run *r = ctx;
	const char *path = passphrase_file(r, key_name);
	struct dialogue d;

	*out = NULL;
	if (path != NULL)
		return pv_read_passphrase(path, out, e);
	d = dialogue_begin();
	if (d.in < 0)
		return nobody_to_ask(key_name, e);
	fflush(r->term.out);
	*out = ask_hidden(r, &d, pv_arena_printf(r->arena, "Passphrase of %s: ", key_name).p);
	dialogue_end(&d);
	return PV_DONE;
}

PV_RESULT
pv_ask_typed_passphrase(
    struct pv_run *r, const char *key_name, struct pv_secret **out, struct pv_err *e)
{
	PV_AUTO(pv_secret_freep) struct pv_secret *first = NULL;
	PV_AUTO(pv_secret_freep) struct pv_secret *again = NULL;
	struct dialogue d = dialogue_begin();

	*out = NULL;
	if (d.in < 0)
		return nobody_to_ask(key_name, e);
	fflush(r->term.out);
	first = ask_hidden(r, &d, pv_arena_printf(r->arena, "New passphrase for %s: ", key_name).p);
	if (first != NULL)
		again = ask_hidden(r, &d, "The same again: ");
	dialogue_end(&d);
	if (first != NULL && (again == NULL || !pv_secret_eq(first, again)))
		return PV_FAIL(e, PV_E_INPUT, "the two passphrases for %s differ", key_name);
	*out = PV_TAKE(first);
	return PV_DONE;
}

PV_RESULT
pv_ask_new_passphrase(void *ctx, const char *key_name, struct pv_secret **out, struct pv_err *e)
{
	struct pv_run *r = ctx;
	const char *path = passphrase_file(r, key_name);

	*out = NULL;
	return path != NULL ? pv_read_passphrase(path, out, e)
			    : pv_ask_typed_passphrase(r, key_name, out, e);
}

PV_RESULT
pv_ask_confirm(
    struct pv_run *r, const char *question, const char *word, bool *yes, struct pv_err *e)
{
	struct dialogue d;
	char answer[ANSWER_MAX];
	size_t n;

	*yes = false;
	if (pv_given(r, "confirm")) {
		*yes = strcmp(pv_option(r, "confirm"), word) == 0;
		return PV_DONE;
	}
	d = dialogue_begin();
	if (d.in < 0)
		return pv_advise(
		    PV_FAIL(e, PV_E_INPUT,
			"this is confirmed by typing %s, and there is no terminal", word),
		    e, "Read what stands above. Then give the same command with --confirm %s",
		    word);
	fflush(r->term.out);
	say(&d, &r->term, question);
	put(&d, PV_SLICE("\n"));
	say(&d, &r->term, "> ");
	if (read_line(d.in, NULL, answer, &n))
		*yes = pv_slice_is(pv_slice_trim((struct pv_slice){ answer, n }), word);
	dialogue_end(&d);
	return PV_DONE;
}

int
pv_ask_left(struct pv_run *r, const char *more)
{
	if (r->json)
		pv_raw(&r->term, PV_SLICE("{\"left\":true}\n"));
	else
		pv_state_line(
		    &r->term, PV_STRONG, "Left as it was", ". Nothing was signed.%s", more);
	return PV_EXIT_NO;
}
