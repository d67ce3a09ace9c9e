// The operating system, one call per function. The header is freestanding: the device's Swift
// importer sees no libc. Unless said otherwise a function returns a value >= 0, or -errno.
// Paths and names are NUL-terminated UTF-8; `dir` is an open directory, or CPOSIX_CWD.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CPOSIX_CWD (-100)

// Error numbers that Swift tells apart; errors.c asserts that they are this system's.
#define CPOSIX_EPERM 1
#define CPOSIX_ENOENT 2
#define CPOSIX_ESRCH 3
#define CPOSIX_EINTR 4
#define CPOSIX_EIO 5
#define CPOSIX_ENXIO 6
#define CPOSIX_EAGAIN 11
#define CPOSIX_ENOMEM 12
#define CPOSIX_EACCES 13
#define CPOSIX_EBUSY 16
#define CPOSIX_EEXIST 17
#define CPOSIX_ENODEV 19
#define CPOSIX_ENOTDIR 20
#define CPOSIX_EISDIR 21
#define CPOSIX_EINVAL 22
#define CPOSIX_EFBIG 27
#define CPOSIX_ENOSPC 28
#define CPOSIX_EROFS 30
#define CPOSIX_EPIPE 32
#define CPOSIX_ENAMETOOLONG 36
#define CPOSIX_EOPNOTSUPP 95
#define CPOSIX_EADDRINUSE 98
#define CPOSIX_ECONNRESET 104
#define CPOSIX_ECONNREFUSED 111
#define CPOSIX_ESTALE 116
#define CPOSIX_EDQUOT 122

/// The system's text for an error number (positive). Never NULL.
const char *cposix_error_text(int error);

// --- process.c: the process and the machine -------------------------------------------------------

/// The command line, taken by a constructor: Embedded Swift has no CommandLine.
int cposix_argc(void);
/// NULL outside 0 ..< cposix_argc().
const char *cposix_argv(int index);
/// NULL when unset.
const char *cposix_environment(const char *name);
int cposix_process_id(void);
/// Runs the exit handlers, then ends the process.
void cposix_exit(int status) __attribute__((noreturn));

/// CPUs online now; at least 1.
int cposix_cpu_count(void);
/// Bytes; 16384 on a Raspberry Pi 5.
long cposix_page_size(void);
/// uname's machine ("aarch64") and node name, NUL-terminated. Their length.
int cposix_machine(char *buffer, size_t capacity);
int cposix_host_name(char *buffer, size_t capacity);
/// From now on blocks above 64 KiB go back to the kernel when they are freed, and of a free end of the heap what
/// is beyond glibc's M_TOP_PAD (128 KiB). Left to itself, glibc keeps what is as large as the largest block that was
/// ever freed.
/// https://man7.org/linux/man-pages/man3/mallopt.3.html
void cposix_keep_heap_small(void);
/// Bytes that malloc has handed out and not got back.
uint64_t cposix_heap_in_use_bytes(void);

// --- program.c -------------------------------------------------------------------------------------

/// Takes the program's own code and constants out of this process's page table. They stay in the page
/// cache, and come back as they are used. 0, or -errno.
int cposix_release_program(void);
/// Gives back the pages of the heap that are free, and those of the first thread's stack that no call uses any
/// more; on another thread, the heap's alone. 0, or -errno.
int cposix_release_unused(void);

// --- clock.c ---------------------------------------------------------------------------------------

/// Milliseconds since boot, suspend included (CLOCK_BOOTTIME).
int64_t cposix_boottime_ms(void);
/// Milliseconds since 1970, right or wrong.
int64_t cposix_realtime_ms(void);
/// Nanoseconds of CLOCK_MONOTONIC, for measuring spans.
int64_t cposix_monotonic_ns(void);
/// 1 when the kernel calls its clock synchronised (adjtimex without STA_UNSYNC), else 0.
int cposix_clock_is_synchronised(void);
/// Sleeps the whole time, whatever signals come.
void cposix_sleep_ms(int64_t duration_ms);

#define CPOSIX_POLL_READ 1
#define CPOSIX_POLL_WRITE 2
/// POLLPRI: a PSI trigger fired, a sysfs attribute changed.
#define CPOSIX_POLL_PRIORITY 4
/// Error or hang-up; only ever in `ready`.
#define CPOSIX_POLL_ERROR 8

struct cposix_poll_item {
    int fd;
    int wanted;
    int ready;
};

/// Waits for the items, at most 64 of them. How many are ready; 0 after the timeout or a signal.
/// A negative timeout waits for ever.
int cposix_poll(struct cposix_poll_item *items, int count, int timeout_ms);

// --- file.c ----------------------------------------------------------------------------------------

