/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PV_STORE_FILE_H
#define PV_STORE_FILE_H

#include <stdbool.h>

/* Makes a name in a folder durable: fsync of the folder that holds path. */
bool pv_file_sync_folder(const char *path);

#endif
