/* A thread that does one blocking thing for an engine, and a pipe that makes the engine's pollset
 * ready when it is done.
 *
 * The end of the process waits for its end. So does a fork, unless the thread uses no library with
 * locks: the child would inherit the locks, and no thread to unlock them. (A fork only with glibc.)
 */
#ifndef HG_WORKER_H
#define HG_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "pollset.h"

typedef struct hg_worker {
    void (*run)(void *argument);
    void *argument;
    bool no_locks; /* it uses none of a library: a fork need not wait for it */
    pthread_t thread;
    bool joined;
    int read_end, write_end;
    hg_pollset *pollset;
    struct hg_worker *next; /* of all that have not been waited for */
} hg_worker;

/* False: the system has no pipe or no thread to give; nothing has begun then. `run`, `argument` and
 * `no_locks` are set by the caller. */
bool hg_worker_start(hg_worker *w, hg_pollset *pollset);
/* Whether this one's pipe is ready: then it is done, and must be ended. */
bool hg_worker_is(const hg_worker *w, int fd);
/* Waits for it, and closes the pipe. Not in a forked child. */
void hg_worker_end(hg_worker *w);
/* In a forked child, where its thread does not exist: closes what the pollset does not. May be
 * called again. */
void hg_worker_in_child(hg_worker *w);

#endif
