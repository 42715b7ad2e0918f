/* Signals that would kill a host for what is a value here. */
#include "signals.h"

#include <errno.h>
#include <pthread.h>

static sigset_t ours(void) {
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGPIPE);
    sigaddset(&s, SIGXFSZ);
    return s;
}

void hg_signals_block(hg_signals *s) {
    sigset_t set = ours();
    pthread_sigmask(SIG_BLOCK, &set, &s->old);
}

/* Blocked before: one that is pending may be the host's, and is not ours to take. Not blocked
 * before: it cannot have been pending, so one that is now came from us. */
static void swallow(const hg_signals *s, const sigset_t *pending, int signal) {
    sigset_t set;
    if (sigismember(&s->old, signal) != 1 && sigismember(pending, signal) == 1) {
        sigemptyset(&set);
        sigaddset(&set, signal);
        sigwait(&set, &signal);
    }
}

void hg_signals_restore(const hg_signals *s) {
    int problem = errno;
    sigset_t pending;
    sigpending(&pending);
    swallow(s, &pending, SIGPIPE);
    swallow(s, &pending, SIGXFSZ);
    pthread_sigmask(SIG_SETMASK, &s->old, NULL);
    errno = problem;
}
