/* What engine.c (life, submitting, cancelling) and engine_step.c (progress) share. */
#ifndef HG_ENGINE_STATE_H
#define HG_ENGINE_STATE_H

#include "engine.h"
#include "fsync.h"
#include "handle.h"
#include "queue.h"
#include "start_gate.h"
#include "timers.h"

struct hg_engine {
    int refs;
    long process; /* which made it */
    bool closed;
    bool unread; /* libcurl has more finished operations than the last step had time for */
    CURLM *multi;
    hg_pollset *pollset;
    hg_pool pool;
    int64_t curl_deadline; /* when libcurl wants to be called */
    hg_timers timers;
    hg_queue queue; /* operations to start */
    hg_gates gates;
    hg_fsyncs syncs;
    unsigned turn; /* whose event comes first when there is time for a few only */
    hg_op *live;   /* head of the list */
    int live_len;
    uint64_t last_id;
    int finished_now; /* by the running step */
    struct {
        uint64_t *ids;
        size_t from, to, cap;
    } finished;
};

/* Puts a new exchange where it waits to be started. False: memory is out. */
bool hg_engine_hold(hg_engine *e, hg_exchange *x, const char *url);
/* Memory was out within libcurl: what it has not done is tried again soon. */
void hg_engine_stumbled(hg_engine *e);
/* Takes an operation that is done from libcurl and from all lists. May free it. */
void hg_engine_part(hg_engine *e, hg_op *op);
/* So many seconds from now; not a number, or less than 0: now. */
int64_t hg_from_now(double seconds);
/* When the next step has something to do even if no event comes. */
int64_t hg_engine_deadline(const hg_engine *e);

#endif
