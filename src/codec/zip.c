/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section numbers are those of APPNOTE 6.3.10.
 *
 * The writer has one form for every size: stored, data descriptors, ZIP64 throughout. Sizes are not known
 * when a local header is written and nothing can be mended in a pipe, so they follow the bytes (4.3.9); and
 * since a descriptor's width is told by the ZIP64 field of the header before it (4.3.9.2), that must be there
 * from the start. The JS SDK writes the same for a file of 300 bytes, so each OpenTDF reader is used to it:
 * JS scans the last 1000 bytes for the directory, Go looks for the end record 22 bytes before the end and
 * goes to ZIP64 where it says 0xffffffff, Java likewise; of local headers all three use the lengths alone.
 * unzip, Python and java.util.zip.ZipFile read it too (those that read a zip front to back cannot: a stored
 * entry has no end of its own). Times are 1980-01-01 and modes 0644: a frame tells nothing but sizes.
 *
 * The reader takes what the SDKs write, which differs: Go has sizes of 0 in local headers and descriptors of
 * 32 bits, Java descriptors of 64 bits without a ZIP64 field, JS one of 24 bytes in a local header; manifests
 * in Go and Java have no descriptor; bit 11 (UTF-8) is set in one header and not in the other. What decides
 * is the directory, at the end of the file to the byte; each other statement must agree with it, or be one
 * of the placeholders that go with a descriptor.
 */
#include "codec/zip.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/mem.h"

#define NAME_MAX_BYTES 64

#define SIGN_LOCAL      0x04034b50u
#define SIGN_DESCRIPTOR 0x08074b50u
#define SIGN_CENTRAL    0x02014b50u
#define SIGN_END64      0x06064b50u
#define SIGN_LOCATOR    0x07064b50u
#define SIGN_END        0x06054b50u

#define FLAG_DESCRIPTOR 0x0008u
#define FLAG_UTF8       0x0800u
#define ZIP64_FIELD     0x0001u
#define ELSEWHERE16     0xffffu /* the value stands in a ZIP64 field (4.4.1.4) */
#define ELSEWHERE       0xffffffffu

#define LOCAL_SIZE    30
#define CENTRAL_SIZE  46
#define END64_SIZE    56
#define LOCATOR_SIZE  20
#define END_SIZE      22
#define FIELD_MAX     28 /* a ZIP64 field: id, size, three numbers */
#define LOCAL_MAX     (LOCAL_SIZE + NAME_MAX_BYTES + FIELD_MAX)
#define DIRECTORY_MAX (PV_ZIP_ENTRIES * (CENTRAL_SIZE + NAME_MAX_BYTES + FIELD_MAX))
#define TAIL_MAX      (DIRECTORY_MAX + END64_SIZE + LOCATOR_SIZE + END_SIZE)

#define VERSION       45                 /* ZIP64 (4.4.3.2) */
#define MADE_BY       (3 << 8 | VERSION) /* Unix, so that the mode below counts */
#define MODE          (0100644u << 16)
#define FIRST_OF_1980 0x0021 /* 1 January (4.4.6) */

uint32_t
pv_zip_crc(uint32_t crc, struct pv_slice bytes)
{
	return bytes.n == 0 ? crc : libdeflate_crc32(crc, bytes.p, bytes.n);
}

/* ---- writing ---- */

struct written {
	char name[NAME_MAX_BYTES];
	size_t name_size;
	uint64_t header_at, size;
	uint32_t crc;
};

struct pv_zip_writer {
	struct written entries[PV_ZIP_ENTRIES];
	size_t count;
	bool open;
	uint64_t size;
};

struct pv_zip_writer *
pv_zip_writer_new(void)
{
	return PV_NEW(struct pv_zip_writer);
}

void
pv_zip_writer_free(struct pv_zip_writer *w)
{
	pv_free(w);
}

void
pv_zip_writer_freep(struct pv_zip_writer **w)
{
	pv_zip_writer_free(*w);
	*w = NULL;
}

uint64_t
pv_zip_size(const struct pv_zip_writer *w)
{
	return w->size;
}

/* The lowest n bytes of v, lowest first (4.4.1.1). */
static void
add_number(struct pv_buf *out, uint64_t v, size_t n)
{
	for (; n > 0; n--, v >>= 8)
		pv_buf_add_c(out, (char)(v & 0xff));
}

static void
add16(struct pv_buf *out, uint32_t v)
{
	add_number(out, v, 2);
}

