/* Operations in the order of their coming. */
#include "queue.h"

#include "operation.h"

void hg_queue_add(hg_queue *q, hg_op *op) {
    op->queue = q;
    op->before = q->last;
    op->behind = NULL;
    if (q->last)
        q->last->behind = op;
    else
        q->first = op;
    q->last = op;
    q->len++;
}

void hg_queue_leave(hg_op *op) {
    hg_queue *q = op->queue;
    if (!q)
        return;
    if (op->before)
        op->before->behind = op->behind;
    else
        q->first = op->behind;
    if (op->behind)
        op->behind->before = op->before;
    else
        q->last = op->before;
    op->before = op->behind = NULL;
    op->queue = NULL;
    q->len--;
}

void hg_queue_append(hg_queue *to, hg_queue *from) {
    while (from->first) {
        hg_op *op = from->first;
        hg_queue_leave(op);
        hg_queue_add(to, op);
    }
}
