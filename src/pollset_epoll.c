/* The poller of Linux: epoll, with a timerfd inside it, so that one descriptor tells of both. */
#include "pollset_backend.h"

#ifdef HG_POLLSET_EPOLL

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct hg_backend {
    int epoll;
    int timer; /* -1 until a host wants the descriptor */
};

hg_backend *hg_backend_new(void) {
    hg_backend *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    b->timer = -1;
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (b->epoll < 0) {
        free(b);
        return NULL;
    }
    return b;
}

void hg_backend_close(hg_backend *b) {
    if (b->timer >= 0)
        close(b->timer);
    if (b->epoll >= 0)
        close(b->epoll);
    b->timer = b->epoll = -1;
}

void hg_backend_free(hg_backend *b) {
    hg_backend_close(b);
    free(b);
}

int hg_backend_fd(hg_backend *b) {
    return b->epoll;
}

static uint32_t mask(unsigned events) {
    return (events & HG_READ ? (uint32_t)EPOLLIN : 0) |
           (events & HG_WRITE ? (uint32_t)EPOLLOUT : 0);
}

bool hg_backend_apply(hg_backend *b, int fd, unsigned have, unsigned want) {
    struct epoll_event e = {.events = mask(want), .data.fd = fd};
    if (want == 0) {
        /* Not an error when the socket is closed already: the kernel has forgotten it. */
        epoll_ctl(b->epoll, EPOLL_CTL_DEL, fd, &e);
        return true;
    }
    if (have && epoll_ctl(b->epoll, EPOLL_CTL_MOD, fd, &e) == 0)
        return true;
    if (epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
        return true;
    return errno == EEXIST && epoll_ctl(b->epoll, EPOLL_CTL_MOD, fd, &e) == 0;
}

void hg_backend_arm(hg_backend *b, int64_t deadline) {
    if (b->timer < 0) {
        if (deadline == HG_NEVER)
            return;
        b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        struct epoll_event e = {.events = EPOLLIN, .data.fd = b->timer};
        if (b->timer < 0 || epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->timer, &e) < 0)
            return; /* the host still has engine:timeout() */
    }
    struct itimerspec at = {{0, 0}, {0, 0}}; /* all zero disarms */
    if (deadline != HG_NEVER) {
        if (deadline < 1)
            deadline = 1;
        at.it_value.tv_sec = (time_t)(deadline / HG_SECOND);
        at.it_value.tv_nsec = (long)(deadline % HG_SECOND);
    }
    timerfd_settime(b->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

int hg_backend_wait(hg_backend *b, int timeout_ms, hg_ready *out, int max, bool *timer) {
    enum { BATCH = 64 };
    struct epoll_event events[BATCH];
    int n = epoll_wait(b->epoll, events, max < BATCH ? max : BATCH, timeout_ms);
    int kept = 0;
    if (n < 0 && errno == EINTR)
        return -1;
    for (int i = 0; i < n; i++) {
        uint32_t e = events[i].events;
        if (events[i].data.fd == b->timer) {
            *timer = true;
            continue;
        }
        out[kept].fd = events[i].data.fd;
        out[kept].events = (e & (EPOLLIN | EPOLLHUP) ? HG_READ : 0) |
                           (e & EPOLLOUT ? HG_WRITE : 0) | (e & EPOLLERR ? HG_ERROR : 0);
        kept++;
    }
    return kept;
}

#else
typedef int hg_not_this_system; /* ISO C wants something in every file */
#endif
