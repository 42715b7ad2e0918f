/* What each system's poller gives to pollset.c: epoll, kqueue, or plain poll(). Exactly one of the
 * three files pollset_*.c compiles to code; -DHG_POLLSET_POLL forces the portable one. */
#ifndef HG_POLLSET_BACKEND_H
#define HG_POLLSET_BACKEND_H

#include "pollset.h"

#if !defined(HG_POLLSET_POLL) && defined(__linux__)
#define HG_POLLSET_EPOLL 1
#elif !defined(HG_POLLSET_POLL) &&                                                                 \
    (defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) ||  \
     defined(__DragonFly__))
#define HG_POLLSET_KQUEUE 1
#elif !defined(HG_POLLSET_POLL)
#define HG_POLLSET_POLL 1
#endif

typedef struct hg_backend hg_backend;

hg_backend *hg_backend_new(void);
/* Closes its descriptors and frees nothing: within fork(). */
void hg_backend_close(hg_backend *b);
void hg_backend_free(hg_backend *b);

/* -1 where there is no such descriptor. */
int hg_backend_fd(hg_backend *b);

/* Changes the kernel's interest in `fd` from `have` to `want`. A false return means that the
 * interest could not be registered. */
bool hg_backend_apply(hg_backend *b, int fd, unsigned have, unsigned want);

/* Makes the descriptor readable at `deadline`; HG_NEVER disarms. */
void hg_backend_arm(hg_backend *b, int64_t deadline);

/* Events into `out`; -1 when a signal interrupted the wait. Sets *timer when the timer of
 * hg_backend_arm was among them. */
int hg_backend_wait(hg_backend *b, int timeout_ms, hg_ready *out, int max, bool *timer);

#endif
