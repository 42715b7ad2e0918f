/* Bytes without end that hold nothing: where libcurl would read them for as long as they come. */
#ifndef HG_FLOOD_H
#define HG_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct hg_flood {
    unsigned records; /* read since something came of them, or libcurl was called */
    int64_t since;    /* time of the processor */
    bool cut;         /* a connection was ended for it */
} hg_flood;

/* Guards the connections of a TLS context, an SSL_CTX of the OpenSSL that this module calls. */
void hg_flood_guard(hg_flood *f, void *context);

/* libcurl is called, or has handed something over. */
static inline void hg_flood_ebbs(hg_flood *f) {
    f->records = 0;
}

#endif