/// A descriptor of the folder `path`.
int cposix_open_directory(int dir, const char *path);
/// A descriptor for reading. Anything but a regular file is refused (-EISDIR, -EINVAL) and never
/// waited for: a FIFO in a sensor's place must not block.
int cposix_open_read(int dir, const char *path);
int cposix_close(int fd);
/// 1 when the open file has no name any more: it was removed, or replaced by a rename.
int cposix_is_nameless(int fd);
/// Bytes read at `offset`; 0 at the end.
long cposix_pread(int fd, uint8_t *buffer, size_t capacity, int64_t offset);
/// As `cposix_pread_all`, of a list of lines from /proc: without the read that only finds the end.
long cposix_pread_list(int fd, uint8_t *buffer, size_t capacity);
/// The whole file from offset 0, through a descriptor that is kept open. -EFBIG when it is longer.
long cposix_pread_all(int fd, uint8_t *buffer, size_t capacity);
/// Open, read all, close. -EFBIG when the file is longer.
long cposix_read_file(int dir, const char *path, uint8_t *buffer, size_t capacity);
/// What the stream has now, at most `capacity`; 0 at its end. For pipes and standard input.
long cposix_read(int fd, uint8_t *buffer, size_t capacity);
/// The folder's names but "." and "..", each ended by a NUL. Bytes used; -EFBIG when they don't fit.
long cposix_list(int dir, const char *path, char *buffer, size_t capacity);

struct cposix_status {
    int64_t size;
    int64_t modified_ms;
    /// Permission bits.
    uint32_t mode;
    uint32_t owner;
    int is_directory;
    int is_regular;
};

/// Follows symbolic links.
int cposix_status(int dir, const char *path, struct cposix_status *status);
/// 1 when there is such a file or folder, else 0.
int cposix_exists(int dir, const char *path);
/// 1 when the process may write there, else 0.
int cposix_is_writable(int dir, const char *path);

// --- write.c ---------------------------------------------------------------------------------------

int cposix_write_all(int fd, const uint8_t *bytes, size_t count);
/// Writes into an existing regular file, in one write(2) as kernel files want it. Creates nothing.
int cposix_write_existing(int dir, const char *path, const uint8_t *bytes, size_t count);
/// Replaces `path` in one step: a temporary file in the same folder with `mode`, rename. With
/// `durable`, file and folder are synced: after a power cut it is the old or the new, whole.
int cposix_replace(const char *path, const uint8_t *bytes, size_t count, uint32_t mode, int durable);
/// As `cposix_replace` without `durable`, by a name that the caller keeps for it. Where `is_cut` the
/// process's mask takes bits off the mode, and they are set apart.
int cposix_replace_by(const char *path, const char *temporary, const uint8_t *bytes, size_t count,
                      uint32_t mode, int is_cut);
/// 1 when the process's mask takes bits off `mode`. Not while other threads make files.
int cposix_mask_cuts(uint32_t mode);
/// Appends, creating the file with `mode` when it is missing.
int cposix_append(const char *path, const uint8_t *bytes, size_t count, uint32_t mode);
/// Makes the folder and those above it that are missing, each with `mode`. Existing ones stay as
/// they are.
int cposix_make_directories(const char *path, uint32_t mode);
int cposix_unlink(const char *path);
int cposix_rename(const char *from, const char *to);
int cposix_remove_directory(const char *path);
/// The lock file's descriptor, held until it is closed or the process ends. -EAGAIN when another
/// process holds it.
int cposix_lock(const char *path);

/// 1 when `fd` is a terminal, else 0.
int cposix_is_terminal(int fd);
/// Columns of the terminal on `fd`; 0 when it is none.
int cposix_terminal_columns(int fd);

// --- trigger.c -------------------------------------------------------------------------------------

/// Opens a kernel file, writes `text` into it and keeps it open: a PSI trigger lives as long as its
/// descriptor, and is then polled for CPOSIX_POLL_PRIORITY.
int cposix_open_trigger(int dir, const char *path, const char *text, size_t count);
/// 1 when the open file lies on sysfs, procfs or cgroup2, whose files no rename replaces; else 0.
int cposix_is_kernel_file(int fd);
// --- spool.c: files that grow -----------------------------------------------------------------------

/// A descriptor that appends, to a regular file made with `mode` when it is missing.
int cposix_open_append(const char *path, uint32_t mode);
/// A descriptor for reading and for writing in place.
int cposix_open_record(const char *path, uint32_t mode);
/// Bytes written at `offset`.
long cposix_pwrite(int fd, const uint8_t *bytes, size_t count, int64_t offset);
/// What was written is on the disk when it returns (fdatasync: content and length).
int cposix_sync_data(int fd);
int cposix_truncate(int fd, int64_t length);
/// Names made or removed in the folder are on the disk when it returns.
int cposix_sync_folder(const char *path);

// --- signal.c --------------------------------------------------------------------------------------

