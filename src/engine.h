/* All jobs over one CURLM: the live list, the finished list, timers, and the order of closing.
 * Knows no Lua, never calls back into the host, never blocks but in hg_engine_wait. */
#ifndef HG_ENGINE_H
#define HG_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "operation.h"

/* Calls curl_global_init once per process. NULL with `message` filled when something is missing. */
hg_engine *hg_engine_new(char message[HG_MESSAGE]);

/* Ends all live jobs (HG_FAIL_CLOSED), then frees handles, connections and descriptors. In a forked
 * child only the child's copies of the descriptors are closed. The engine can be asked afterwards,
 * but takes no jobs. */
void hg_engine_close(hg_engine *e);

hg_engine *hg_engine_ref(hg_engine *e);
/* The last reference closes the engine and frees it. */
void hg_engine_unref(hg_engine *e);

/* True when jobs can be made: not closed, and the process did not fork since. This and what only
 * asks take NULL for a closed engine: a finalizer may use a Lua object that was collected before.
 */
bool hg_engine_usable(hg_engine *e);

/* Starts an exchange; returns a job the caller owns a reference of. Never blocks. NULL with
 * `message`. */
hg_job *hg_engine_create(hg_engine *e, const hg_request *r, char message[HG_MESSAGE]);
/* A job that is done in `seconds`. */
hg_job *hg_engine_after(hg_engine *e, double seconds, long group, char message[HG_MESSAGE]);

/* Progresses what is ready, for at most `budget` seconds (less than 0: until nothing is ready).
 * Returns how many jobs were finished by it. Costs one system call when nothing is ready. */
int hg_engine_poll(hg_engine *e, double budget);

/* Blocks until a job is finished, a signal comes, or `seconds` are over (less than 0: for ever).
 * False: the time was over, or there is no live job to wait for. */
bool hg_engine_wait(hg_engine *e, double seconds);

/* A job that is done as soon as there is news of `j`: the head of the answer, bytes of a stream,
 * its end. Whoever asks again before gets the same one. */
hg_job *hg_engine_news(hg_engine *e, hg_job *j, char message[HG_MESSAGE]);
/* A job that is done when all that was written to `fd`, which it takes, is on the disk. */
hg_job *hg_engine_sync(hg_engine *e, int fd, const char *name, long group,
                       char message[HG_MESSAGE]);
/* What a call of hg_job_accept or hg_job_taken has left to do. */
void hg_engine_go_on(hg_engine *e);

void hg_engine_cancel(hg_engine *e, hg_job *j);
/* Ends all live jobs of a group (HG_FAIL_CLOSED). Costs a look at each live job. */
void hg_engine_close_group(hg_engine *e, long group, const char *why);

int hg_engine_live(const hg_engine *e);
/* Seconds until hg_engine_poll has work even if the descriptor stays silent; negative: none. */
double hg_engine_timeout(hg_engine *e);
/* The descriptor to watch for readability, or -1. */
int hg_engine_fd(hg_engine *e);

/* The next finished job among those that were watched, by id; 0: none. */
uint64_t hg_engine_finished(hg_engine *e);

/* How many connections may be open at once, in all; also how many are kept idle. */
void hg_engine_limit(hg_engine *e, long connections);

#endif
