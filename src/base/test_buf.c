/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"
#include "base/vec.h"
#include "tap.h"

static void
adds(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	const char *before;

	tap_str(pv_buf_str(&b), "", "an empty buffer is an empty text");
	tap_ok(b.n == 0, "whose NUL does not count");
	pv_buf_add_str(&b, "one");
	pv_buf_add_c(&b, ' ');
	pv_buf_add(&b, PV_SLICE("two"));
	pv_buf_add(&b, PV_NO_SLICE);
	pv_buf_add_mem(&b, " three", 6);
	pv_buf_addf(&b, " %d%s", 4, "!");
	pv_buf_addf(&b, "%s", "");
	tap_str(pv_buf_str(&b), "one two three 4!", "pieces come one after the other");
	tap_ok(b.n == 16 && pv_slice_is(pv_buf_slice(&b), "one two three 4!"), "and are counted");
	before = b.p;
	pv_buf_clear(&b);
	tap_ok(b.n == 0 && b.p == before, "clearing keeps the memory");
	pv_buf_add_u64(&b, 0);
	pv_buf_add_c(&b, ' ');
	pv_buf_add_u64(&b, 10);
	pv_buf_add_c(&b, ' ');
	pv_buf_add_u64(&b, UINT64_MAX);
	tap_str(pv_buf_str(&b), "0 10 18446744073709551615", "numbers are decimal");
	pv_buf_free(&b);
	tap_ok(b.p == NULL && b.n == 0 && b.cap == 0, "freeing leaves an empty buffer");
}

static void
grows(void)
{
	PV_AUTO(pv_buf_free) struct pv_buf b = { 0 };
	size_t i;

	for (i = 0; i < 100000; i++)
		pv_buf_add_c(&b, (char)(i % 251));
	for (i = 0; i < 100000 && b.p[i] == (char)(i % 251); i++)
		;
	tap_ok(i == 100000 && b.n == 100000 && b.cap < 300000,
	    "100,000 bytes stay as they were while it grows");
	memset(pv_buf_room(&b, 5000), 'x', 5000);
	tap_ok(b.n == 100000, "room is not content until it is counted");
	b.n += 5000;
	tap_ok(b.p[104999] == 'x' && b.cap >= 105000, "and then is");
}

static void
wipes(void)
{
	struct pv_buf b = { 0 };

	pv_buf_add_str(&b, "secret");
	pv_buf_wipe(&b);
	tap_ok(b.p == NULL && b.n == 0, "wiping leaves an empty buffer");
	pv_buf_wipe(&b);
	tap_ok(b.p == NULL, "and may be done to one");
}

static void
vectors(void)
{
	PV_VEC(uint64_t) v = { 0 };
	size_t i;

	for (i = 0; i < 10000; i++)
		*PV_VEC_ADD(&v) = i * 3;
	for (i = 0; i < v.n && v.at[i] == i * 3; i++)
		;
	tap_ok(i == 10000 && v.cap >= 10000, "a vector holds what was added");
	PV_VEC_FREE(&v);
	tap_ok(v.at == NULL && v.n == 0 && v.cap == 0, "and nothing once freed");
}

static void
memory(void)
{
	PV_AUTO(pv_freep) char *copy = pv_strdup("text");
	char *taken = PV_TAKE(copy), *none = pv_alloc(0), *zeroed = pv_alloc_n(100, 7);
	size_t sum = 42, i;

	tap_ok(copy == NULL && strcmp(taken, "text") == 0, "what is taken has left its owner");
	for (i = 0; i < 700 && zeroed[i] == 0; i++)
		;
	tap_ok(i == 700 && none != NULL, "memory is zeroed, and none of it is still a pointer");
	tap_ok(pv_add_size(SIZE_MAX - 1, 1, &sum) && sum == SIZE_MAX, "a sum that fits is made");
	sum = 42;
	tap_ok(!pv_add_size(SIZE_MAX, 1, &sum) && sum == 42, "one that does not is refused");
	pv_free(taken);
	pv_free(none);
	pv_free(zeroed);
	pv_free(NULL);
}

int
main(void)
{
	adds();
	grows();
	wipes();
	vectors();
	memory();
	return tap_done();
}
