/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/mem.h"
#include "codec/zip.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A file whose payload may be a hole: size bytes of 0 that take no memory. */
struct file {
	struct pv_buf bytes;
	uint64_t hole_at, hole;
	unsigned reads;
};

static struct pv_status
read_at(void *ctx, uint64_t at, char *into, size_t n, struct pv_err *e)
{
	struct file *f = ctx;

	f->reads++;
	if (at > f->bytes.n + f->hole || n > f->bytes.n + f->hole - at)
		return PV_FAIL(e, PV_E_BUG, "asked beyond the end");
	for (size_t i = 0; i < n; i++, at++) {
		if (at < f->hole_at)
			into[i] = f->bytes.p[at];
		else
			into[i] = at - f->hole_at < f->hole ? '\0' : f->bytes.p[at - f->hole];
	}
	return PV_DONE;
}

static const struct pv_zip_wanted wanted[2] = {
	{ { "0.payload", 9 }, UINT64_MAX },
	{ { "0.manifest.json", 15 }, 100 },
};

static PV_RESULT
read_file(struct file *f, struct pv_zip *zip, struct pv_err *e)
{
	return pv_zip_read(
	    zip, (struct pv_zip_file){ read_at, f, f->bytes.n + f->hole }, wanted, e);
}

static PV_RESULT
read_bytes(struct pv_slice bytes, struct pv_zip *zip, struct pv_err *e)
{
	struct file f = { 0 };
	struct pv_status st;

	pv_buf_add(&f.bytes, bytes);
	st = read_file(&f, zip, e);
	pv_buf_free(&f.bytes);
	return st;
}

/* ---- zips as others write them, made by hand ---- */

enum local_size { ACTUAL, ZERO, ELSEWHERE };

struct entry_form {
	unsigned local_flags, central_flags;
	enum local_size local_size;
	unsigned local_field; /* bytes in it: 0, 16 or 24 */
	unsigned descriptor;  /* its bytes: 0, 16 or 24 */
	bool central64;
};

struct form {
	const char *name;
	struct entry_form payload, manifest;
	bool end64, manifest_first, exact;
};

#define PLAIN_ENTRY                       \
	{                                 \
		0, 0, ACTUAL, 0, 0, false \
	}
#define OUR_ENTRY                                       \
	{                                               \
		0x0808, 0x0808, ELSEWHERE, 16, 24, true \
	}
#define JS_ENTRY                                        \
	{                                               \
		0x0808, 0x0808, ELSEWHERE, 24, 24, true \
	}

static const struct form forms[] = {
	{ "ours", OUR_ENTRY, OUR_ENTRY, .end64 = true, .exact = true },
	{ "plain", PLAIN_ENTRY, PLAIN_ENTRY, .end64 = false },
	{ "of the JS SDK", JS_ENTRY, JS_ENTRY, .end64 = true },
	{ "of the Go SDK", { 8, 8, ZERO, 0, 16, false }, PLAIN_ENTRY, .end64 = false },
	{ "of the Go SDK, always ZIP64", { 8, 8, ELSEWHERE, 16, 24, true },
	    { 0, 0, ACTUAL, 0, 0, true }, .end64 = true },
	{ "of the Go SDK, ZIP64 when needed", { 8, 8, ZERO, 0, 24, true },
	    { 0, 0, ACTUAL, 0, 0, true }, .end64 = true },
	{ "of the Java SDK", { 0x0808, 0x0808, ELSEWHERE, 0, 24, true },
	    { 0, 0x0800, ACTUAL, 0, 0, false }, .end64 = true },
	{ "ZIP64 without descriptors", { 0, 0, ELSEWHERE, 16, 0, true },
	    { 0, 0, ELSEWHERE, 16, 0, true }, .end64 = true },
	{ "plain, the manifest first", PLAIN_ENTRY, PLAIN_ENTRY, .manifest_first = true },
	{ "ours, the manifest first", OUR_ENTRY, OUR_ENTRY, .end64 = true, .manifest_first = true },
};

/* Numbers of the widths that the digits say. */
static void
put(struct pv_buf *b, const char *widths, const uint64_t *numbers)
{
	for (; *widths != '\0'; widths++, numbers++)
		for (int i = 0; i < *widths - '0'; i++)
			pv_buf_add_c(b, (char)(*numbers >> (8 * i) & 0xff));
}

#define PUT(b, widths, ...) put((b), (widths), (const uint64_t[]){ __VA_ARGS__ })

