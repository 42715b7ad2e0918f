/* A heap of timer operations, the earliest on top. */
#include "timers.h"

#include <stdlib.h>
#include <string.h>

static void place(hg_timers *t, size_t at, hg_op *op) {
    t->heap[at] = op;
    op->heap_at = at;
}

static void up(hg_timers *t, size_t at, hg_op *op) {
    while (at > 0 && t->heap[(at - 1) / 2]->due > op->due) {
        place(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(t, at, op);
}

static void down(hg_timers *t, size_t at, hg_op *op) {
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= t->len)
            break;
        if (child + 1 < t->len && t->heap[child + 1]->due < t->heap[child]->due)
            child++;
        if (t->heap[child]->due >= op->due)
            break;
        place(t, at, t->heap[child]);
        at = child;
    }
    place(t, at, op);
}

bool hg_timers_add(hg_timers *t, hg_op *op) {
    if (t->len == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        hg_op **heap = realloc(t->heap, cap * sizeof *heap);
        if (!heap)
            return false;
        t->heap = heap;
        t->cap = cap;
    }
    op->timed = true;
    up(t, t->len++, op);
    return true;
}

void hg_timers_remove(hg_timers *t, hg_op *op) {
    size_t at = op->heap_at;
    hg_op *last = t->heap[--t->len];
    op->timed = false;
    if (last == op)
        return;
    if (at > 0 && t->heap[(at - 1) / 2]->due > last->due)
        up(t, at, last);
    else
        down(t, at, last);
}

int64_t hg_timers_next(const hg_timers *t) {
    return t->len ? t->heap[0]->due : HG_NEVER;
}

void hg_timers_free(hg_timers *t) {
    free(t->heap);
    memset(t, 0, sizeof *t);
}
