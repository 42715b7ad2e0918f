/* What was written gets onto the disk: fsync in a thread, as it can take seconds, behind a job that
 * is waited for like any other. */
#ifndef HG_SYNC_H
#define HG_SYNC_H

#include <stdbool.h>

#include "operation.h"
#include "pollset.h"

typedef struct hg_sync hg_sync;

typedef struct hg_syncs {
    hg_sync *first;
    hg_pollset *pollset;
} hg_syncs;

/* Begins for a job that has been made for it. Takes `fd`, whatever comes of it. Where the system
 * has no thread to give it is done here and now, and the job is done. False: memory is out. */
bool hg_syncs_begin(hg_syncs *all, hg_job *j, int fd, const char *name);

/* Finishes the job whose thread has told its end on `fd`, and returns it: the caller parts with it,
 * and with the reference that it gets. NULL: the descriptor is none of ours, or nobody waits for
 * the job any more; *heard tells which. */
hg_job *hg_syncs_heard(hg_syncs *all, int fd, bool *heard);

/* Waits for the threads. */
void hg_syncs_close(hg_syncs *all);
/* In a forked child: its threads do not exist here. */
void hg_syncs_forked(hg_syncs *all);

#endif
