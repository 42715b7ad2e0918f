/* Tells a host that cannot watch a descriptor when it becomes readable, as a byte on a unix socket.
 *
 * A worker of nginx gives Lua nothing to watch a foreign descriptor with, but its cosockets can
 * read a unix socket. A thread waits for the descriptor and writes to a connection that the same
 * process has made. The thread knows the descriptor's number and nothing else: neither Lua nor
 * libcurl. */
#ifndef HG_WAKE_H
#define HG_WAKE_H

#include <stdbool.h>
#include <stddef.h>

/* What the connection carries. The first HG_WAKE_READABLE comes right after the connect, armed or
 * not: whatever happened before must not be lost. */
#define HG_WAKE_READABLE 'w'
#define HG_WAKE_BEAT 'h'

typedef enum hg_wake_state {
    HG_WAKE_LISTENING, /* for the process to connect */
    HG_WAKE_CONNECTED,
    HG_WAKE_GONE, /* the other end was closed */
    HG_WAKE_CLOSED
} hg_wake_state;

typedef struct hg_wake hg_wake;

/* Listens on a socket in a new directory that only this user can enter, and starts the thread. It
 * watches a copy of `fd`, so that its owner may close it at any time. Once connected it also says
 * HG_WAKE_BEAT every `beat` seconds. NULL with `message`; nothing is left behind then. */
hg_wake *hg_wake_open(int fd, double beat, char *message, size_t size);

/* Where to connect to, from this very process and once. The file is gone after that. */
const char *hg_wake_path(const hg_wake *w);

/* Asks for one HG_WAKE_READABLE as soon as the descriptor is readable, which may be now. NULL, or
 * why it will not come. */
const char *hg_wake_arm(hg_wake *w);

hg_wake_state hg_wake_ask(const hg_wake *w);

/* Ends the thread and the connection, removes what is left of the socket's file. In a forked child
 * only the child's copies of the descriptors are closed. May be called again. */
void hg_wake_close(hg_wake *w);
/* Closes it as well. */
void hg_wake_free(hg_wake *w);

#endif
