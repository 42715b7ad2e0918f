/* Gates before libcurl: how many requests to one server it may have that are not sent yet.
 *
 * Over https it lets a burst wait for the first connection, and when that is ready it sends all of
 * the burst within one call. Where steps have a budget, most of a burst waits before a gate. */
#ifndef HG_START_GATE_H
#define HG_START_GATE_H

#include "exchange.h"

typedef struct hg_gate {
    int inside; /* given to libcurl, not sent */
    hg_queue waiting;
    hg_queue *next; /* where those go that may try again */
} hg_gate;

/* Servers share the gates by a hash of their origin: of two that meet one may wait for the other,
 * and that is all. */
typedef struct hg_gates {
    hg_gate list[16];
} hg_gates;

void hg_gates_open(hg_gates *g, hg_queue *next);
hg_gate *hg_gates_of(hg_gates *g, const char *url);

/* Lets the exchange in, or puts it among the waiting ones: false. */
bool hg_gate_enter(hg_exchange *x);
/* The exchange was sent, or has ended wherever it was. */
void hg_gate_leave(hg_exchange *x);

#endif
