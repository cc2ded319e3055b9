/* SPDX-License-Identifier: Apache-2.0 */
/* The questions and answers of the family "report" (call_report.c) that desk.h has no struct for. Inside of the desk. */
#ifndef PV_DESK_CALL_REPORT_H
#define PV_DESK_CALL_REPORT_H

#include "desk/layouts.h"
#include "desk/service.h"

/* reports.list */
struct pv_reports_ask {
	struct pv_slice id; /* empty: all */
	struct pv_page page;
};
struct pv_reports_answer {
	const struct pv_report_row *rows;
	size_t count;
	struct pv_slice next;
};
/* reports.who */
struct pv_who_ask {
	struct pv_slice id;
	uint64_t at;
	struct pv_page page;
};
struct pv_who_answer {
	const struct pv_can_open *rows;
	size_t count;
	struct pv_slice next;
};
/* reports.share: what is in an upload becomes a report */
struct pv_share_call {
	struct pv_slice upload;
	struct pv_record label;
	struct pv_slice like, name, media_type;
	bool old_form;
};
struct pv_share_called {
	struct pv_share_answer answer;
};
/* reports.content: the sealed file */
struct pv_content_ask {
	struct pv_slice id;
	uint64_t offset;
};
struct pv_content_answer {
	bool found;
	uint64_t size, offset; /* of the piece in the tail */
};
/* outcomes.due */
struct pv_due {
	struct pv_slice report, release, party, purpose;
	uint64_t opened, due;
	bool overdue;
};
struct pv_due_answer {
	const struct pv_due *rows;
	size_t count;
	struct pv_slice next;
};

/* uploads.begin, .look, .append, .drop */
struct pv_upload_call {
	struct pv_slice id, name;
	bool has_size, last;
	uint64_t size, offset;
};
struct pv_upload_answer {
	bool found;
	struct pv_upload upload;
};

/* asks.make: the request is in the tail of the answer */
struct pv_ask_call {
	struct pv_slice upload, name; /* name: what the sealed file is called in errors */
	struct pv_slice party, person, purpose, of;
};
/* asks.answer: the request is in the tail of the question, the reply in that of the answer */
struct pv_answer_call {
	struct pv_slice source; /* what it is called in errors */
};

/*
 * open.begin. Of a report here: id. Of a partner's sealed file: upload, and in the tail the partner's reply, if there is
 * one; without one the partner's gateway is asked.
 */
struct pv_open_call {
	struct pv_slice id, upload, name; /* name: what the sealed file is called in errors */
	struct pv_slice party, person, purpose, of;
	struct pv_slice grant_source;
	bool keep;
};
struct pv_open_called {
	struct pv_slice handle; /* when it was opened */
	struct pv_open_answer answer;
};
/* open.read, open.end */
struct pv_read_call {
	struct pv_slice handle;
	uint64_t offset;
	bool taken; /* end: all of it arrived where it was meant to */
};
struct pv_read_answer {
	bool going;    /* the piece is in the tail; empty at the end */
	uint64_t size; /* of all */
	struct pv_told refused;
};

#endif
