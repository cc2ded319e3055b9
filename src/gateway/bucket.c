/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/bucket.h"

#include "base/map.h"
#include "base/mem.h"

#define SETS 2048 /* of four, by the name's seeded hash */
#define WAYS 4

struct bucket {
	uint64_t hash;
	uint64_t milli; /* thousandths that are in it */
	uint64_t at_ms; /* when that was so; 0: nobody's */
};

struct pv_buckets {
	_Atomic uint64_t rate, burst;
	struct bucket at[SETS][WAYS];
};

struct pv_buckets *
pv_buckets_new(uint64_t rate, uint64_t burst)
{
	struct pv_buckets *b = PV_NEW(struct pv_buckets);

	b->rate = rate;
	b->burst = burst;
	return b;
}

void
pv_buckets_set(struct pv_buckets *b, uint64_t rate, uint64_t burst)
{
	b->rate = rate;
	b->burst = burst;
}

void
pv_buckets_free(struct pv_buckets *b)
{
	pv_free(b);
}

static struct bucket *
find(struct pv_buckets *b, uint64_t hash, uint64_t now_ms)
{
	struct bucket *set = b->at[hash % SETS], *oldest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].at_ms != 0 && set[i].hash == hash)
			return &set[i];
		if (set[i].at_ms < oldest->at_ms)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ .hash = hash, .milli = b->burst * 1000, .at_ms = now_ms };
	return oldest;
}

bool
pv_bucket_take(struct pv_buckets *b, struct pv_slice name, uint64_t now_ms, unsigned *retry_s)
{
	struct bucket *one = find(b, pv_hash64(name), now_ms + 1);
	uint64_t passed = now_ms + 1 > one->at_ms ? now_ms + 1 - one->at_ms : 0;
	uint64_t rate = b->rate, full = b->burst * 1000;

	if (passed > 3600000)
		passed = 3600000;    /* full by then, and no overflow */
	one->milli += passed * rate; /* a second's rate is a thousandth's each millisecond */
	if (one->milli > full)
		one->milli = full;
	one->at_ms = now_ms + 1;
	if (one->milli >= 1000) {
		one->milli -= 1000;
		return true;
	}
	*retry_s = rate != 0 ? (unsigned)((1000 - one->milli) / rate / 1000 + 1) : 60;
	return false;
}