struct content {
	struct pv_slice name, bytes;
	uint64_t hole, header_at;
};

static uint32_t
crc_of(const struct content *c)
{
	return c->hole != 0 ? 0x12345678 : pv_zip_crc(0, c->bytes);
}

static void
put_local(struct file *f, const struct entry_form *form, struct content *c)
{
	uint64_t size = c->hole != 0 ? c->hole : c->bytes.n;
	uint64_t local = form->local_size == ACTUAL ? size
			 : form->local_size == ZERO ? 0
						    : 0xffffffff;
	uint64_t crc = form->descriptor != 0 ? 0 : crc_of(c),
		 inner = form->descriptor != 0 ? 0 : size;

	c->header_at = f->bytes.n + f->hole;
	PUT(&f->bytes, "42222244422", 0x04034b50, 45, form->local_flags, 0, 0, 0x21, crc, local,
	    local, c->name.n, form->local_field != 0 ? form->local_field + 4 : 0);
	pv_buf_add(&f->bytes, c->name);
	if (form->local_field == 16)
		PUT(&f->bytes, "2288", 1, 16, inner, inner);
	if (form->local_field == 24)
		PUT(&f->bytes, "22888", 1, 24, inner, inner, 0);
	pv_buf_add(&f->bytes, c->bytes);
	if (c->hole != 0) {
		f->hole_at = f->bytes.n;
		f->hole = c->hole;
	}
	if (form->descriptor == 16)
		PUT(&f->bytes, "4444", 0x08074b50, crc_of(c), size, size);
	if (form->descriptor == 24)
		PUT(&f->bytes, "4488", 0x08074b50, crc_of(c), size, size);
}

static void
put_central(struct file *f, const struct entry_form *form, const struct content *c)
{
	uint64_t size = c->hole != 0 ? c->hole : c->bytes.n,
		 narrow = form->central64 ? 0xffffffff : size;

	PUT(&f->bytes, "422222244422222", 0x02014b50, 3 << 8 | 45, 45, form->central_flags, 0, 0,
	    0x21, crc_of(c), narrow, narrow, c->name.n, form->central64 ? 28 : 0, 0, 0, 0);
	PUT(&f->bytes, "44", (uint64_t)0100644 << 16, form->central64 ? 0xffffffff : c->header_at);
	pv_buf_add(&f->bytes, c->name);
	if (form->central64)
		PUT(&f->bytes, "22888", 1, 24, size, size, c->header_at);
}

/* hole: bytes of the payload, or 0 for seven letters. */
static void
make(struct file *f, const struct form *form, uint64_t hole)
{
	struct content c[2] = { { PV_SLICE("0.payload"),
				    hole != 0 ? PV_NO_SLICE : PV_SLICE("PAYLOAD"), hole, 0 },
		{ PV_SLICE("0.manifest.json"), PV_SLICE("{}"), 0, 0 } };
	const struct entry_form *e[2] = { &form->payload, &form->manifest };
	uint64_t at, size;

	*f = (struct file){ .hole_at = UINT64_MAX };
	for (int i = 0; i < 2; i++) {
		int k = form->manifest_first ? 1 - i : i;

		put_local(f, e[k], &c[k]);
	}
	at = f->bytes.n + f->hole;
	for (int i = 0; i < 2; i++) {
		int k = form->manifest_first ? 1 - i : i;

		put_central(f, e[k], &c[k]);
	}
	size = f->bytes.n + f->hole - at;
	if (form->end64) {
		PUT(&f->bytes, "48224488884", 0x06064b50, 44, 3 << 8 | 45, 45, 0, 0, 2, 2, size, at,
		    0x07064b50);
		PUT(&f->bytes, "484", 0, at + size, 1);
		PUT(&f->bytes, "42222442", 0x06054b50, 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff,
		    0);
	} else {
		PUT(&f->bytes, "42222442", 0x06054b50, 0, 0, 2, 2, size, at, 0);
	}
}

