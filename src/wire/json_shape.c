/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 7946 for areas: a Polygon or a MultiPolygon, rings closed, longitude before latitude. */
#include "wire/json_shape.h"

#include <float.h>
#include <math.h>

static struct pv_status
wrong(const struct pv_json *doc, uint32_t node, struct pv_err *e, const char *what)
{
	struct pv_status st = PV_FAIL(e, PV_E_INPUT, "%s", what);

	pv_json_place(doc, pv_json_at(doc, node)->from, &e->line, &e->col);
	return st;
}

/* ---- areas ---- */

static bool
is_number(const struct pv_json_node *node, double bound)
{
	return (node->type == PV_JSON_INT || node->type == PV_JSON_REAL) &&
	       fabs(node->real) <= bound;
}

static PV_RESULT
check_position(const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	const struct pv_json_node *p = pv_json_at(doc, node);

	if (p->type != PV_JSON_ARRAY || p->count != 2 ||
	    !is_number(pv_json_at(doc, p->first), 180) ||
	    !is_number(pv_json_at(doc, pv_json_at(doc, p->first)->next), 90))
		return wrong(doc, node, e, "a position is wanted: [longitude, latitude]");
	return PV_DONE;
}

static bool
same_number(const struct pv_json *doc, uint32_t a, uint32_t b)
{
	return fabs(pv_json_at(doc, a)->real - pv_json_at(doc, b)->real) < DBL_EPSILON;
}

static PV_RESULT
check_ring(const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	const struct pv_json_node *ring = pv_json_at(doc, node);
	uint32_t last = PV_JSON_NONE, a, b;

	if (ring->type != PV_JSON_ARRAY || ring->count < 4)
		return wrong(doc, node, e, "a ring of at least four positions is wanted");
	for (uint32_t k = ring->first; k != PV_JSON_NONE; k = pv_json_at(doc, k)->next) {
		PV_TRY(check_position(doc, k, e));
		last = k;
	}
	a = pv_json_at(doc, ring->first)->first;
	b = pv_json_at(doc, last)->first;
	if (!same_number(doc, a, b) ||
	    !same_number(doc, pv_json_at(doc, a)->next, pv_json_at(doc, b)->next))
		return wrong(
		    doc, last, e, "the ring is not closed: its last position is not its first");
	return PV_DONE;
}

/* depth 1: the rings of a polygon; 2: polygons. */
static PV_RESULT
check_rings(const struct pv_json *doc, uint32_t node, unsigned depth, struct pv_err *e)
{
	const struct pv_json_node *list = pv_json_at(doc, node);

	if (list->type != PV_JSON_ARRAY || list->count == 0)
		return wrong(doc, node, e, "a list of rings is wanted");
	for (uint32_t k = list->first; k != PV_JSON_NONE; k = pv_json_at(doc, k)->next)
		PV_TRY(depth > 1 ? check_rings(doc, k, depth - 1, e) : check_ring(doc, k, e));
	return PV_DONE;
}

static PV_RESULT
check_area(const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	const struct pv_json_node *area = pv_json_at(doc, node);
	uint32_t type, coordinates;
	bool polygon, several;

	if (area->type != PV_JSON_OBJECT)
		return wrong(doc, node, e, "a GeoJSON geometry (an object) is wanted");
	type = pv_json_member(doc, node, PV_SLICE("type"));
	coordinates = pv_json_member(doc, node, PV_SLICE("coordinates"));
	if (type == PV_JSON_NONE || coordinates == PV_JSON_NONE || area->count != 2)
		return wrong(doc, node, e,
		    "a GeoJSON geometry has the members type and coordinates, and here no others");
	polygon = pv_slice_is(pv_json_at(doc, type)->text, "Polygon");
	several = pv_slice_is(pv_json_at(doc, type)->text, "MultiPolygon");
	if (!polygon && !several)
		return wrong(doc, type, e, "the type of an area is Polygon or MultiPolygon");
	return check_rings(doc, coordinates, several ? 2 : 1, e);
}

/* ---- maps and things ---- */

