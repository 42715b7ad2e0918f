/* The poller for every other system: poll(). It has no descriptor of its own, so programs check
 * engine:timeout() instead; the tests run it on Linux too (-DHG_POLLSET_POLL). */
#include "pollset_backend.h"

#ifdef HG_POLLSET_POLL

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct hg_backend {
    struct pollfd *list;
    int len, cap;
    int next; /* where the next harvest starts, so that a small `max` starves no descriptor */
};

hg_backend *hg_backend_new(void) {
    return calloc(1, sizeof(hg_backend));
}

void hg_backend_close(hg_backend *b) {
    (void)b;
}

void hg_backend_free(hg_backend *b) {
    free(b->list);
    free(b);
}

int hg_backend_fd(hg_backend *b) {
    (void)b;
    return -1;
}

static struct pollfd *find(hg_backend *b, int fd) {
    for (int i = 0; i < b->len; i++)
        if (b->list[i].fd == fd)
            return &b->list[i];
    return NULL;
}

bool hg_backend_apply(hg_backend *b, int fd, unsigned have, unsigned want) {
    struct pollfd *p = have ? find(b, fd) : NULL;
    if (want == 0) {
        if (p)
            *p = b->list[--b->len];
        return true;
    }
    if (!p) {
        if (b->len == b->cap) {
            int cap = b->cap ? b->cap * 2 : 32;
            struct pollfd *list = realloc(b->list, (size_t)cap * sizeof *list);
            if (!list)
                return false;
            b->list = list;
            b->cap = cap;
        }
        p = &b->list[b->len++];
        p->fd = fd;
    }
    p->events = (short)((want & HG_READ ? POLLIN : 0) | (want & HG_WRITE ? POLLOUT : 0));
    p->revents = 0;
    return true;
}

void hg_backend_arm(hg_backend *b, int64_t deadline) {
    (void)b;
    (void)deadline;
}

int hg_backend_wait(hg_backend *b, int timeout_ms, hg_ready *out, int max, bool *timer) {
    (void)timer;
    int ready = poll(b->list, (nfds_t)b->len, timeout_ms);
    int kept = 0;
    if (ready < 0 && errno == EINTR)
        return -1;
    for (int n = 0; n < b->len && ready > 0 && kept < max; n++) {
        int i = (b->next + n) % b->len;
        short e = b->list[i].revents;
        if (!e)
            continue;
        out[kept].fd = b->list[i].fd;
        out[kept].events = (e & (POLLIN | POLLHUP) ? HG_READ : 0) | (e & POLLOUT ? HG_WRITE : 0) |
                           (e & (POLLERR | POLLNVAL) ? HG_ERROR : 0);
        kept++;
        if (kept == max)
            b->next = (i + 1) % b->len;
    }
    return kept;
}

#else
typedef int hg_not_this_system; /* ISO C wants something in every file */
#endif