static void
accepts(void)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct pv_zip zip = { 0 };
		struct pv_err e = { 0 };
		struct pv_slice all;
		struct file f;
		bool ok;

		make(&f, &forms[i], 0);
		ok = pv_ok(read_file(&f, &zip, &e));
		all = pv_buf_slice(&f.bytes);
		tap_ok(ok && zip.entries[0].size == 7 && zip.entries[1].size == 2 &&
			   pv_slice_starts(pv_slice_sub(all, (size_t)zip.entries[0].at, all.n),
			       PV_SLICE("PAYLOAD")) &&
			   pv_slice_starts(pv_slice_sub(all, (size_t)zip.entries[1].at, all.n),
			       PV_SLICE("{}")) &&
			   zip.entries[0].crc == pv_zip_crc(0, PV_SLICE("PAYLOAD")) &&
			   zip.entries[1].crc == pv_zip_crc(0, PV_SLICE("{}")),
		    "a zip %s is read", forms[i].name);
		if (!ok)
			tap_note("%s", e.what);
		tap_ok(zip.exact == forms[i].exact, "and is%s what our writer makes",
		    forms[i].exact ? "" : " not");
		pv_buf_free(&f.bytes);
	}
}

static void
large(void)
{
	static const uint64_t sizes[] = { 0xfffffffe, 0xffffffff, 0x100000000, 0x500000000,
		UINT64_C(1) << 50 };

	for (size_t i = 0; i < COUNT(forms); i++) {
		const struct form *form = &forms[i];

		for (size_t k = 0; k < COUNT(sizes); k++) {
			struct pv_zip zip = { 0 };
			struct pv_err e = { 0 };
			struct file f;
			/* else a size or an offset has no room */
			bool fits = form->payload.central64 && form->manifest.central64 &&
				    form->payload.local_size != ACTUAL;
			bool ok;

			make(&f, form, sizes[k]);
			ok = pv_ok(read_file(&f, &zip, &e));
			if (fits)
				ok = ok && zip.entries[0].size == sizes[k] &&
				     zip.entries[1].size == 2 && zip.exact == form->exact &&
				     f.reads <= 6;
			tap_ok(ok == fits, "a zip %s %s %llu bytes", form->name,
			    fits ? "holds" : "does not hold", (unsigned long long)sizes[k]);
			pv_buf_free(&f.bytes);
		}
	}
}

/* Where things stand in the plain zip of make(). */
enum { LOCAL1 = 0, LOCAL2 = 46, CENTRAL1 = 93, CENTRAL2 = 148, END = 209, PLAIN_SIZE = 231 };
/* And in ours. */
enum {
	OUR_PAYLOAD = 59,
	OUR_DESCRIPTOR = 66,
	OUR_LOCAL2 = 90,
	OUR_DIRECTORY = 181,
	OUR_CENTRAL2 = 264,
	OUR_END64 = 353,
	OUR_LOCATOR = 409,
	OUR_END = 429,
	OUR_SIZE = 451
};

struct change {
	const char *name;
	size_t at;
	struct pv_slice bytes;
	const char *what; /* part of the message */
};