static PV_RESULT
check_texts(const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	const struct pv_json_node *list = pv_json_at(doc, node);

	if (list->type == PV_JSON_STRING)
		return PV_DONE;
	if (list->type != PV_JSON_ARRAY)
		return wrong(doc, node, e, "a text or a list of texts is wanted");
	for (uint32_t k = list->first; k != PV_JSON_NONE; k = pv_json_at(doc, k)->next)
		if (pv_json_at(doc, k)->type != PV_JSON_STRING)
			return wrong(doc, k, e, "a text or a list of texts is wanted");
	return PV_DONE;
}

static PV_RESULT
check_maps(const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	if (pv_json_at(doc, node)->type != PV_JSON_OBJECT)
		return wrong(doc, node, e, "an object is wanted, such as {\"cise\": \"SAR\"}");
	for (uint32_t k = pv_json_at(doc, node)->first; k != PV_JSON_NONE;
	     k = pv_json_at(doc, k)->next)
		PV_TRY(pv_within(check_texts(doc, k, e), e, "%.*s",
		    PV_FMT(pv_slice_sub(pv_json_at(doc, k)->name, 0, 60))));
	return PV_DONE;
}

static PV_RESULT
check_thing(const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	const struct pv_json_node *thing = pv_json_at(doc, node);

	if (thing->type == PV_JSON_STRING)
		return PV_DONE;
	if (thing->type != PV_JSON_OBJECT)
		return wrong(doc, node, e,
		    "a text is wanted, or an object such as {\"what\": \"cocaine\", \"kg\": 800}");
	for (uint32_t k = thing->first; k != PV_JSON_NONE; k = pv_json_at(doc, k)->next)
		if (pv_json_at(doc, k)->type != PV_JSON_STRING &&
		    pv_json_at(doc, k)->type != PV_JSON_INT)
			return wrong(doc, k, e, "a text or a whole number is wanted");
	return PV_DONE;
}

static PV_RESULT
check_seized(const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	size_t n = 0;

	if (pv_json_at(doc, node)->type != PV_JSON_ARRAY)
		return wrong(doc, node, e, "a list of things is wanted");
	for (uint32_t k = pv_json_at(doc, node)->first; k != PV_JSON_NONE;
	     k = pv_json_at(doc, k)->next, n++)
		PV_TRY(pv_within(check_thing(doc, k, e), e, "[%zu]", n));
	return PV_DONE;
}

struct pv_status
pv_json_shape_check(enum pv_shape shape, const struct pv_json *doc, uint32_t node, struct pv_err *e)
{
	if (shape == PV_S_AREA)
		return check_area(doc, node, e);
	if (shape == PV_S_MAPS)
		return check_maps(doc, node, e);
	return check_seized(doc, node, e);
}

#define POSITION                                                                             \
	"{\"maxItems\":2,\"minItems\":2,\"prefixItems\":[{\"maximum\":180,\"minimum\":-180," \
	"\"type\":\"number\"},"                                                              \
	"{\"maximum\":90,\"minimum\":-90,\"type\":\"number\"}],\"type\":\"array\"}"
#define RING  "{\"items\":" POSITION ",\"minItems\":4,\"type\":\"array\"}"
#define RINGS "{\"items\":" RING ",\"minItems\":1,\"type\":\"array\"}"
#define GEOMETRY(type, coordinates)                                                    \
	"{\"additionalProperties\":false,\"properties\":{\"coordinates\":" coordinates \
	",\"type\":{\"const\":\"" type                                                 \
	"\"}},\"required\":[\"type\",\"coordinates\"],\"type\":\"object\"}"

const char *
pv_json_shape_schema(enum pv_shape shape)
{
	if (shape == PV_S_AREA)
		return "{\"oneOf\":[" GEOMETRY("Polygon", RINGS) "," GEOMETRY(
		    "MultiPolygon", "{\"items\":" RINGS ",\"minItems\":1,\"type\":\"array\"}") "]}";
	if (shape == PV_S_MAPS)
		return "{\"additionalProperties\":{\"oneOf\":[{\"type\":\"string\"},{\"items\":{"
		       "\"type\":\"string\"},\"type\":\"array\"}]},"
		       "\"type\":\"object\"}";
	return "{\"items\":{\"oneOf\":[{\"type\":\"string\"},{\"additionalProperties\":{\"type\":["
	       "\"string\",\"integer\"]},"
	       "\"type\":\"object\"}]},\"type\":\"array\"}";
}
