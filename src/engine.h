/* All operations over one CURLM. Knows no Lua, never calls back into the host, never blocks but in
 * hg_engine_wait. How it works: engine.c. */
#ifndef HG_ENGINE_H
#define HG_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"

/* Calls curl_global_init once per process. NULL with `failure` filled when something is missing. */
hg_engine *hg_engine_new(hg_failure *failure);

/* Ends all live operations (HG_FAIL_CLOSED), then frees handles, connections and descriptors. In a
 * forked child only the child's copies of the descriptors are closed. The engine can be asked
 * afterwards, but takes no operations. */
void hg_engine_close(hg_engine *e);

hg_engine *hg_engine_ref(hg_engine *e);
/* The last reference closes the engine and frees it. */
void hg_engine_unref(hg_engine *e);

/* True when operations can be made: not closed, and the process did not fork since. This and what
 * only asks take NULL for a closed engine: a finalizer may use a Lua object that was collected
 * before.
 */
bool hg_engine_usable(hg_engine *e);

/* Starts an exchange; returns an operation the caller owns a reference of. Never blocks. NULL with
 * `failure`. */
hg_op *hg_engine_create(hg_engine *e, const hg_request *r, hg_failure *failure);
/* An operation that is done in `seconds`. */
hg_op *hg_engine_after(hg_engine *e, double seconds, long owner, hg_failure *failure);

/* Progresses what is ready, for at most `budget` seconds (less than 0: until nothing is ready).
 * Returns how many operations were finished by it. Costs one system call when nothing is ready. */
int hg_engine_poll(hg_engine *e, double budget);

/* Blocks until an operation is finished, a signal comes, or `seconds` are over (less than 0: for
 * ever). False: the time was over, or there is no live operation to wait for. */
bool hg_engine_wait(hg_engine *e, double seconds);

/* An operation that is done as soon as there is something new of `op`: the head of the answer,
 * bytes of a stream, its end. Another request before that gets the same one. */
hg_op *hg_engine_notification(hg_engine *e, hg_op *op, hg_failure *failure);
/* An operation that is done when all that was written to `fd`, which it takes, is on the disk. */
hg_op *hg_engine_sync(hg_engine *e, int fd, const char *name, long owner, hg_failure *failure);
/* What a call of hg_exchange_accept or hg_exchange_taken has left to do. */
void hg_engine_go_on(hg_engine *e);

void hg_engine_cancel(hg_engine *e, hg_op *op);
/* Ends all live operations of an owner (HG_FAIL_CLOSED). Visits each live operation. */
void hg_engine_close_owner(hg_engine *e, long owner, const char *why);

int hg_engine_live(const hg_engine *e);
/* Seconds until hg_engine_poll has work even if the descriptor stays silent; negative: none. */
double hg_engine_timeout(hg_engine *e);
/* The descriptor to watch for readability, or -1. */
int hg_engine_fd(hg_engine *e);

/* The next finished operation of those whose owner wants to be notified, by id; 0: none. */
uint64_t hg_engine_finished(hg_engine *e);

/* How many connections may be open at once, in all; also how many are kept idle. */
void hg_engine_limit(hg_engine *e, long connections);

#endif
