/* Gates before libcurl: how many requests to one server it may have that are not sent yet, and how
 * many connections may be used for files.
 *
 * Over https it lets a burst wait for the first connection, and when that is ready it sends all of
 * the burst within one call. Where steps have a budget, most of a burst waits before a gate. */
#ifndef HG_START_GATE_H
#define HG_START_GATE_H

#include "exchange.h"

typedef struct hg_gate {
    int inside, room;
    bool until_end; /* who has entered stays until it has ended, not until it was sent */
    hg_queue waiting;
    hg_queue *next; /* where those go that may try again */
} hg_gate;

/* Servers share the gates by a hash of their origin: of two that meet one may wait for the other,
 * and that is all. */
typedef struct hg_gates {
    hg_gate list[16];
    hg_gate files; /* with a connection of their own, from servers of files: they must leave some */
} hg_gates;

/* How many connections may be open in all. */
void hg_gates_limit(hg_gates *g, long connections);
void hg_gates_open(hg_gates *g, hg_queue *next);
hg_gate *hg_gates_of(hg_gates *g, const char *url);

/* Lets the exchange in, or puts it among the waiting ones: false. */
bool hg_gate_enter(hg_exchange *x);
void hg_gate_sent(hg_exchange *x);
/* It has ended, wherever it was. */
void hg_gate_leave(hg_exchange *x);

#endif
