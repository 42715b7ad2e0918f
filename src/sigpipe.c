/* SIGPIPE around calls of libcurl. */
#include "sigpipe.h"

#include <pthread.h>

static sigset_t only_pipe(void) {
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGPIPE);
    return s;
}

void hg_sigpipe_block(hg_sigpipe *s) {
    sigset_t pipe = only_pipe();
    pthread_sigmask(SIG_BLOCK, &pipe, &s->old);
}

void hg_sigpipe_restore(const hg_sigpipe *s) {
    /* Blocked before: one that is pending may be the host's, and is not ours to take. Not blocked
     * before: it cannot have been pending, so one that is now came from us. */
    if (sigismember(&s->old, SIGPIPE) == 1)
        return;
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) == 1) {
        sigset_t pipe = only_pipe();
        int sig;
        sigwait(&pipe, &sig);
    }
    pthread_sigmask(SIG_SETMASK, &s->old, NULL);
}
