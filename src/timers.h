/* A heap of timer operations and of operations that wait to be started, the earliest `due` on top.
 */
#ifndef HG_TIMERS_H
#define HG_TIMERS_H

#include "operation.h"
#include "pollset.h"

typedef struct hg_timers {
    hg_op **heap;
    size_t len, cap;
} hg_timers;

bool hg_timers_add(hg_timers *t, hg_op *op);
void hg_timers_remove(hg_timers *t, hg_op *op);
/* When the earliest is due, or HG_NEVER. */
int64_t hg_timers_next(const hg_timers *t);
void hg_timers_free(hg_timers *t);

#endif
