/* Signals that would kill a host for what is a value here: SIGPIPE, when a server hangs up
 * (CURLOPT_NOSIGNAL leaves it to us), and SIGXFSZ, when a file would become larger than the process
 * may make it. Both are sent to the thread that writes. */
#ifndef HG_SIGNALS_H
#define HG_SIGNALS_H

#include <signal.h>

typedef struct hg_signals {
    sigset_t old;
} hg_signals;

/* Blocks them for this thread. */
void hg_signals_block(hg_signals *s);
/* Swallows those that came since, and puts the thread's mask back. errno stays. */
void hg_signals_restore(const hg_signals *s);

#endif