static void
add32(struct pv_buf *out, uint32_t v)
{
	add_number(out, v, 4);
}

static void
add64(struct pv_buf *out, uint64_t v)
{
	add_number(out, v, 8);
}

/* What local and central headers have in common: from the version needed to the sizes (4.3.7, 4.3.12). */
static void
add_common(struct pv_buf *out, const struct written *w, uint32_t crc, uint32_t field_size)
{
	add16(out, VERSION);
	add16(out, FLAG_DESCRIPTOR | FLAG_UTF8);
	add16(out, 0); /* stored */
	add16(out, 0); /* midnight */
	add16(out, FIRST_OF_1980);
	add32(out, crc);
	add32(out, ELSEWHERE);
	add32(out, ELSEWHERE);
	add16(out, (uint32_t)w->name_size);
	add16(out, field_size);
}

/* A call out of order is a mistake in the program, not in its input. */
static void
insist(bool ok)
{
	if (!ok)
		abort();
}

void
pv_zip_begin(struct pv_zip_writer *w, struct pv_slice name, struct pv_buf *frame)
{
	struct written *entry = &w->entries[w->count < PV_ZIP_ENTRIES ? w->count : 0];
	size_t before = frame->n;

	insist(
	    !w->open && w->count < PV_ZIP_ENTRIES && name.n > 0 && name.n <= sizeof(entry->name));
	w->open = true;
	w->count++;
	entry->header_at = w->size;
	entry->name_size = name.n;
	memcpy(entry->name, name.p, name.n);
	add32(frame, SIGN_LOCAL);
	add_common(frame, entry, 0, 20);
	pv_buf_add(frame, name);
	add16(frame, ZIP64_FIELD);
	add16(frame, 16);
	add64(frame, 0);
	add64(frame, 0);
	w->size += frame->n - before;
}

static struct written *
open_entry(struct pv_zip_writer *w)
{
	insist(w->open);
	return &w->entries[w->count - 1];
}

void
pv_zip_add(struct pv_zip_writer *w, struct pv_slice bytes)
{
	struct written *entry = open_entry(w);

	entry->crc = pv_zip_crc(entry->crc, bytes);
	entry->size += bytes.n;
	w->size += bytes.n;
}

void
pv_zip_end(struct pv_zip_writer *w, struct pv_buf *frame)
{
	struct written *entry = open_entry(w);
	size_t before = frame->n;

	add32(frame, SIGN_DESCRIPTOR);
	add32(frame, entry->crc);
	add64(frame, entry->size);
	add64(frame, entry->size);
	w->size += frame->n - before;
	w->open = false;
}

static void
add_central(struct pv_buf *out, const struct written *w)
{
	add32(out, SIGN_CENTRAL);
	add16(out, MADE_BY);
	add_common(out, w, w->crc, FIELD_MAX);
	add16(out, 0); /* comment */
	add16(out, 0); /* disk */
	add16(out, 0); /* internal attributes */
	add32(out, MODE);
	add32(out, ELSEWHERE);
	pv_buf_add_mem(out, w->name, w->name_size);
	add16(out, ZIP64_FIELD);
	add16(out, FIELD_MAX - 4);
	add64(out, w->size);
	add64(out, w->size);
	add64(out, w->header_at);
}

/* 4.3.14 to 4.3.16 */
static void
add_ends(struct pv_buf *out, uint64_t at, uint64_t size)
{
	add32(out, SIGN_END64);
	add64(out, END64_SIZE - 12);
	add16(out, MADE_BY);
	add16(out, VERSION);
	add32(out, 0); /* disk */
	add32(out, 0);
	add64(out, PV_ZIP_ENTRIES);
	add64(out, PV_ZIP_ENTRIES);
	add64(out, size);
	add64(out, at);
	add32(out, SIGN_LOCATOR);
	add32(out, 0); /* disk */
	add64(out, at + size);
	add32(out, 1); /* disks */
	add32(out, SIGN_END);
	add16(out, 0); /* disk */
	add16(out, 0);
	add16(out, ELSEWHERE16);
	add16(out, ELSEWHERE16);
	add32(out, ELSEWHERE);
	add32(out, ELSEWHERE);
	add16(out, 0); /* comment */
}

void
pv_zip_finish(struct pv_zip_writer *w, struct pv_buf *frame)
{
	size_t before = frame->n;

	insist(!w->open && w->count == PV_ZIP_ENTRIES);
	for (size_t i = 0; i < PV_ZIP_ENTRIES; i++)
		add_central(frame, &w->entries[i]);
	add_ends(frame, w->size, frame->n - before);
	w->size += frame->n - before;
}

