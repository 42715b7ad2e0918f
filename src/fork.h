/* Has this process been forked since? And threads that a fork waits for. */
#ifndef HG_FORK_H
#define HG_FORK_H

#include <pthread.h>
#include <stdbool.h>

/* A number that differs between a process and its forked children. Asked before nearly every use
 * of an engine. */
long hg_fork_number(void);

/* A thread that works for a moment in a library with locks. The end of the process waits for its
 * end, and so does a fork: the child would inherit the locks, and no thread to unlock them. (A fork
 * only with glibc.) */
typedef struct hg_errand {
    pthread_t thread;
    bool joined;
    bool no_locks; /* it uses none of a library: a fork need not wait for it */
    struct hg_errand *next;
} hg_errand;

/* False: the system has no thread to give. */
bool hg_errand_start(hg_errand *e, void *(*run)(void *), void *argument);
/* Waits for its end. Not in a forked child: its threads do not exist there. */
void hg_errand_join(hg_errand *e);

#endif
