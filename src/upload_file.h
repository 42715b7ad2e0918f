/* A local file whose bytes are sent: opened once and then read by its descriptor alone, so that
 * what was checked is what is sent, whatever happens to its name. Or a spool, a file without a
 * name. Knows neither Lua nor libcurl. */
#ifndef HG_UPLOAD_FILE_H
#define HG_UPLOAD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"

typedef struct hg_upload_file hg_upload_file;

/* Opens a regular file; never waits for a FIFO or a device. NULL with `failure` filled in. */
hg_upload_file *hg_upload_file_open(const char *path, hg_failure *failure);
/* An empty file in the directory for temporary ones, which vanishes with the process at the latest.
 * `name` is what messages call it. */
hg_upload_file *hg_upload_file_spool(const char *name, hg_failure *failure);
hg_upload_file *hg_upload_file_ref(hg_upload_file *s);
void hg_upload_file_unref(hg_upload_file *s);

/* Its size when it was opened, or what was added to a spool. */
int64_t hg_upload_file_size(const hg_upload_file *s);
/* Its path, or the name of a spool. */
const char *hg_upload_file_path(const hg_upload_file *s);
bool hg_upload_file_is_spool(const hg_upload_file *s);

/* Reads `len` bytes from `at`, all of them. False with `failure` filled in: the file became shorter
 * or cannot be read. */
bool hg_upload_file_read(const hg_upload_file *s, void *to, size_t len, int64_t at,
                         hg_failure *failure);
/* Whether it is still what was opened: the same size, not written to. False with `failure` filled
 * in. */
bool hg_upload_file_check(const hg_upload_file *s, hg_failure *failure);
/* Adds to a spool. False with `failure` filled in: the disk is full. */
bool hg_upload_file_append(hg_upload_file *s, const void *data, size_t len, hg_failure *failure);

#endif