/* ---- reading ---- */

/* An entry as the directory has it. */
struct listed {
	size_t wanted; /* which of the wanted */
	bool descriptor;
	uint64_t header_at, size;
	uint32_t crc;
};

struct reader {
	struct pv_zip_file file;
	const struct pv_zip_wanted *wanted;
	struct pv_zip *out;
	struct listed entries[PV_ZIP_ENTRIES]; /* first as listed, then in the order of the file */
	struct pv_buf tail;                    /* the directory and the end records, cut to them */
	uint64_t directory_at;
	struct pv_buf frame; /* all bytes but the entries' own */
	struct pv_err *e;
};

#define BROKEN(r, ...) \
	PV_FAIL((r)->e, PV_E_UNTRUSTED, "not a zip of two stored entries: " __VA_ARGS__)

/* Fields taken from the front of *s, which the caller knows to be long enough. */
static uint64_t
take(struct pv_slice *s, size_t n)
{
	uint64_t v = 0;

	for (size_t i = n; i-- > 0;)
		v = v << 8 | (unsigned char)s->p[i];
	*s = (struct pv_slice){ s->p + n, s->n - n };
	return v;
}

static uint32_t
take16(struct pv_slice *s)
{
	return (uint32_t)take(s, 2);
}

static uint32_t
take32(struct pv_slice *s)
{
	return (uint32_t)take(s, 4);
}

static uint64_t
take64(struct pv_slice *s)
{
	return take(s, 8);
}

/* Appends n bytes of the file. */
static PV_RESULT
read_into(struct reader *r, struct pv_buf *out, uint64_t at, size_t n)
{
	PV_TRY(r->file.read_at(r->file.ctx, at, pv_buf_room(out, n), n, r->e));
	out->n += n;
	return PV_DONE;
}

/* What an end record says of the directory. */
struct end {
	uint64_t count_here, count, size, at;
};

/* 4.3.16, at the end of the file */
static PV_RESULT
read_end(struct reader *r, struct end *end)
{
	struct pv_slice s = pv_slice_sub(pv_buf_slice(&r->tail), r->tail.n - END_SIZE, r->tail.n);

	if (take32(&s) != SIGN_END)
		return BROKEN(r, "no end record in its last 22 bytes");
	if (take32(&s) != 0)
		return BROKEN(r, "it is said to have several disks");
	end->count_here = take16(&s);
	end->count = take16(&s);
	end->size = take32(&s);
	end->at = take32(&s);
	if (take16(&s) != 0)
		return BROKEN(r, "it has a comment");
	return PV_DONE;
}

/* The 64-bit value, which the narrow one may be a pointer to but must not contradict. */
static bool
agrees(uint64_t narrow, uint64_t elsewhere, uint64_t wide)
{
	return narrow == elsewhere || narrow == wide;
}

/* 4.3.14 and 4.3.15, right before the end record */
static PV_RESULT
read_end64(struct reader *r, struct end *end)
{
	const size_t both = END64_SIZE + LOCATOR_SIZE;
	uint64_t begin = r->file.size - END_SIZE - both;
	struct pv_slice s;
	struct end wide;

	if (r->tail.n < both + END_SIZE)
		return BROKEN(r, "no room for a ZIP64 end record");
	s = pv_slice_sub(pv_buf_slice(&r->tail), r->tail.n - END_SIZE - both, r->tail.n);
	if (take32(&s) != SIGN_END64 || take64(&s) != END64_SIZE - 12)
		return BROKEN(r, "no ZIP64 end record of 56 bytes where it belongs");
	take32(&s); /* versions */
	if (take64(&s) != 0)
		return BROKEN(r, "it is said to have several disks");
	wide.count_here = take64(&s);
	wide.count = take64(&s);
	wide.size = take64(&s);
	wide.at = take64(&s);
	if (take32(&s) != SIGN_LOCATOR || take32(&s) != 0 || take64(&s) != begin || take32(&s) != 1)
		return BROKEN(r, "the ZIP64 locator does not lead to the record before it");
	if (!agrees(end->count_here, ELSEWHERE16, wide.count_here) ||
	    !agrees(end->count, ELSEWHERE16, wide.count) ||
	    !agrees(end->size, ELSEWHERE, wide.size) || !agrees(end->at, ELSEWHERE, wide.at))
		return BROKEN(r, "its two end records differ");
	*end = wide;
	return PV_DONE;
}

