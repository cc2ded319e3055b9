/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/frame.h"

#define MAGIC 0x31515650u /* "PVQ1" */

static void
put_u32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(v >> (8 * i));
}

static uint32_t
get_u32(const char *p)
{
	uint32_t v = 0;

	for (int i = 3; i >= 0; i--)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

void
pv_frame_write(const struct pv_frame *f, struct pv_buf *out)
{
	size_t all = PV_FRAME_HEAD;
	char *p;

	for (size_t i = 0; i < PV_FRAME_PARTS; i++)
		all += f->part[i].n;
	p = pv_buf_room(out, all);
	put_u32(p, MAGIC);
	put_u32(p + 4, f->kind);
	put_u32(p + 8, (uint32_t)f->id);
	put_u32(p + 12, (uint32_t)(f->id >> 32));
	put_u32(p + 16, f->call);
	put_u32(p + 20, f->flags);
	put_u32(p + 24, f->word);
	for (size_t i = 0; i < PV_FRAME_PARTS; i++)
		put_u32(p + 28 + 4 * i, (uint32_t)f->part[i].n);
	p += PV_FRAME_HEAD;
	for (size_t i = 0; i < PV_FRAME_PARTS; i++) {
		if (f->part[i].n != 0)
			memcpy(p, f->part[i].p, f->part[i].n);
		p += f->part[i].n;
	}
	out->n += all;
}

static size_t
part_max(enum pv_frame_kind kind, size_t part)
{
	switch (kind) {
	case PV_FRAME_ASK:
	case PV_FRAME_REPLY:
		return part == PV_PART_JSON    ? PV_FRAME_JSON_MAX
		       : part == PV_PART_TAIL  ? PV_FRAME_TAIL_MAX
		       : part == PV_PART_SPARE ? 0
					       : PV_FRAME_NAME_MAX;
	case PV_FRAME_CHANGED:
		return part == PV_PART_WHAT ? PV_FRAME_NAME_MAX : 0;
	case PV_FRAME_CANCEL:
	case PV_FRAME_NONE:
		return 0;
	}
	return 0;
}

enum pv_frame_got
pv_frame_read(struct pv_frame *out, struct pv_slice text, size_t *used)
{
	size_t all = PV_FRAME_HEAD, from = PV_FRAME_HEAD;
	uint32_t kind, n[PV_FRAME_PARTS];

	*used = PV_FRAME_HEAD;
	if (text.n >= 4 && get_u32(text.p) != MAGIC)
		return PV_FRAME_BAD;
	if (text.n < PV_FRAME_HEAD)
		return PV_FRAME_MORE;
	kind = get_u32(text.p + 4);
	if (kind < PV_FRAME_ASK || kind > PV_FRAME_CHANGED)
		return PV_FRAME_BAD;
	*out = (struct pv_frame){ .kind = (enum pv_frame_kind)kind };
	for (size_t i = 0; i < PV_FRAME_PARTS; i++) {
		n[i] = get_u32(text.p + 28 + 4 * i);
		if (n[i] > part_max(out->kind, i))
			return PV_FRAME_BAD;
		all += n[i]; /* six of at most 24 MiB */
	}
	*used = all;
	if (text.n < all)
		return PV_FRAME_MORE;
	out->id = get_u32(text.p + 8) | (uint64_t)get_u32(text.p + 12) << 32;
	out->call = get_u32(text.p + 16);
	out->flags = get_u32(text.p + 20);
	out->word = get_u32(text.p + 24);
	for (size_t i = 0; i < PV_FRAME_PARTS; i++) {
		out->part[i] = (struct pv_slice){ text.p + from, n[i] };
		from += n[i];
	}
	return PV_FRAME_DONE;
}
