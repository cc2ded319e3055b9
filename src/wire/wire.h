/* SPDX-License-Identifier: Apache-2.0 */
/* The door of wire/: documents <-> core types. */
#ifndef PV_WIRE_WIRE_H
#define PV_WIRE_WIRE_H

#include "wire/area.h"
#include "wire/describe.h"
#include "wire/exchange.h"
#include "wire/file.h"
#include "wire/record.h"
#include "wire/request.h"
#include "wire/signed.h"

#endif
