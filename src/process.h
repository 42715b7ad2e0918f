/* Has this process been forked since? Asked before nearly every use of an engine. */
#ifndef HG_PROCESS_H
#define HG_PROCESS_H

/* A number that differs between a process and its forked children. */
long hg_process(void);

#endif
