/* Whom to trust: files of certificates, each read once, by a thread, for all TLS connections.
 *
 * libcurl would read the system's file within the step that makes the first connection, and that
 * takes about 40 ms: several frames of a game. */
#ifndef HG_TRUST_H
#define HG_TRUST_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "fork.h"
#include "pollset.h"
#include "queue.h"

typedef struct hg_trust {
    int refs;
    char *file;
    struct x509_store_st *store; /* NULL: not there yet, or the file is no good */
    bool loading;                /* the thread has not been waited for */
    int64_t since;               /* when it was read */
    hg_queue waiting;            /* jobs that cannot start before it is loaded */
    struct hg_trust *next;
    hg_errand errand;
    int tell, hear; /* a pipe: the thread's last word makes the pollset ready */
} hg_trust;

typedef struct hg_trusts {
    hg_trust *first; /* the newest */
    int loading;     /* how many threads are at work */
    hg_pollset *pollset;
} hg_trusts;

/* Waits for the threads. No job may be waiting for one, and no handle may be left. */
void hg_trusts_close(hg_trusts *all);
/* In a forked child: its threads do not exist here, and what they read is given up. */
void hg_trusts_forked(hg_trusts *all);

/* What a connection to `url` trusts; loading begins at the first call. `ca_file` and `proxy` may be
 * NULL for libcurl's default and for the environment's. *found is NULL where libcurl has to see to
 * it itself: no TLS, no OpenSSL that we share with it, no file but a directory, or a TLS connection
 * to a proxy, whose authorities may be others. False: memory is out. */
bool hg_trusts_find(hg_trusts *all, const char *url, const char *ca_file, const char *proxy,
                    hg_trust **found);

/* Ends the loading whose word has come on `fd`. NULL: the descriptor is none of ours. */
hg_trust *hg_trusts_heard(hg_trusts *all, int fd);

hg_trust *hg_trust_ref(hg_trust *t);
void hg_trust_unref(hg_trust *t); /* NULL: nothing */

/* Makes an easy handle, fresh from a reset, trust `t`, which must outlive its use; or, when that is
 * NULL, what libcurl reads from `ca_file` or its own default. */
void hg_trust_apply(CURL *easy, hg_trust *t, const char *ca_file);

#endif
