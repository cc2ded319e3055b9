/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/html.h"

#include "codec/base64.h"
#include "crypto/hash.h"

/* Contrast of all pairs is at least 4.5 (UX 3). Two hues, and a word beside each. */
static const char style[] =
    ":root{color-scheme:light "
    "dark;--ink:#14181d;--soft:#4d5762;--page:#fff;--panel:#f2f4f7;--line:#c3c9d1;--stop:#8a1c1c;"
    "--link:#0b4a8f}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8ecf0;--soft:#a9b4bf;--page:#0e1318;--panel:#"
    "182028;--line:#3a4652;"
    "--stop:#ff9d94;--link:#8ec5ff}}"
    "body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}"
    "main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem 3rem}"
    "h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1rem}h2{font-size:1.1rem;margin:2rem 0 "
    ".5rem}"
    "a{color:var(--link)}nav a,nav strong{margin-right:1rem}"
    "article{background:var(--panel);border:1px solid var(--line);border-left:.35rem solid "
    "var(--soft);padding:.75rem 1rem;"
    "margin:1rem 0}article h2{margin-top:.25rem}article.stands{border-left-color:var(--stop)}"
    "blockquote{margin:.5rem 0;padding-left:.75rem;border-left:2px solid var(--line)}"
    ".state{font-weight:700}.soft{color:var(--soft)}.warn{color:var(--stop);font-weight:700}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem "
    "0;vertical-align:top;"
    "border-bottom:1px solid var(--line)}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem "
    "0}dt{color:var(--soft)}dd{margin:0;"
    "overflow-wrap:anywhere}@media(max-width:30rem){dl{display:block}dd{margin:0 0 .4rem 1rem}}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}"
    "pre{background:var(--panel);border:1px solid "
    "var(--line);padding:.6rem;overflow-x:auto;white-space:pre-wrap}";

void
pv_html_text(struct pv_buf *out, struct pv_slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '<')
			pv_buf_add_str(out, "&lt;");
		else if (c == '>')
			pv_buf_add_str(out, "&gt;");
		else if (c == '&')
			pv_buf_add_str(out, "&amp;");
		else if (c == '"')
			pv_buf_add_str(out, "&quot;");
		else if (c == '\'')
			pv_buf_add_str(out, "&#39;");
		else if (c == 0x7f || (c < 0x20 && c != '\n' && c != '\t'))
			pv_buf_add_str(out, "&#xfffd;");
		else
			pv_buf_add_c(out, (char)c);
	}
}

void
pv_html_text_s(struct pv_buf *out, const char *text)
{
	pv_html_text(out, pv_slice_of(text));
}

void
pv_html_begin(struct pv_buf *out, const char *lang, struct pv_slice title)
{
	pv_buf_addf(out, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">", lang);
	pv_buf_add_str(out, "<meta name=\"viewport\" content=\"width=device-width\"><title>");
	pv_html_text(out, title);
	pv_buf_addf(out, "</title><style>%s</style></head><body><main>\n", style);
}

void
pv_html_end(struct pv_buf *out)
{
	pv_buf_add_str(out, "</main></body></html>\n");
}

void
pv_html_reply(struct pv_hit *h, struct pv_slice page)
{
	PV_AUTO(pv_buf_free) struct pv_buf policy = { 0 };
	uint8_t digest[PV_HASH];

	pv_hash(pv_slice_mem(style, sizeof(style) - 1), digest);
	pv_buf_add_str(&policy, "default-src 'none'; base-uri 'none'; form-action 'none'; "
				"frame-ancestors 'none'; style-src 'sha256-");
	pv_base64_write(&policy, pv_slice_mem(digest, sizeof(digest)), PV_BASE64);
	pv_buf_add_str(&policy, "'");
	pv_x_header(h->x, "Content-Security-Policy", pv_buf_slice(&policy));
	pv_x_header(h->x, "X-Content-Type-Options", PV_SLICE("nosniff"));
	pv_x_header(h->x, "Referrer-Policy", PV_SLICE("no-referrer"));
	pv_edge_text(h, 200, "text/html; charset=utf-8", page);
}