#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static const struct change plain_changes[] = {
	{ "no end record", END, BYTES("PK\x05\x07"), "no end record" },
	{ "several disks", END + 4, BYTES("\x01"), "several disks" },
	{ "three entries", END + 8, BYTES("\x03\0\x03"), "3 entries" },
	{ "one entry", END + 8, BYTES("\x01\0\x01"), "1 entries" },
	{ "another number on this disk", END + 8, BYTES("\x01"), "entries" },
	{ "a longer directory", END + 12, BYTES("\x75"), "does not end where" },
	{ "a huge directory", END + 12, BYTES("\xff\xff\xff\x7f"), "larger than two entries need" },
	{ "a directory elsewhere", END + 16, BYTES("\x5c"), "does not end where" },
	{ "a comment", END + 20, BYTES("\x01"), "a comment" },
	{ "ZIP64 said and not there", END + 16, BYTES("\xff\xff\xff\xff"), "no ZIP64 end record" },
	{ "no central header", CENTRAL1, BYTES("PK\x01\x03"), "does not have two entries" },
	{ "an encrypted entry", CENTRAL1 + 8, BYTES("\x01"), "flags 0x0001" },
	{ "a compressed entry", CENTRAL1 + 10, BYTES("\x08"), "compressed (method 8)" },
	{ "another crc", CENTRAL1 + 16, BYTES("\0"), "does not agree with the directory" },
	{ "another packed size", CENTRAL1 + 20, BYTES("\x06"), "two sizes" },
	{ "another size", CENTRAL1 + 20, BYTES("\x06\0\0\0\x06"),
	    "does not agree with the directory" },
	{ "a name longer than its directory", CENTRAL2 + 28, BYTES("\xff"),
	    "does not have two entries" },
	{ "a shorter name", CENTRAL1 + 28, BYTES("\x08"), "it holds \"0.payloa\"" },
	{ "an extra field", CENTRAL1 + 30, BYTES("\x01"), "extra fields" },
	{ "a comment of an entry", CENTRAL1 + 32, BYTES("\x01"),
	    "a comment, or is on another disk" },
	{ "an entry on another disk", CENTRAL1 + 34, BYTES("\x01"),
	    "a comment, or is on another disk" },
	{ "another name", CENTRAL1 + 46, BYTES("1"), "it holds \"1.payload\"" },
	{ "a name with an escape", CENTRAL1 + 46, BYTES("\x1b"), "it holds \"?.payload\"" },
	{ "an entry that begins later", CENTRAL1 + 42, BYTES("\x01"), "before its first entry" },
	{ "two entries in one place", CENTRAL2 + 42, BYTES("\0"), "overlap" },
	{ "a second entry within the first", CENTRAL2 + 42, BYTES("\x2d"),
	    "larger than its place" },
	{ "a second entry in the directory", CENTRAL2 + 42, BYTES("\x5d"), "stands after" },
	{ "a second entry behind all", CENTRAL2 + 42, BYTES("\xff\xff\xff\x0f"), "overlap" },
	{ "no local header", LOCAL2, BYTES("PK\x03\x05"), "no header where" },
	{ "another name in the local header", LOCAL1 + 30, BYTES("1"),
	    "another name than the directory" },
	{ "a shorter name in the local header", LOCAL1 + 26, BYTES("\x08"),
	    "another name than the directory" },
	{ "a longer name in the local header", LOCAL1 + 26, BYTES("\xff\xff"),
	    "another name than the directory" },
	{ "a compressed local header", LOCAL1 + 8, BYTES("\x08"), "compressed" },
	{ "a descriptor in the local header only", LOCAL1 + 6, BYTES("\x08"),
	    "does not agree with the directory" },
	{ "a descriptor in the directory only", CENTRAL1 + 8, BYTES("\x08"),
	    "does not agree with the directory" },
	{ "another size in the local header", LOCAL1 + 18, BYTES("\x06\0\0\0\x06"),
	    "does not agree with the directory" },
	{ "no size in the local header", LOCAL1 + 18, BYTES("\0\0\0\0\0"),
	    "does not agree with the directory" },
	{ "another crc in the local header", LOCAL2 + 14, BYTES("\0\0\0\0"),
	    "does not agree with the directory" },
	{ "a local extra field", LOCAL1 + 28, BYTES("\x04"), "does not agree with the directory" },
};

static const struct change our_changes[] = {
	{ "no ZIP64 end record", OUR_END64, BYTES("PK\x06\x07"), "no ZIP64 end record" },
	{ "a longer ZIP64 end record", OUR_END64 + 4, BYTES("\x2d"), "no ZIP64 end record" },
	{ "several disks", OUR_END64 + 16, BYTES("\x01"), "several disks" },
	{ "three entries", OUR_END64 + 24, BYTES("\x03\0\0\0\0\0\0\0\x03"), "3 entries" },
	{ "a huge directory", OUR_END64 + 40, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"),
	    "larger than two entries need" },
	{ "a directory elsewhere", OUR_END64 + 48, BYTES("\0\0\0\0\0\0\0\x80"),
	    "does not end where" },
	{ "a locator that leads elsewhere", OUR_LOCATOR + 8, BYTES("\x01"),
	    "does not lead to the record" },
	{ "no locator", OUR_LOCATOR, BYTES("\0"), "does not lead to the record" },
	{ "end records that differ", OUR_END + 8, BYTES("\x01\0"), "end records differ" },
	{ "a size of 2^64 - 1", OUR_DIRECTORY + 59,
	    BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	    "larger than its place" },
	{ "an offset of 2^64 - 1", OUR_CENTRAL2 + 81, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"),
	    "overlap" },
	{ "a second extra field", OUR_DIRECTORY + 57, BYTES("\x14"), "extra fields" },
	{ "another extra field", OUR_DIRECTORY + 55, BYTES("\x02"), "extra fields" },
	{ "another crc in the descriptor", OUR_DESCRIPTOR + 4, BYTES("\0"),
	    "descriptor of \"0.payload\" does not agree" },
	{ "another size in the descriptor", OUR_DESCRIPTOR + 8, BYTES("\x08"),
	    "descriptor of \"0.payload\" does not agree" },
	{ "another second size in the descriptor", OUR_DESCRIPTOR + 23, BYTES("\x01"),
	    "descriptor of \"0.payload\" does not agree" },
	{ "no descriptor", OUR_DESCRIPTOR, BYTES("\0"),
	    "descriptor of \"0.payload\" does not agree" },
	{ "a shorter payload, and a gap", OUR_DIRECTORY + 59, BYTES("\x06\0\0\0\0\0\0\0\x06"),
	    "not followed by its descriptor" },
	{ "another local size", 43, BYTES("\x01"), "does not agree with the directory" },
};

