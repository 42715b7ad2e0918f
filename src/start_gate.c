/* Gates before libcurl: how many requests to one server it may have that are not sent yet. */
#include "start_gate.h"

#include <string.h>

enum { ROOM = 8 }; /* sending that many takes less than a millisecond */

void hg_gates_open(hg_gates *g, hg_queue *next) {
    for (size_t i = 0; i < sizeof g->list / sizeof g->list[0]; i++)
        g->list[i] = (hg_gate){.next = next, .room = ROOM};
    g->files = (hg_gate){.next = next, .until_end = true};
}

void hg_gates_limit(hg_gates *g, long connections) {
    g->files.room = connections > 4 ? (int)(connections - connections / 4) : 1;
}

void hg_gate_sent(hg_exchange *x) {
    if (x->gate && !x->gate->until_end)
        hg_gate_leave(x);
}

hg_gate *hg_gates_of(hg_gates *g, const char *url) {
    const char *host = strstr(url, "://");
    size_t len = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : strlen(url);
    unsigned hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)url[i]) * 16777619u;
    return &g->list[(hash ^ hash >> 16) % (sizeof g->list / sizeof g->list[0])];
}

bool hg_gate_enter(hg_exchange *x) {
    hg_gate *g = x->gate;
    if (!g)
        return true;
    if (!x->inside && g->inside >= g->room) {
        hg_queue_leave(&x->op);
        hg_queue_add(&g->waiting, &x->op);
        return false;
    }
    g->inside += !x->inside;
    x->inside = true;
    return true;
}

/* As long as some wait, the gate is full or one that will enter it stands in the queue: who leaves
 * either of them calls the next ones. */
void hg_gate_leave(hg_exchange *x) {
    hg_gate *g = x->gate;
    if (!g)
        return;
    g->inside -= x->inside;
    x->inside = false;
    x->gate = NULL;
    hg_queue_leave(&x->op);
    for (int room = g->room - g->inside; room > 0 && g->waiting.first; room--) {
        hg_op *next = g->waiting.first;
        hg_queue_leave(next);
        hg_queue_add(g->next, next);
    }
}
