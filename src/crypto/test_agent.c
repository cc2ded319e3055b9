/* SPDX-License-Identifier: Apache-2.0 */
/* Against a real ssh-agent, in the foreground (-D) on a socket of our own; skipped where there is none. */
#include "crypto/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/note.h"
#include "tap.h"

static struct pv_err err;
static char folder[] = "/tmp/proviso-agent-XXXXXX";
static char path[64];

/* 0 when there is no ssh-agent */
static pid_t
start_agent(void)
{
	char name[] = "ssh-agent", d[] = "-D", a[] = "-a";
	char *argv[] = { name, d, a, path, NULL };
	posix_spawn_file_actions_t quiet;
	pid_t pid = 0;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, name, &quiet, NULL, argv, environ) != 0)
		pid = 0;
	posix_spawn_file_actions_destroy(&quiet);
	for (int i = 0; pid != 0 && i < 500 && access(path, F_OK) != 0; i++)
		usleep(10000);
	return pid;
}

static size_t
count_keys(struct pv_agent *g)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const struct pv_agent_key *keys;
	size_t n = 0;

	if (!pv_ok(pv_agent_list(g, a, &keys, &n, &err)))
		tap_note("%s", err.what);
	return n;
}

static void
test_keys(struct pv_agent *g, const struct pv_pair *pair)
{
	PV_AUTO(pv_arena_freep) struct pv_arena *a = pv_arena_new();
	const struct pv_agent_key *keys = NULL;
	size_t n = 9;
	uint8_t sig[PV_SIGN_SIG];

	tap_ok(pv_ok(pv_agent_list(g, a, &keys, &n, &err)) && n == 0, "a new agent has no keys");
	tap_ok(pv_agent_sign(g, pv_pair_pub(pair), PV_SLICE("m"), sig, &err).code == PV_E_INPUT,
	    "it does not sign with a key that it does not have");
	tap_ok(pv_ok(pv_agent_add(g, pair, PV_SLICE("co/officer1"), 60, &err)),
	    "it takes a key for a minute");
	tap_ok(pv_ok(pv_agent_list(g, a, &keys, &n, &err)) && n == 1 &&
		   pv_slice_is(keys[0].comment, "co/officer1") &&
		   memcmp(keys[0].pub, pv_pair_pub(pair), PV_SIGN_PUB) == 0,
	    "and lists it");
}

static void
test_note(struct pv_agent *g, const struct pv_pair *pair)
{
	PV_AUTO(pv_buf_free) struct pv_buf note = { 0 };
	PV_AUTO(pv_buf_free) struct pv_buf own = { 0 };
	struct pv_vkey key =
	    pv_vkey_make(PV_SLICE("co/officer1"), PV_VKEY_ED25519, pv_pair_pub(pair));
	struct pv_slice text = PV_SLICE("{\"record\":\"order\"}\n");
	uint8_t sig[PV_SIGN_SIG];

	tap_ok(pv_ok(pv_agent_sign(g, key.pub, text, sig, &err)), "it signs raw bytes");
	tap_ok(pv_ok(pv_note_begin(&note, text, &err)) &&
		   pv_ok(pv_note_add(&note, &key, pv_slice_mem(sig, sizeof(sig)), &err)) &&
		   pv_ok(pv_note_begin(&own, text, &err)) &&
		   pv_ok(pv_note_sign(&own, key.name, pair, &err)) &&
		   pv_slice_eq(pv_buf_slice(&note), pv_buf_slice(&own)),
	    "its signature stands in a note as our own would");
}

static void
test_removal(struct pv_agent *g, const struct pv_pair *pair)
{
	bool gone = false;

	tap_ok(pv_ok(pv_agent_remove(g, pv_pair_pub(pair), &err)) && count_keys(g) == 0,
	    "it forgets a key when told");
	tap_ok(pv_agent_remove(g, pv_pair_pub(pair), &err).code == PV_E_INPUT, "once");
	tap_ok(pv_ok(pv_agent_add(g, pair, PV_SLICE("short"), 1, &err)) && count_keys(g) == 1,
	    "it takes a key for a second");
	for (int i = 0; i < 100 && !gone; i++) {
		usleep(100000);
		gone = count_keys(g) == 0;
	}
	tap_ok(gone, "and forgets it by itself");
}

static void
test_with(pid_t pid)
{
	struct pv_env env = pv_env_system();
	PV_AUTO(pv_agent_closep) struct pv_agent *g = NULL;
	PV_AUTO(pv_pair_freep) struct pv_pair *pair = pv_pair_new(&env);
	uint8_t sig[PV_SIGN_SIG];

	if (!tap_ok(pv_ok(pv_agent_open(&g, path, &err)), "the agent answers")) {
		tap_note("%s", err.what);
		return;
	}
	test_keys(g, pair);
	test_note(g, pair);
	test_removal(g, pair);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	tap_ok(pv_agent_sign(g, pv_pair_pub(pair), PV_SLICE("m"), sig, &err).code == PV_E_DOWN,
	    "an agent that has gone is down");
}

int
main(void)
{
	PV_AUTO(pv_agent_closep) struct pv_agent *g = NULL;
	pid_t pid;

	if (mkdtemp(folder) == NULL) {
		tap_ok(false, "a folder for the test: %s", strerror(errno));
		return tap_done();
	}
	snprintf(path, sizeof(path), "%s/agent", folder);
	tap_ok(pv_agent_open(&g, path, &err).code == PV_E_DOWN, "no agent, no answer");
	unsetenv("SSH_AUTH_SOCK");
	tap_ok(pv_agent_open(&g, NULL, &err).code == PV_E_CONFIG,
	    "without SSH_AUTH_SOCK there is none to ask");
	pid = start_agent();
	if (pid != 0)
		test_with(pid);
	else
		tap_ok(
		    true, "a real agent signs # SKIP ssh-agent is not installed (openssh-client)");
	unlink(path);
	rmdir(folder);
	return tap_done();
}
