/* Has this process been forked since? */
#include "process.h"

#include <unistd.h>

#ifdef __GLIBC__

#include <pthread.h>

/* glibc asks the kernel at each getpid(): a counter that the child bumps costs nothing. It removes
 * the handler when this library is unloaded; where that is not sure, getpid() is. */
static long generation;

static void in_child(void) {
    generation++;
}

static void register_handler(void) {
    if (pthread_atfork(NULL, NULL, in_child) != 0)
        generation = -1;
}

long hg_process(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_handler);
    return generation < 0 ? (long)getpid() : generation;
}

#else

long hg_process(void) {
    return (long)getpid();
}

#endif
