/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for people without script: escaped text, one style, a strict content security policy. */
#ifndef PV_GATEWAY_HTML_H
#define PV_GATEWAY_HTML_H

#include "base/buf.h"
#include "gateway/edge.h"

/* Text or a quoted attribute's value: < > & " ' are escaped, control characters become U+FFFD. */
void pv_html_text(struct pv_buf *out, struct pv_slice text);
void pv_html_text_s(struct pv_buf *out, const char *text);
/* <!doctype> to <body><main>, with the title in the page's language; light and dark, readable at 320 px. */
void pv_html_begin(struct pv_buf *out, const char *lang, struct pv_slice title);
void pv_html_end(struct pv_buf *out);
/* Answers 200 with the page; its policy allows the page's own style and nothing else. */
void pv_html_reply(struct pv_hit *h, struct pv_slice page);

#endif