/* Reads the end of the file and leaves the directory and the end records in r->tail. */
static PV_RESULT
find_directory(struct reader *r, struct pv_slice *directory)
{
	size_t n = r->file.size < TAIL_MAX ? (size_t)r->file.size : TAIL_MAX, after = END_SIZE;
	struct end end = { 0 };

	if (n < END_SIZE)
		return BROKEN(r, "it is too short");
	PV_TRY(read_into(r, &r->tail, r->file.size - n, n));
	PV_TRY(read_end(r, &end));
	if (end.count_here == ELSEWHERE16 || end.count == ELSEWHERE16 || end.size == ELSEWHERE ||
	    end.at == ELSEWHERE) {
		PV_TRY(read_end64(r, &end));
		after += END64_SIZE + LOCATOR_SIZE;
	}
	if (end.count != PV_ZIP_ENTRIES || end.count_here != PV_ZIP_ENTRIES)
		return BROKEN(r, "it has %llu entries, not 2", (unsigned long long)end.count);
	if (end.size > n - after)
		return BROKEN(r, "its directory is larger than two entries need");
	if (end.at != r->file.size - after - end.size)
		return BROKEN(r, "its directory does not end where the end records begin");
	r->directory_at = end.at;
	memmove(r->tail.p, r->tail.p + (n - after - end.size), (size_t)end.size + after);
	r->tail.n = (size_t)end.size + after;
	*directory = pv_slice_sub(pv_buf_slice(&r->tail), 0, (size_t)end.size);
	return PV_DONE;
}

/* Which of the wanted, or PV_ZIP_ENTRIES. */
static size_t
find_wanted(const struct reader *r, struct pv_slice name)
{
	size_t i = 0;

	while (i < PV_ZIP_ENTRIES && !pv_slice_eq(r->wanted[i].name, name))
		i++;
	return i;
}

/* Fills in from a ZIP64 field what stands elsewhere (4.5.3): of exactly those numbers, and alone. */
static bool
take_elsewhere(struct pv_slice field, uint64_t *const numbers[3])
{
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		n += *numbers[i] == ELSEWHERE ? 8 : 0;
	if (n == 0)
		return field.n == 0;
	if (field.n != n + 4 || take16(&field) != ZIP64_FIELD || take16(&field) != n)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (*numbers[i] == ELSEWHERE)
			*numbers[i] = take64(&field);
	return true;
}

static PV_RESULT
check_flags(const struct reader *r, uint32_t flags, uint32_t method)
{
	if ((flags & ~(FLAG_DESCRIPTOR | FLAG_UTF8)) != 0)
		return BROKEN(r, "an entry has flags 0x%04x", flags);
	if (method != 0)
		return BROKEN(r, "an entry is compressed (method %u)", method);
	return PV_DONE;
}

/* 4.3.12: takes one entry from the front of *directory. */
static PV_RESULT
read_central(struct reader *r, struct pv_slice *directory, struct listed *l)
{
	struct pv_slice s = *directory, name, field;
	uint64_t packed, size;
	uint32_t flags, method, name_size, field_size;

	if (s.n < CENTRAL_SIZE || take32(&s) != SIGN_CENTRAL)
		return BROKEN(r, "its directory does not have two entries");
	take32(&s); /* versions */
	flags = take16(&s);
	method = take16(&s);
	PV_TRY(check_flags(r, flags, method));
	take32(&s); /* date */
	l->descriptor = (flags & FLAG_DESCRIPTOR) != 0;
	l->crc = take32(&s);
	packed = take32(&s);
	size = take32(&s);
	name_size = take16(&s);
	field_size = take16(&s);
	if (take32(&s) != 0)
		return BROKEN(r, "an entry has a comment, or is on another disk");
	take(&s, 6); /* attributes */
	l->header_at = take32(&s);
	if (s.n < (size_t)name_size + field_size)
		return BROKEN(r, "its directory does not have two entries");
	name = pv_slice_sub(s, 0, name_size);
	field = pv_slice_sub(s, name_size, (size_t)name_size + field_size);
	*directory = pv_slice_sub(s, (size_t)name_size + field_size, s.n);
	l->wanted = find_wanted(r, name);
	if (l->wanted == PV_ZIP_ENTRIES)
		return BROKEN(r, "it holds \"%.*s\"", PV_FMT(name));
	if (!take_elsewhere(field, (uint64_t *const[3]){ &size, &packed, &l->header_at }))
		return BROKEN(
		    r, "\"%.*s\" has extra fields other than the ZIP64 one it needs", PV_FMT(name));
	if (packed != size)
		return BROKEN(r, "\"%.*s\" is stored and yet has two sizes", PV_FMT(name));
	l->size = size;
	return PV_DONE;
}

