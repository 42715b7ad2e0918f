/* libcurl's multi interface over one epoll fd, as a good C program drives it: the yardstick for our
 * engine. */
#ifndef HG_BENCH_REACTOR_H
#define HG_BENCH_REACTOR_H

#include <curl/curl.h>

struct reactor {
    CURLM *multi;
    int epoll;
    long long due; /* when libcurl wants its timeout, monotonic milliseconds; -1 for never */
};

/* Ends the program when something is refused: a benchmark has no caller to report an error to. */
void reactor_open(struct reactor *r);
void reactor_close(struct reactor *r);

/* Waits at most `ms` for something to happen (0: returns at once, -1: as long as it takes) and lets
   libcurl handle it. Returns the number of sockets that were ready. */
int reactor_step(struct reactor *r, int ms);

/* The next transfer that has ended, already taken out of the multi handle, or NULL. */
CURL *reactor_done(struct reactor *r, CURLcode *code);

/* Ends the program with a message when `ok` is false. */
void check(int ok, const char *what);

#endif
