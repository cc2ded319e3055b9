/* SPDX-License-Identifier: Apache-2.0 */
/* The few members that are kept as JSON: areas (GeoJSON, the only place for fractions), maps, things seized. */
#ifndef PV_WIRE_JSON_SHAPE_H
#define PV_WIRE_JSON_SHAPE_H

#include "base/buf.h"
#include "codec/json.h"
#include "wire/table.h"

/* e->line and col are set when something inside is wrong. */
PV_RESULT pv_json_shape_check(
    enum pv_shape shape, const struct pv_json *doc, uint32_t node, struct pv_err *e);
/* The JSON Schema of the shape. */
const char *pv_json_shape_schema(enum pv_shape shape);

#endif
