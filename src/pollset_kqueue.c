/* The poller of macOS and the BSDs: kqueue, whose EVFILT_TIMER stands in the same descriptor.
 * Compiled only there; not run by the project's CI, which is on Linux. */
#include "pollset_backend.h"

#ifdef HG_POLLSET_KQUEUE

#include <errno.h>
#include <stdlib.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

struct hg_backend {
    int kq;
    bool armed;
};

hg_backend *hg_backend_new(void) {
    hg_backend *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    b->armed = false;
    b->kq = kqueue();
    if (b->kq < 0) {
        free(b);
        return NULL;
    }
    return b;
}

void hg_backend_close(hg_backend *b) {
    if (b->kq >= 0)
        close(b->kq); /* in a forked child a kqueue is not inherited: EBADF does no harm */
    b->kq = -1;
}

void hg_backend_free(hg_backend *b) {
    hg_backend_close(b);
    free(b);
}

int hg_backend_fd(hg_backend *b) {
    return b->kq;
}

static bool change(hg_backend *b, int fd, int filter, bool on) {
    struct kevent e;
    EV_SET(&e, fd, filter, on ? EV_ADD : EV_DELETE, 0, 0, 0);
    if (kevent(b->kq, &e, 1, NULL, 0, NULL) == 0)
        return true;
    return !on && (errno == ENOENT || errno == EBADF);
}

bool hg_backend_apply(hg_backend *b, int fd, unsigned have, unsigned want) {
    bool ok = true;
    if ((have ^ want) & HG_READ)
        ok = change(b, fd, EVFILT_READ, want & HG_READ) && ok;
    if ((have ^ want) & HG_WRITE)
        ok = change(b, fd, EVFILT_WRITE, want & HG_WRITE) && ok;
    return ok;
}

void hg_backend_arm(hg_backend *b, int64_t deadline) {
    struct kevent e;
    if (deadline == HG_NEVER) {
        if (!b->armed)
            return;
        EV_SET(&e, 1, EVFILT_TIMER, EV_DELETE, 0, 0, 0);
        b->armed = false;
    } else {
        int64_t ms = (deadline - hg_now() + 999999) / 1000000; /* milliseconds: the portable unit */
        EV_SET(&e, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, ms < 0 ? 0 : ms, 0);
        b->armed = true;
    }
    kevent(b->kq, &e, 1, NULL, 0, NULL);
}

int hg_backend_wait(hg_backend *b, int timeout_ms, hg_ready *out, int max, bool *timer) {
    enum { BATCH = 64 };
    struct kevent events[BATCH];
    struct timespec t = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    int n = kevent(b->kq, NULL, 0, events, max < BATCH ? max : BATCH, timeout_ms < 0 ? NULL : &t);
    int kept = 0;
    if (n < 0 && errno == EINTR)
        return -1;
    for (int i = 0; i < n; i++) {
        if (events[i].filter == EVFILT_TIMER) {
            *timer = true;
            b->armed = false;
            continue;
        }
        out[kept].fd = (int)events[i].ident;
        out[kept].events = (events[i].filter == EVFILT_READ ? HG_READ : HG_WRITE) |
                           (events[i].flags & EV_ERROR ? HG_ERROR : 0);
        kept++;
    }
    return kept;
}

#else
typedef int hg_not_this_system; /* ISO C wants something in every file */
#endif
