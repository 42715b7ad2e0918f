/* SIGPIPE around calls of libcurl: CURLOPT_NOSIGNAL leaves it to us, and a host that does not
 * ignore it would be killed by a server that hangs up. */
#ifndef HG_SIGPIPE_H
#define HG_SIGPIPE_H

#include <signal.h>

typedef struct hg_sigpipe {
    sigset_t old;
} hg_sigpipe;

/* Blocks the signal for this thread. */
void hg_sigpipe_block(hg_sigpipe *s);
/* Swallows one that has come since, and puts the thread's mask back. */
void hg_sigpipe_restore(const hg_sigpipe *s);

#endif
