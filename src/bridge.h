/* Tells a host that cannot watch a descriptor when it becomes readable, as a byte on a unix socket.
 *
 * A worker of nginx gives Lua nothing to watch a foreign descriptor with, but its cosockets can
 * read a unix socket. A thread waits for the descriptor and writes to a connection that the same
 * process has made. The thread knows the descriptor's number and nothing else: neither Lua nor
 * libcurl. */
#ifndef HG_BRIDGE_H
#define HG_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>

/* What the connection carries. The first HG_BRIDGE_READABLE comes right after the connect, armed or
 * not: whatever happened before must not be lost. */
#define HG_BRIDGE_READABLE 'w'
#define HG_BRIDGE_BEAT 'h'

typedef enum hg_bridge_state {
    HG_BRIDGE_LISTENING, /* for the process to connect */
    HG_BRIDGE_CONNECTED,
    HG_BRIDGE_GONE, /* the other end was closed */
    HG_BRIDGE_CLOSED
} hg_bridge_state;

typedef struct hg_bridge hg_bridge;

/* Listens on a socket in a new directory that only this user can enter, and starts the thread. It
 * watches a copy of `fd`, so that its owner may close it at any time. Once connected it also says
 * HG_BRIDGE_BEAT every `beat` seconds. NULL with `message`; nothing is left behind then. */
hg_bridge *hg_bridge_open(int fd, double beat, char *message, size_t size);

/* Where to connect to, from this very process and once. The file is gone after that. */
const char *hg_bridge_path(const hg_bridge *b);

/* Asks for one HG_BRIDGE_READABLE as soon as the descriptor is readable, which may be now. NULL, or
 * why it will not come. */
const char *hg_bridge_arm(hg_bridge *b);

hg_bridge_state hg_bridge_ask(const hg_bridge *b);

/* Ends the thread and the connection, removes what is left of the socket's file. In a forked child
 * only the child's copies of the descriptors are closed. May be called again. */
void hg_bridge_close(hg_bridge *b);
/* Closes it as well. */
void hg_bridge_free(hg_bridge *b);

#endif