static PV_RESULT
read_directory(struct reader *r, struct pv_slice directory)
{
	struct listed *l = r->entries;

	for (size_t i = 0; i < PV_ZIP_ENTRIES; i++)
		PV_TRY(read_central(r, &directory, &l[i]));
	if (directory.n != 0)
		return BROKEN(r, "something stands after the two entries of its directory");
	if (l[0].wanted == l[1].wanted)
		return BROKEN(r, "it holds \"%.*s\" twice", PV_FMT(r->wanted[l[0].wanted].name));
	if (l[0].header_at > l[1].header_at) {
		struct listed first = l[1];

		l[1] = l[0];
		l[0] = first;
	}
	if (l[0].header_at != 0)
		return BROKEN(r, "something stands before its first entry");
	for (size_t i = 0; i < PV_ZIP_ENTRIES; i++) {
		const struct pv_zip_wanted *wanted = &r->wanted[l[i].wanted];

		if (l[i].size > wanted->max_size)
			return PV_FAIL(r->e, PV_E_LIMIT, "\"%.*s\" has %llu bytes, more than %llu",
			    PV_FMT(wanted->name), (unsigned long long)l[i].size,
			    (unsigned long long)wanted->max_size);
	}
	return PV_DONE;
}

/* v is what the directory says, or with a descriptor a placeholder for it. */
static bool
stands_for(const struct listed *l, uint64_t v, uint64_t real)
{
	return v == real || (l->descriptor && v == 0);
}

/*
 * The ZIP64 field of a local header: both sizes; JS adds a third number, which is 0. Whoever puts one there
 * says 0xffffffff before it.
 */
static bool
field_agrees(const struct listed *l, struct pv_slice field)
{
	uint32_t id, n;

	if (field.n != 20 && !(field.n == FIELD_MAX && l->descriptor))
		return false;
	id = take16(&field);
	n = take16(&field);
	if (id != ZIP64_FIELD || n != field.n || !stands_for(l, take64(&field), l->size) ||
	    !stands_for(l, take64(&field), l->size))
		return false;
	return field.n == 0 || take64(&field) == 0;
}

/* The sizes of a local header and its extra fields. */
static bool
sizes_agree(const struct listed *l, uint32_t packed, uint32_t size, struct pv_slice field)
{
	if (field.n != 0)
		return packed == ELSEWHERE && size == ELSEWHERE && field_agrees(l, field);
	if (l->descriptor && packed == ELSEWHERE && size == ELSEWHERE) /* Java */
		return true;
	return packed == size && size != ELSEWHERE && stands_for(l, size, l->size);
}

/* 4.3.7: at the front of s. Says how long it is, and whether a ZIP64 field makes its descriptor wide. */
static PV_RESULT
check_local(
    const struct reader *r, const struct listed *l, struct pv_slice s, size_t *length, bool *wide)
{
	struct pv_slice name = r->wanted[l->wanted].name, field;
	uint32_t flags, method, crc, packed, size, name_size, field_size;

	if (s.n < LOCAL_SIZE || take32(&s) != SIGN_LOCAL)
		return BROKEN(r, "no header where \"%.*s\" is said to begin", PV_FMT(name));
	take16(&s); /* version */
	flags = take16(&s);
	method = take16(&s);
	PV_TRY(check_flags(r, flags, method));
	take32(&s); /* date */
	crc = take32(&s);
	packed = take32(&s);
	size = take32(&s);
	name_size = take16(&s);
	field_size = take16(&s);
	if (s.n < (size_t)name_size + field_size ||
	    !pv_slice_eq(pv_slice_sub(s, 0, name_size), name))
		return BROKEN(
		    r, "the header of \"%.*s\" has another name than the directory", PV_FMT(name));
	field = pv_slice_sub(s, name_size, (size_t)name_size + field_size);
	if (((flags & FLAG_DESCRIPTOR) != 0) != l->descriptor || !stands_for(l, crc, l->crc) ||
	    !sizes_agree(l, packed, size, field))
		return BROKEN(
		    r, "the header of \"%.*s\" does not agree with the directory", PV_FMT(name));
	*length = LOCAL_SIZE + (size_t)name_size + field_size;
	*wide = field.n != 0;
	return PV_DONE;
}

