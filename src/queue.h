/* Operations in the order of their coming, each in one queue at most: those that wait to be
 * started, and downloads that wait for the next step. */
#ifndef HG_QUEUE_H
#define HG_QUEUE_H

typedef struct hg_queue {
    struct hg_op *first, *last;
    int len;
} hg_queue;

void hg_queue_add(hg_queue *q, struct hg_op *op);
/* Takes the operation out of the queue that it is in, if any. */
void hg_queue_leave(struct hg_op *op);
/* All of `from`, behind those of `to`. */
void hg_queue_append(hg_queue *to, hg_queue *from);

#endif