static void
refuse(const struct form *form, size_t size, const struct change *changes, size_t n)
{
	struct file good;

	make(&good, form, 0);
	tap_ok(
	    good.bytes.n == size, "the zip %s has the size that these tests count on", form->name);
	for (size_t i = 0; i < n; i++) {
		struct pv_zip zip = { .exact = true };
		struct pv_err e = { 0 };
		struct file f = { .hole_at = UINT64_MAX };
		bool ok;

		pv_buf_add(&f.bytes, pv_buf_slice(&good.bytes));
		memcpy(f.bytes.p + changes[i].at, changes[i].bytes.p, changes[i].bytes.n);
		ok = !pv_ok(read_file(&f, &zip, &e)) && e.code == PV_E_UNTRUSTED &&
		     strstr(e.what, changes[i].what) != NULL;
		tap_ok(ok && zip.exact, "a zip %s with %s is refused", form->name, changes[i].name);
		if (!ok)
			tap_note("got \"%s\", want \"%s\"", e.what, changes[i].what);
		pv_buf_free(&f.bytes);
	}
	pv_buf_free(&good.bytes);
}

/* Every length but the right one, and one byte more anywhere. */
static void
cut_and_grown(const struct form *form)
{
	PV_AUTO(pv_buf_free) struct pv_buf more = { 0 };
	struct pv_zip zip;
	struct pv_err e;
	struct pv_slice all;
	struct file good;
	size_t n;

	make(&good, form, 0);
	all = pv_buf_slice(&good.bytes);
	for (n = 0; n < all.n; n++)
		if (pv_ok(read_bytes(pv_slice_sub(all, 0, n), &zip, &e)))
			break;
	tap_ok(n == all.n, "a zip %s is refused when cut anywhere", form->name);
	for (n = 0; n <= all.n; n++) {
		pv_buf_clear(&more);
		pv_buf_add(&more, pv_slice_sub(all, 0, n));
		pv_buf_add_c(&more, '\0');
		pv_buf_add(&more, pv_slice_sub(all, n, all.n));
		if (pv_ok(read_bytes(pv_buf_slice(&more), &zip, &e)))
			break;
	}
	tap_ok(n == all.n + 1, "and with one byte more anywhere");
	pv_buf_free(&good.bytes);
}

/* No bit of the frame can change unseen: the zip is refused, or is not exact. */
static void
every_bit(void)
{
	struct pv_zip zip;
	struct pv_err e;
	struct file f;
	size_t i;

	make(&f, &forms[0], 0);
	for (i = 0; i < f.bytes.n * 8; i++) {
		size_t at = i / 8;

		if ((at >= OUR_PAYLOAD && at < OUR_DESCRIPTOR) ||
		    (at >= OUR_LOCAL2 + 65 && at < OUR_LOCAL2 + 67))
			continue;
		f.bytes.p[at] = (char)(f.bytes.p[at] ^ 1 << i % 8);
		if (pv_ok(read_file(&f, &zip, &e)) && zip.exact)
			break;
		f.bytes.p[at] = (char)(f.bytes.p[at] ^ 1 << i % 8);
	}
	tap_ok(i == f.bytes.n * 8, "no bit of our frame can change unseen");
	pv_buf_free(&f.bytes);
}

static void
others(void)
{
	struct form form = forms[1];
	struct pv_zip_wanted low[2] = { wanted[0], wanted[1] };
	struct pv_zip zip;
	struct pv_err e = { 0 };
	struct file f;

	make(&f, &form, 0);
	low[1].max_size = 1;
	tap_ok(!pv_ok(pv_zip_read(&zip, (struct pv_zip_file){ read_at, &f, f.bytes.n }, low, &e)) &&
		   e.code == PV_E_LIMIT,
	    "a manifest above its limit is refused: %s", e.what);
	pv_buf_free(&f.bytes);

	make(&f, &form, 0);
	f.reads = 0;
	f.hole_at = UINT64_MAX;
	tap_ok(!pv_ok(pv_zip_read(
		   &zip, (struct pv_zip_file){ read_at, &f, f.bytes.n + 1 }, wanted, &e)) &&
		   e.code == PV_E_BUG,
	    "what cannot be read fails as the file says");
	pv_buf_free(&f.bytes);
}

