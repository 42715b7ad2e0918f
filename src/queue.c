/* Jobs in the order of their coming. */
#include "queue.h"

#include "operation.h"

void hg_queue_add(hg_queue *q, hg_job *j) {
    j->queue = q;
    j->before = q->last;
    j->behind = NULL;
    if (q->last)
        q->last->behind = j;
    else
        q->first = j;
    q->last = j;
    q->len++;
}

void hg_queue_leave(hg_job *j) {
    hg_queue *q = j->queue;
    if (!q)
        return;
    if (j->before)
        j->before->behind = j->behind;
    else
        q->first = j->behind;
    if (j->behind)
        j->behind->before = j->before;
    else
        q->last = j->before;
    j->before = j->behind = NULL;
    j->queue = NULL;
    q->len--;
}

void hg_queue_append(hg_queue *to, hg_queue *from) {
    while (from->first) {
        hg_job *j = from->first;
        hg_queue_leave(j);
        hg_queue_add(to, j);
    }
}
