/* One pollable descriptor over many sockets and a timer: the table of interests and its lazy
 * changes. The system's poller is in pollset_epoll.c, pollset_kqueue.c or pollset_poll.c. */
#include "pollset.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fork.h"
#include "pollset_backend.h"

typedef struct interest {
    unsigned char want;    /* what the owner asked for */
    unsigned char have;    /* what the kernel knows */
    unsigned char dirty;   /* stands in the list of changes */
    unsigned char tracked; /* its closing will be reported */
} interest;

struct hg_pollset {
    hg_fork_guard guard;
    bool closed; /* by the guard: the process was forked */
    hg_backend *backend;
    interest *table; /* by descriptor */
    int table_len;
    int *changes;
    int changes_len, changes_cap;
    bool watched;  /* a host has the descriptor */
    int64_t armed; /* the deadline the kernel's timer stands at */
};

int64_t hg_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * HG_SECOND + t.tv_nsec;
}

static void in_child(void *pollset) {
    hg_pollset *p = pollset;
    if (p->closed)
        return;
    p->closed = true;
    for (int fd = 0; fd < p->table_len; fd++)
        if (p->table[fd].tracked)
            close(fd);
    if (p->backend)
        hg_backend_close(p->backend);
}

hg_pollset *hg_pollset_new(void) {
    hg_pollset *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->armed = HG_NEVER;
    p->backend = hg_backend_new();
    if (!p->backend) {
        free(p);
        return NULL;
    }
    hg_fork_guard_on(&p->guard, in_child, p);
    return p;
}

void hg_pollset_free(hg_pollset *p) {
    if (!p)
        return;
    hg_fork_guard_off(&p->guard);
    if (p->backend)
        hg_backend_free(p->backend);
    free(p->table);
    free(p->changes);
    free(p);
}

int hg_pollset_fd(hg_pollset *p) {
    int fd = hg_backend_fd(p->backend);
    p->watched = fd >= 0;
    return fd;
}

static interest *slot(hg_pollset *p, int fd) {
    if (fd < 0)
        return NULL;
    if (fd >= p->table_len) {
        int len = p->table_len ? p->table_len : 64;
        while (len <= fd)
            len = len > INT_MAX / 2 ? INT_MAX : len * 2;
        hg_fork_hold();
        interest *table = realloc(p->table, (size_t)len * sizeof *table);
        if (table) {
            memset(table + p->table_len, 0, (size_t)(len - p->table_len) * sizeof *table);
            p->table = table;
            p->table_len = len;
        }
        hg_fork_release();
        if (!table)
            return NULL;
    }
    return &p->table[fd];
}

/* Tells the kernel what one socket should be watched for. An idle one whose closing will be
 * reported stays registered: its next transfer wants it back, and an unwanted event removes it.
 */
static void apply(hg_pollset *p, int fd, interest *i) {
    i->dirty = 0;
    if (i->want == i->have || (i->want == 0 && i->tracked))
        return;
    if (hg_backend_apply(p->backend, fd, i->have, i->want))
        i->have = i->want;
    else
        i->have = 0;
}

bool hg_pollset_want(hg_pollset *p, int fd, unsigned events) {
    interest *i = slot(p, fd);
    if (!i)
        return false;
    i->want = (unsigned char)events;
    if (events == 0 && !i->tracked) {
        apply(p, fd, i);
        return true;
    }
    if (i->dirty || i->want == i->have)
        return true;
    if (p->changes_len == p->changes_cap) {
        int cap = p->changes_cap ? p->changes_cap * 2 : 64;
        int *changes = realloc(p->changes, (size_t)cap * sizeof *changes);
        if (!changes)
            return false;
        p->changes = changes;
        p->changes_cap = cap;
    }
    p->changes[p->changes_len++] = fd;
    i->dirty = 1;
    return true;
}

bool hg_pollset_opened(hg_pollset *p, int fd) {
    interest *i = slot(p, fd);
    if (!i)
        return false;
    i->tracked = 1;
    return true;
}

void hg_pollset_closed(hg_pollset *p, int fd) {
    if (fd < 0 || fd >= p->table_len)
        return;
    interest *i = &p->table[fd];
    i->want = 0;
    i->tracked = 0;
    /* epoll and kqueue forget a socket by themselves only when its last copy is closed, and a child
     * that the host forked has copies. */
    if (i->have)
        hg_backend_apply(p->backend, fd, i->have, 0);
    i->have = 0;
}

static void apply_changes(hg_pollset *p) {
    for (int n = 0; n < p->changes_len; n++) {
        int fd = p->changes[n];
        if (p->table[fd].dirty)
            apply(p, fd, &p->table[fd]);
    }
    p->changes_len = 0;
}

void hg_pollset_flush(hg_pollset *p, int64_t deadline) {
    if (!p->watched)
        return; /* our own wait tells the kernel, and knows the time */
    apply_changes(p);
    /* A timer that stands earlier than needed wakes the host once in vain, and that is cheaper than
     * moving it at every request; one that stands later would be a hang. */
    if (deadline < p->armed) {
        hg_backend_arm(p->backend, deadline);
        p->armed = deadline;
    }
}

bool hg_pollset_ring(hg_pollset *p) {
    if (!p || !p->backend || !p->watched)
        return false;
    hg_backend_arm(p->backend, 0);
    return true;
}

static int timeout_ms(int64_t deadline) {
    if (deadline == HG_NEVER)
        return -1;
    int64_t now = hg_now();
    if (deadline <= now)
        return 0;
    int64_t ms = (deadline - now + 999999) / 1000000; /* rounded up: never a busy loop */
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Drops events of sockets that are idle (their server hung up): they would come back for ever. */
static int only_wanted(hg_pollset *p, hg_ready *out, int n) {
    int kept = 0;
    for (int k = 0; k < n; k++) {
        interest *i = &p->table[out[k].fd];
        if (i->want) {
            out[kept++] = out[k];
        } else {
            hg_backend_apply(p->backend, out[k].fd, i->have, 0);
            i->have = 0;
        }
    }
    return kept;
}

int hg_pollset_wait(hg_pollset *p, int64_t deadline, hg_ready *out, int max) {
    bool timer = false;
    apply_changes(p);
    int n = hg_backend_wait(p->backend, deadline <= 0 ? 0 : timeout_ms(deadline), out, max, &timer);
    if (timer) {
        hg_backend_arm(p->backend, HG_NEVER);
        p->armed = HG_NEVER;
    }
    return n > 0 ? only_wanted(p, out, n) : n;
}

void hg_pollset_forked(hg_pollset *p) {
    in_child(p);
    hg_backend_free(p->backend);
    p->backend = NULL;
    p->table_len = 0;
    p->changes_len = 0;
}
