/* What was written gets onto the disk: fsync in a thread, as it can take seconds, behind an
 * operation that is waited for like any other. */
#ifndef HG_FSYNC_H
#define HG_FSYNC_H

#include <stdbool.h>

#include "operation.h"
#include "pollset.h"

typedef struct hg_fsync hg_fsync;

typedef struct hg_fsyncs {
    hg_fsync *first;
    hg_pollset *pollset;
} hg_fsyncs;

/* Begins for an operation that has been made for it. Takes `fd`, whatever comes of it. Where the
 * system has no thread to give it is done here and now, and the operation is done. False: memory is
 * out. */
bool hg_fsyncs_begin(hg_fsyncs *all, hg_op *op, int fd, const char *name);

/* Whether the word of one of our threads has come on `fd`: then *op is its operation, finished:
 * the caller parts with it, and with the reference that it gets; or NULL when no caller waits for
 * it.
 */
bool hg_fsyncs_ready(hg_fsyncs *all, int fd, hg_op **op);

/* Waits for the threads. */
void hg_fsyncs_close(hg_fsyncs *all);
/* In a forked child: its threads do not exist here. */
void hg_fsyncs_forked(hg_fsyncs *all);

#endif
