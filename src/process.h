/* Has this process been forked since? Asked before nearly every use of an engine. */
#ifndef HG_PROCESS_H
#define HG_PROCESS_H

/* A number that differs between a process and its forked children. */
long hg_process(void);

/* Between the two, a fork waits. For a thread of ours that works for a moment in a library with
 * locks: a child would inherit them locked, and no thread to unlock them. (glibc only.) */
void hg_fork_hold(void);
void hg_fork_release(void);

#endif