/* 4.3.9: the n bytes after an entry, nothing or its descriptor. */
static PV_RESULT
check_descriptor(struct reader *r, const struct listed *l, uint64_t at, uint64_t n, bool wide)
{
	struct pv_slice name = r->wanted[l->wanted].name, s;

	if (!l->descriptor && n != 0)
		return BROKEN(r, "something stands after \"%.*s\"", PV_FMT(name));
	if (!l->descriptor)
		return PV_DONE;
	if (n != 24 && (n != 16 || wide))
		return BROKEN(r, "\"%.*s\" is not followed by its descriptor alone", PV_FMT(name));
	PV_TRY(read_into(r, &r->frame, at, (size_t)n));
	s = pv_slice_sub(pv_buf_slice(&r->frame), r->frame.n - (size_t)n, r->frame.n);
	if (take32(&s) != SIGN_DESCRIPTOR || take32(&s) != l->crc || take(&s, s.n / 2) != l->size ||
	    take(&s, s.n) != l->size)
		return BROKEN(r, "the descriptor of \"%.*s\" does not agree with the directory",
		    PV_FMT(name));
	return PV_DONE;
}

/* The entry that fills the file up to end, the next header or the directory. */
static PV_RESULT
read_entry(struct reader *r, const struct listed *l, uint64_t end)
{
	struct pv_slice name = r->wanted[l->wanted].name;
	uint64_t room = end - l->header_at; /* end is after it: headers were put in order */
	size_t before = r->frame.n, length = 0;
	bool wide = false;

	if (end <= l->header_at || end > r->directory_at)
		return BROKEN(r, "its entries overlap");
	PV_TRY(read_into(r, &r->frame, l->header_at, room < LOCAL_MAX ? (size_t)room : LOCAL_MAX));
	PV_TRY(check_local(
	    r, l, pv_slice_sub(pv_buf_slice(&r->frame), before, r->frame.n), &length, &wide));
	r->frame.n = before + length;
	if (l->size > room - length)
		return BROKEN(r, "\"%.*s\" is larger than its place", PV_FMT(name));
	r->out->entries[l->wanted] =
	    (struct pv_zip_entry){ .at = l->header_at + length, .size = l->size, .crc = l->crc };
	return check_descriptor(
	    r, l, l->header_at + length + l->size, room - length - l->size, wide);
}

/* Whether our writer would have made the same frame. */
static bool
is_exact(const struct reader *r)
{
	PV_AUTO(pv_zip_writer_freep) struct pv_zip_writer *w = pv_zip_writer_new();
	PV_AUTO(pv_buf_free) struct pv_buf frame = { 0 };

	for (size_t i = 0; i < PV_ZIP_ENTRIES; i++) {
		const struct pv_zip_entry *entry = &r->out->entries[i];

		pv_zip_begin(w, r->wanted[i].name, &frame);
		w->entries[i].size = entry->size;
		w->entries[i].crc = entry->crc;
		w->size += entry->size;
		pv_zip_end(w, &frame);
	}
	pv_zip_finish(w, &frame);
	return pv_slice_eq(pv_buf_slice(&frame), pv_buf_slice(&r->frame));
}

static PV_RESULT
read_file(struct reader *r)
{
	struct pv_slice directory;

	PV_TRY(find_directory(r, &directory));
	PV_TRY(read_directory(r, directory));
	PV_TRY(read_entry(r, &r->entries[0], r->entries[1].header_at));
	PV_TRY(read_entry(r, &r->entries[1], r->directory_at));
	pv_buf_add(&r->frame, pv_buf_slice(&r->tail));
	r->out->exact = is_exact(r);
	return PV_DONE;
}

struct pv_status
pv_zip_read(struct pv_zip *out, struct pv_zip_file file,
    const struct pv_zip_wanted wanted[PV_ZIP_ENTRIES], struct pv_err *e)
{
	struct pv_zip zip = { 0 };
	struct reader r = { .file = file, .wanted = wanted, .out = &zip, .e = e };
	struct pv_status st;

	for (size_t i = 0; i < PV_ZIP_ENTRIES; i++)
		insist(wanted[i].name.n > 0 && wanted[i].name.n <= NAME_MAX_BYTES);
	st = read_file(&r);
	pv_buf_free(&r.tail);
	pv_buf_free(&r.frame);
	if (pv_ok(st))
		*out = zip;
	return st;
}
