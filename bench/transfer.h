/* One reusable transfer of the raw programs: an easy handle that GETs a video into memory. */
#ifndef HG_BENCH_TRANSFER_H
#define HG_BENCH_TRANSFER_H

#include "reactor.h"

#include <stddef.h>

struct transfer {
    CURL *easy;
    char *body; /* grown once, then kept for the next answer */
    size_t length, size;
};

/* Makes the handle with everything that stays the same between requests. */
void transfer_open(struct transfer *t, struct curl_slist *headers);

/* Starts GET {base}/v3/videos/{id}. */
void transfer_start(struct transfer *t, struct reactor *r, const char *base, const char *id);

/* The transfer that ended next; ends the program unless it went well. NULL when none has ended. */
struct transfer *transfer_done(struct reactor *r);

void transfer_close(struct transfer *t);

/* The headers that every request of the API carries; free with curl_slist_free_all. */
struct curl_slist *transfer_headers(void);

#endif