#define CPOSIX_SIGHUP 1
#define CPOSIX_SIGINT 2
#define CPOSIX_SIGKILL 9
#define CPOSIX_SIGTERM 15
#define CPOSIX_SIGCHLD 17
#define CPOSIX_SIGNAL_OF_TERMINAL 128

/// From now on SIGTERM, SIGINT and SIGHUP arrive at a descriptor to poll, and SIGPIPE is ignored.
/// The same descriptor at every call.
int cposix_signals_open(void);
/// From now on the end of a child (SIGCHLD) arrives there as well.
int cposix_signals_watch_children(void);
/// The next signal's number, CPOSIX_SIGNAL_OF_TERMINAL added where the kernel sent it to all processes
/// of the terminal, as at Ctrl-C; 0 when none waits.
int cposix_signals_next(void);

// --- spawn.c ---------------------------------------------------------------------------------------

/// Where a start failed: making the process, joining the group, running the program.
#define CPOSIX_SPAWN_FORK 0
#define CPOSIX_SPAWN_GROUP 1
#define CPOSIX_SPAWN_EXEC 2

struct cposix_spawn_request {
    /// Words that each end in a NUL; the first is the program, searched in PATH.
    const char *arguments;
    int argument_count;
    /// NAME=VALUE, each ended by a NUL, over this process's own environment.
    const char *environment;
    int environment_count;
    /// A cgroup v2 folder's descriptor, or -1: the child runs in it from its first instruction on.
    int group;
    /// Gets what the child writes, its input is empty; or -1: the child has our three streams.
    int output;
};

/// The child's process id. In the child all signals are as at the start of a program.
int cposix_spawn(const struct cposix_spawn_request *request, int *stage);
/// 1 when the child ended, with its exit status, or 256 + the signal that ended it; 0 while it runs.
int cposix_child_state(int child, int *status);
int cposix_send_signal(int process, int number);
/// Both ends non-blocking.
int cposix_pipe(int ends[2]);

// --- packet.c --------------------------------------------------------------------------------------

/// A listening socket at `path`, which must not exist, with `mode`. Paths are absolute.
int cposix_packet_listen(const char *path, uint32_t mode);
int cposix_packet_accept(int listener);
int cposix_packet_connect(const char *path);
/// The user id of the process at the other end when it connected.
int cposix_peer_user(int fd, uint32_t *user);
int cposix_packet_send(int fd, const uint8_t *bytes, size_t count);
/// The size of the next message, also where `capacity` is smaller; 0 when the other end is gone;
/// -EAGAIN when none waits.
long cposix_packet_receive(int fd, uint8_t *buffer, size_t capacity);
/// This process's effective user id.
uint32_t cposix_user(void);

// --- notify.c --------------------------------------------------------------------------------------

/// sd_notify(3): sends `state` ("READY=1") to $NOTIFY_SOCKET. 1 when sent, 0 when no one listens.
int cposix_notify(const char *state);

// --- socket.c: Unix stream sockets and epoll --------------------------------------------------------

/// Longest path of a socket, without its NUL. unix(7)
#define CPOSIX_SOCKET_PATH_MAX 107

struct cposix_peer {
    int32_t pid;
    uint32_t user;
    uint32_t group;
};

/// A listening socket at `path`, which must not exist: 0600, whatever the umask. At most `waiting`
/// connections queue up.
int cposix_local_listen(const char *path, int waiting);
/// -ECONNREFUSED when nobody listens, -EAGAIN when too many wait already.
int cposix_local_connect(const char *path);
/// -EAGAIN when none waits.
int cposix_local_accept(int fd);
/// Who was at the other end when it connected.
int cposix_local_peer(int fd, struct cposix_peer *peer);
/// What the kernel may hold of what was sent and not read yet.
int cposix_socket_set_send_buffer(int fd, int bytes);
/// 0 at the stream's end; -EAGAIN when there is nothing now.
long cposix_socket_receive(int fd, uint8_t *buffer, size_t capacity);
/// Bytes taken, perhaps fewer; -EAGAIN when none. Never raises SIGPIPE.
long cposix_socket_send(int fd, const uint8_t *bytes, size_t count);
/// 1 when `path` itself is a socket, 0 when it is anything else.
int cposix_is_socket(const char *path);
int cposix_change_mode(const char *path, uint32_t mode);
int cposix_change_group(const char *path, uint32_t group);
/// The effective user.
uint32_t cposix_user_id(void);

struct cposix_epoll_item {
    uint64_t tag;
    int ready;
};

/// A descriptor that can itself be polled: readable while one of its members is ready.
int cposix_epoll_open(void);
/// Adds `fd`, or changes what is wanted of it. Closing it takes it out.
int cposix_epoll_set(int epoll, int fd, int wanted, uint64_t tag, int is_new);
/// Members that are ready, at most 32 of them; 0 after the timeout or a signal.
int cposix_epoll_wait(int epoll, struct cposix_epoll_item *items, int count, int timeout_ms);