/* Two entries of one name: both names must be as long, so they are not the usual ones. */
static void
twice(void)
{
	static const struct pv_zip_wanted pair[2] = { { { "a", 1 }, 100 }, { { "b", 1 }, 100 } };
	PV_AUTO(pv_zip_writer_freep) struct pv_zip_writer *w = pv_zip_writer_new();
	struct pv_zip zip;
	struct pv_err e = { 0 };
	struct file f = { .hole_at = UINT64_MAX };

	for (int i = 0; i < 2; i++) {
		pv_zip_begin(w, PV_SLICE("a"), &f.bytes);
		pv_zip_end(w, &f.bytes);
	}
	pv_zip_finish(w, &f.bytes);
	tap_ok(
	    !pv_ok(pv_zip_read(&zip, (struct pv_zip_file){ read_at, &f, f.bytes.n }, pair, &e)) &&
		e.code == PV_E_UNTRUSTED && strstr(e.what, "\"a\" twice") != NULL,
	    "two entries of one name are refused: %s", e.what);
	pv_buf_free(&f.bytes);
}

/* A container as the writer makes it, in pieces. */
static void
write_whole(struct pv_buf *out, struct pv_slice payload, struct pv_slice manifest)
{
	PV_AUTO(pv_zip_writer_freep) struct pv_zip_writer *w = pv_zip_writer_new();

	pv_zip_begin(w, wanted[0].name, out);
	for (size_t at = 0; at < payload.n; at += 3) {
		pv_zip_add(w, pv_slice_sub(payload, at, at + 3));
		pv_buf_add(out, pv_slice_sub(payload, at, at + 3));
	}
	pv_zip_add(w, PV_NO_SLICE);
	pv_zip_end(w, out);
	pv_zip_begin(w, wanted[1].name, out);
	pv_zip_add(w, manifest);
	pv_buf_add(out, manifest);
	pv_zip_end(w, out);
	pv_zip_finish(w, out);
	tap_ok(pv_zip_size(w) == out->n, "the writer counts what it made");
}

static void
writes(void)
{
	struct pv_zip zip;
	struct pv_err e = { 0 };
	struct file want, f = { .hole_at = UINT64_MAX }, empty = { .hole_at = UINT64_MAX };

	make(&want, &forms[0], 0);
	write_whole(&f.bytes, PV_SLICE("PAYLOAD"), PV_SLICE("{}"));
	tap_ok(pv_slice_eq(pv_buf_slice(&want.bytes), pv_buf_slice(&f.bytes)),
	    "the writer's bytes are the ones we know");
	write_whole(&empty.bytes, PV_NO_SLICE, PV_NO_SLICE);
	tap_ok(pv_ok(read_file(&empty, &zip, &e)) && zip.exact && zip.entries[0].size == 0 &&
		   zip.entries[0].crc == 0,
	    "two empty entries are read back");
	tap_ok(pv_zip_crc(0, PV_SLICE("123456789")) == 0xcbf43926 &&
		   pv_zip_crc(pv_zip_crc(0, PV_SLICE("1234")), PV_SLICE("56789")) == 0xcbf43926,
	    "CRC-32 has its check value");
	tap_ok(pv_zip_crc(7, PV_NO_SLICE) == 7, "no bytes change no CRC");
	pv_buf_free(&want.bytes);
	pv_buf_free(&f.bytes);
	pv_buf_free(&empty.bytes);
}

/* A container for check_zip.py. */
static int
write_to(const char *path)
{
	PV_AUTO(pv_buf_free) struct pv_buf out = { 0 };
	FILE *f = fopen(path, "wb");
	bool ok;

	write_whole(&out, PV_SLICE("PAYLOAD"), PV_SLICE("{}"));
	ok = f != NULL && fwrite(out.p, 1, out.n, f) == out.n;
	return f != NULL && fclose(f) == 0 && ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc == 2)
		return write_to(argv[1]);
	accepts();
	large();
	refuse(&forms[1], PLAIN_SIZE, plain_changes, COUNT(plain_changes));
	refuse(&forms[0], OUR_SIZE, our_changes, COUNT(our_changes));
	for (size_t i = 0; i < COUNT(forms); i++)
		cut_and_grown(&forms[i]);
	every_bit();
	others();
	twice();
	writes();
	return tap_done();
}
