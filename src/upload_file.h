/* A local file whose bytes are sent: opened once and then read by its descriptor alone, so that
 * what was looked at is what goes out, whatever happens to its name. Or a spool, a file without a
 * name. Knows neither Lua nor libcurl. */
#ifndef HG_SOURCE_H
#define HG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HG_SOURCE_MESSAGE = 320 };

typedef struct hg_source hg_source;

/* Opens a regular file; never waits for a FIFO or a device. NULL with `message` filled. */
hg_source *hg_source_open(const char *path, char message[HG_SOURCE_MESSAGE]);
/* An empty file in the directory for temporary ones, which vanishes with the process at the latest.
 * `name` is what messages call it. */
hg_source *hg_source_spool(const char *name, char message[HG_SOURCE_MESSAGE]);
hg_source *hg_source_ref(hg_source *s);
void hg_source_unref(hg_source *s);

/* Its size when it was opened, or what was added to a spool. */
int64_t hg_source_size(const hg_source *s);
/* Its path, or the name of a spool. */
const char *hg_source_path(const hg_source *s);
bool hg_source_is_spool(const hg_source *s);

/* Reads `len` bytes from `at`, all of them. False with `message` filled: the file became shorter or
 * cannot be read. */
bool hg_source_read(const hg_source *s, void *to, size_t len, int64_t at,
                    char message[HG_SOURCE_MESSAGE]);
/* Is it still what was opened: the same size, not written to? False with `message` filled. */
bool hg_source_check(const hg_source *s, char message[HG_SOURCE_MESSAGE]);
/* Adds to a spool. False with `message` filled: the disk is full. */
bool hg_source_append(hg_source *s, const void *data, size_t len, char message[HG_SOURCE_MESSAGE]);

#endif
