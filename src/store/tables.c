/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list of all tables: the schema, the statements and the checks of a backend
 * are made from it. A column's place is its enum in store.h. Column names are
 * ours and go into SQL as they stand. An index is paid for at each write, so
 * only what is looked up often has one.
 */
#include "store/tables.h"

/* clang-format off */
#define LOG(n)         { n, PV_COL_LOG, false }
#define TEXT(n)        { n, PV_COL_TEXT, false }
#define TEXT_INDEX(n)  { n, PV_COL_TEXT, true }
#define NUM(n)         { n, PV_COL_NUMBER, false }
#define NUM_INDEX(n)   { n, PV_COL_NUMBER, true }
#define BYTES(n)       { n, PV_COL_BYTES, false }
#define BYTES_INDEX(n) { n, PV_COL_BYTES, true }
/* clang-format on */

static const struct pv_table tables[PV_STORE_TABLES] = {
	[PV_T_ACTS] = { "acts", 2, PV_C_ACT_BODY + 1, false,
	    {
		[PV_C_ACT_ORIGIN] = LOG("origin"),
		[PV_C_ACT_INDEX] = NUM("idx"),
		[PV_C_ACT_KIND] = TEXT_INDEX("kind"),
		[PV_C_ACT_ID] = TEXT_INDEX("id"),
		[PV_C_ACT_ISSUER] = TEXT_INDEX("issuer"),
		[PV_C_ACT_SECOND] = NUM("second"),
		[PV_C_ACT_BODY] = BYTES("body"),
	    } },
	[PV_T_TEXTS] = { "texts", 2, PV_C_TEXT_BODY + 1, false,
	    {
		[PV_C_TEXT_ORIGIN] = LOG("origin"),
		[PV_C_TEXT_INDEX] = NUM("idx"),
		[PV_C_TEXT_KEY] = NUM("erase_key"),
		[PV_C_TEXT_BODY] = BYTES("body"),
	    } },
	[PV_T_REPORTS] = { "reports", 1, PV_C_REPORT_EXTRA + 1, false,
	    {
		[PV_C_REPORT_ID] = TEXT("id"),
		[PV_C_REPORT_ORIGINATOR] = TEXT_INDEX("originator"),
		[PV_C_REPORT_STATE] = TEXT_INDEX("state"),
		[PV_C_REPORT_PLACE] = TEXT("place"),
		[PV_C_REPORT_DIGEST] = BYTES_INDEX("label_digest"),
		[PV_C_REPORT_SEALED] = BYTES_INDEX("sealed_digest"),
		[PV_C_REPORT_CONTENT] = BYTES_INDEX("content_digest"),
		[PV_C_REPORT_CREATED] = NUM_INDEX("created"),
		[PV_C_REPORT_BODY] = BYTES("body"),
		[PV_C_REPORT_EXTRA] = BYTES("extra"),
	    } },
	[PV_T_RELEASES] = { "releases", 1, PV_C_RELEASE_BODY + 1, false,
	    {
		[PV_C_RELEASE_ID] = TEXT("id"),
		[PV_C_RELEASE_REPORT] = TEXT_INDEX("report"),
		[PV_C_RELEASE_PARTY] = TEXT_INDEX("party"),
		[PV_C_RELEASE_PURPOSE] = TEXT("purpose"),
		[PV_C_RELEASE_STATE] = TEXT("state"),
		[PV_C_RELEASE_PERSON] = BYTES("person"),
		[PV_C_RELEASE_SECOND] = NUM_INDEX("second"),
		[PV_C_RELEASE_JOURNAL] = LOG("journal"),
		[PV_C_RELEASE_INDEX] = NUM("idx"),
		[PV_C_RELEASE_BODY] = BYTES("body"),
	    } },
	[PV_T_OUTCOMES] = { "outcomes", 1, PV_C_OUTCOME_BODY + 1, false,
	    {
		[PV_C_OUTCOME_ID] = TEXT("id"),
		[PV_C_OUTCOME_REPORT] = TEXT_INDEX("report"),
		[PV_C_OUTCOME_RELEASE] = TEXT_INDEX("release"),
		[PV_C_OUTCOME_PARTY] = TEXT_INDEX("party"),
		[PV_C_OUTCOME_SECOND] = NUM_INDEX("second"),
		[PV_C_OUTCOME_BODY] = BYTES("body"),
	    } },
	[PV_T_INCIDENTS] = { "incidents", 1, PV_C_INCIDENT_BODY + 1, false,
	    {
		[PV_C_INCIDENT_ID] = TEXT("id"),
		[PV_C_INCIDENT_TOPIC] = TEXT_INDEX("topic"),
		[PV_C_INCIDENT_REGION] = TEXT_INDEX("region"),
		[PV_C_INCIDENT_SECOND] = NUM_INDEX("second"),
		[PV_C_INCIDENT_BODY] = BYTES("body"),
	    } },
	[PV_T_ACKS] = { "acks", 3, PV_C_ACK_BODY + 1, false,
	    {
		[PV_C_ACK_ORDER] = TEXT("order_id"),
		[PV_C_ACK_PARTY] = TEXT_INDEX("party"),
		[PV_C_ACK_STATE] = TEXT("state"),
		[PV_C_ACK_SECOND] = NUM("second"),
		[PV_C_ACK_BODY] = BYTES("body"),
	    } },
	[PV_T_ANSWERS] = { "answers", 2, PV_C_ANSWER_BODY + 1, false,
	    {
		[PV_C_ANSWER_NOTICE] = TEXT("notice"),
		[PV_C_ANSWER_PARTY] = TEXT_INDEX("party"),
		[PV_C_ANSWER_VERDICT] = TEXT("verdict"),
		[PV_C_ANSWER_SECOND] = NUM("second"),
		[PV_C_ANSWER_BODY] = BYTES("body"),
	    } },
	[PV_T_REQUESTS] = { "requests", 1, PV_C_REQUEST_BODY + 1, false,
	    {
		[PV_C_REQUEST_ID] = TEXT("id"),
		[PV_C_REQUEST_REPORT] = TEXT_INDEX("report"),
		[PV_C_REQUEST_PARTY] = TEXT_INDEX("party"),
		[PV_C_REQUEST_STATE] = TEXT_INDEX("state"),
		[PV_C_REQUEST_SECOND] = NUM("second"),
		[PV_C_REQUEST_BODY] = BYTES("body"),
	    } },
	[PV_T_NOTICES] = { "notices", 1, PV_C_NOTICE_BODY + 1, false,
	    {
		[PV_C_NOTICE_ID] = TEXT("id"),
		[PV_C_NOTICE_KIND] = TEXT("kind"),
		[PV_C_NOTICE_PARTY] = TEXT_INDEX("party"),
		[PV_C_NOTICE_ABOUT] = TEXT_INDEX("about"),
		[PV_C_NOTICE_STATE] = TEXT_INDEX("state"),
		[PV_C_NOTICE_SECOND] = NUM("second"),
		[PV_C_NOTICE_BODY] = BYTES("body"),
	    } },
	[PV_T_WITHHELD] = { "withheld", 3, PV_C_WITHHELD_BODY + 1, false,
	    {
		[PV_C_WITHHELD_ORDER] = TEXT("order_id"),
		[PV_C_WITHHELD_REPORT] = TEXT_INDEX("report"),
		[PV_C_WITHHELD_PARTY] = TEXT_INDEX("party"),
		[PV_C_WITHHELD_STATE] = TEXT_INDEX("state"),
		[PV_C_WITHHELD_SECOND] = NUM("second"),
		[PV_C_WITHHELD_BODY] = BYTES("body"),
	    } },
	[PV_T_KAS_KEYS] = { "kas_keys", 1, PV_C_KAS_KEY_BODY + 1, false,
	    {
		[PV_C_KAS_KEY_ID] = TEXT("id"),
		[PV_C_KAS_KEY_KIND] = TEXT("kind"),
		[PV_C_KAS_KEY_STATE] = TEXT_INDEX("state"),
		[PV_C_KAS_KEY_CREATED] = NUM("created"),
		[PV_C_KAS_KEY_BODY] = BYTES("body"),
	    } },
	[PV_T_DISCLOSURES] = { "disclosures", 3, PV_C_DISCLOSURE_BODY + 1, true,
	    {
		[PV_C_DISCLOSURE_LOG] = LOG("log"),
		[PV_C_DISCLOSURE_INDEX] = NUM("idx"),
		[PV_C_DISCLOSURE_FIELD] = TEXT("field"),
		[PV_C_DISCLOSURE_KEY] = NUM("erase_key"),
		[PV_C_DISCLOSURE_BODY] = BYTES("body"),
	    } },
	[PV_T_BLOBS] = { "blobs", 2, PV_C_BLOB_BODY + 1, false,
	    {
		[PV_C_BLOB_NAME] = TEXT("name"),
		[PV_C_BLOB_PART] = NUM("part"),
		[PV_C_BLOB_BODY] = BYTES("body"),
	    } },
	[PV_T_META] = { "meta", 1, PV_C_META_BODY + 1, false,
	    {
		[PV_C_META_NAME] = TEXT("name"),
		[PV_C_META_BODY] = BYTES("body"),
	    } },
	[PV_T_OBJECTS] = { "objects", 1, PV_C_OBJECT_BODY + 1, false,
	    {
		[PV_C_OBJECT_ADDED] = NUM("added"),
		[PV_C_OBJECT_STIX] = TEXT_INDEX("stix"),
		[PV_C_OBJECT_VERSION] = TEXT("version"),
		[PV_C_OBJECT_TYPE] = TEXT("type"),
		[PV_C_OBJECT_SPEC] = TEXT("spec"),
		[PV_C_OBJECT_LABEL] = NUM_INDEX("label"),
		[PV_C_OBJECT_PARTY] = TEXT("party"),
		[PV_C_OBJECT_HASH] = BYTES_INDEX("hash"),
		[PV_C_OBJECT_KEY] = NUM_INDEX("erase_key"),
		[PV_C_OBJECT_BODY] = BYTES("body"),
	    } },
	[PV_T_MEMBERS] = { "members", 2, PV_C_MEMBER_FLAGS + 1, true,
	    {
		[PV_C_MEMBER_COLLECTION] = TEXT("collection"),
		[PV_C_MEMBER_ADDED] = NUM("added"),
		[PV_C_MEMBER_STIX] = TEXT("stix"),
		[PV_C_MEMBER_VERSION] = TEXT("version"),
		[PV_C_MEMBER_TYPE] = TEXT("type"),
		[PV_C_MEMBER_SPEC] = TEXT("spec"),
		[PV_C_MEMBER_LABEL] = NUM("label"),
		[PV_C_MEMBER_FLAGS] = NUM("flags"),
	    } },
	[PV_T_LABELS] = { "labels", 1, PV_C_LABEL_BODY + 1, false,
	    {
		[PV_C_LABEL_ID] = NUM("id"),
		[PV_C_LABEL_DIGEST] = BYTES_INDEX("digest"),
		[PV_C_LABEL_BODY] = BYTES("body"),
	    } },
	[PV_T_MARKINGS] = { "markings", 1, PV_C_MARKING_BODY + 1, false,
	    {
		[PV_C_MARKING_ID] = TEXT("id"),
		[PV_C_MARKING_PARTY] = TEXT("party"),
		[PV_C_MARKING_BODY] = BYTES("body"),
	    } },
	[PV_T_COLLECTIONS] = { "collections", 1, PV_C_COLLECTION_BODY + 1, false,
	    {
		[PV_C_COLLECTION_NAME] = TEXT("name"),
		[PV_C_COLLECTION_BODY] = BYTES("body"),
	    } },
	[PV_T_GAPS] = { "gaps", 3, PV_C_GAP_ORDERS + 1, true,
	    {
		[PV_C_GAP_STREAM] = TEXT("stream"),
		[PV_C_GAP_LABEL] = NUM("label"),
		[PV_C_GAP_FROM] = NUM("from_added"),
		[PV_C_GAP_TO] = NUM("to_added"),
		[PV_C_GAP_STATE] = TEXT("state"),
		[PV_C_GAP_ORDERS] = TEXT("orders"),
	    } },
	[PV_T_OFFERS] = { "offers", 2, PV_C_OFFER_OBJECT + 1, true,
	    {
		[PV_C_OFFER_STREAM] = TEXT("stream"),
		[PV_C_OFFER_ADDED] = NUM("added"),
		[PV_C_OFFER_OBJECT] = NUM("object"),
	    } },
	[PV_T_STATUSES] = { "statuses", 1, PV_C_STATUS_BODY + 1, false,
	    {
		[PV_C_STATUS_ID] = TEXT("id"),
		[PV_C_STATUS_PARTY] = TEXT("party"),
		[PV_C_STATUS_ROOT] = TEXT("root"),
		[PV_C_STATUS_SECOND] = NUM_INDEX("second"),
		[PV_C_STATUS_BODY] = BYTES("body"),
	    } },
};

const struct pv_table *
pv_table_get(enum pv_store_table table)
{
	return (unsigned)table < PV_STORE_TABLES ? &tables[table] : NULL;
}
