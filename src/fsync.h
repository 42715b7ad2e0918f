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

/* Finishes the operation whose thread has told its end on `fd`, and returns it: the caller parts
 * with it, and with the reference that it gets. NULL: the descriptor is none of ours, or nobody
 * waits for the operation any more; *heard tells which. */
hg_op *hg_fsyncs_heard(hg_fsyncs *all, int fd, bool *heard);

/* Waits for the threads. */
void hg_fsyncs_close(hg_fsyncs *all);
/* In a forked child: its threads do not exist here. */
void hg_fsyncs_forked(hg_fsyncs *all);

#endif
