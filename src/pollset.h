/* One pollable descriptor over many sockets and a timer. Knows neither Lua nor libcurl.
 *
 * Interest in a socket is recorded at once and told to the kernel lazily: between two waits most
 * changes cancel out (libcurl drops a socket when a transfer ends and wants it back for the next).
 */
#ifndef HG_POLLSET_H
#define HG_POLLSET_H

#include <stdbool.h>
#include <stdint.h>

enum { HG_READ = 1, HG_WRITE = 2, HG_ERROR = 4 };

/* No deadline. Times are monotonic nanoseconds, see hg_now. */
#define HG_NEVER INT64_MAX
#define HG_SECOND INT64_C(1000000000)

typedef struct hg_pollset hg_pollset;

typedef struct hg_ready {
    int fd;
    unsigned events; /* HG_READ | HG_WRITE | HG_ERROR */
} hg_ready;

int64_t hg_now(void);

/* NULL with errno set when the kernel gives no descriptor or memory is out. */
hg_pollset *hg_pollset_new(void);
void hg_pollset_free(hg_pollset *p);

/* The descriptor a host loop watches for readability, or -1 where the system has none (poll()).
 * From the first call on, flush keeps the timer inside it. */
int hg_pollset_fd(hg_pollset *p);

/* Sets the interest in a socket; 0 ends it. False: memory is out. */
bool hg_pollset_want(hg_pollset *p, int fd, unsigned events);

/* The owner's promise to call hg_pollset_closed before the socket is closed. Without it, ending the
 * interest is told to the kernel at once, as the number may come back as another socket. */
bool hg_pollset_opened(hg_pollset *p, int fd);
void hg_pollset_closed(hg_pollset *p, int fd);

/* When a host watches the descriptor: tells the kernel the pending changes and the deadline. */
void hg_pollset_flush(hg_pollset *p, int64_t deadline);

/* When a host watches the descriptor: makes it readable for good, and says true. For the end, when
 * no caller will wait on it any more. */
bool hg_pollset_ring(hg_pollset *p);

/* Flushes, then waits for events until `deadline` (a time in the past: does not wait).
 * Returns how many stand in `out`; 0 for none or a timer, -1 when a signal interrupted the wait. */
int hg_pollset_wait(hg_pollset *p, int64_t deadline, hg_ready *out, int max);

/* In a forked child: forgets all descriptors. This process's copies were closed when it was forked,
 * or are now where fork.h knows no way. The parent's connections are untouched, and end when the
 * parent closes them. */
void hg_pollset_forked(hg_pollset *p);

#endif
