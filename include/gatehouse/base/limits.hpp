#pragma once
// Every limit that is not an option. Each buffer and each wait in the server is held to one of
// these or to an option of the command line.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gatehouse::base::limits {

using namespace std::chrono_literals;

// Fields in one request head (431) or in one script's header block (502).
inline constexpr std::size_t fields = 100;
// A request-target (414).
inline constexpr std::size_t target_bytes = 8 * 1024;
// Framing of one chunk of a request body: size line with its extensions, or the trailer section.
inline constexpr std::size_t chunk_framing_bytes = 8 * 1024;
// The header block that a script prints (502).
inline constexpr std::size_t script_head_bytes = 64 * 1024;
// One piece of a body in flight between a script and a client, in either direction.
inline constexpr std::size_t stream_buffer_bytes = 64 * 1024;
// What a script's pipe is widened to once it was found full, so that script and server take turns
// less often: a place for each of so many pages. A page that was moved there from a socket may be
// one of 32 KiB. Without a privilege, all pipes of one user together get 64 MiB (pipe(7)).
inline constexpr int wide_pipe_bytes = 256 * 1024;
// How long a script runs before its stderr, its end and its client's are watched: most have
// answered by then, and all three are looked at when the output has ended.
inline constexpr auto unwatched_time = 50ms;
// How often a client's connection is looked at while unread bytes hide whether it has ended, and
// how long after a client closed its side it is taken to have left.
inline constexpr auto client_look_interval = 500ms;
inline constexpr auto half_close_grace = 1s;
// How long a script whose output has ended may take to end itself before it is left to run on.
inline constexpr auto exit_wait = 250ms;
// How often a group of processes that is being stopped is looked at, and a script without a pidfd.
inline constexpr auto process_look_interval = 50ms;
// A stop: how often it looks whether everything has ended, and how long connections may take to end
// once they have been cut, and scripts once they have been killed.
inline constexpr auto stop_look_interval = 10ms;
inline constexpr auto end_wait = 2s;
// How long a thread stands still when there was no memory.
inline constexpr auto memory_pause = 10ms;
// How long after a request that needed no script fewer scripts are started at a time.
inline constexpr auto others_served_time = 20ms;
// A body of at most this size that has arrived with its head is in the pipe before a script starts;
// as much as a pipe takes at once however little the system gives it (PIPE_BUF).
inline constexpr std::size_t small_body_bytes = 4 * 1024;
// An unread request body of at most this size is read and dropped to keep the connection.
inline constexpr std::size_t drain_bytes = 256 * 1024;
// How long a closing connection is read so that the client gets the answer before the reset.
inline constexpr auto linger_time = 2s;
// How far a client may fall behind the least rate (--min-rate) before it is let go.
inline constexpr auto rate_grace = 20s;
// How often it is looked at what a client that is behind has taken from the kernel's buffer, and
// whether others wait for what a client's exchange holds; then its time runs so much faster.
inline constexpr auto rate_look_interval = 250ms;
inline constexpr int pressed_factor = 16;
// What waits in the kernel to be sent to one client (and a packet more), until it has taken so much
// that it is known to read: a crowd that asks for large answers and reads nothing would otherwise
// fill all the memory that the kernel has for connections.
inline constexpr std::size_t unsent_bytes = 64 * 1024;
inline constexpr std::size_t reader_proof_bytes = 256 * 1024;
// When there is no place for a new connection: how many may be taken beyond the limit while those
// that make room for them are still closing.
inline constexpr std::size_t connections_over_limit = 64;
// Clients that were told so and are waited for, so that they get to read it; and for how long.
inline constexpr std::size_t refused_clients = 256;
inline constexpr auto refused_time = 1s;
// How often a crowd of refused connections makes a line in the log.
inline constexpr auto refusals_logged_every = 1s;
// How long accepting pauses when the system has no descriptor or memory to give.
inline constexpr auto accept_pause = 100ms;
// What a client that was refused for want of room is to wait before it tries again.
inline constexpr auto retry_after = 1s;
// Descriptors that the server needs beside its connections: its own, and for each script (three
// pipes with both ends, a pidfd, a spooled body).
inline constexpr std::size_t own_descriptors = 64;
inline constexpr std::size_t script_descriptors = 8;
// What a script prints and its client is not given (HEAD, 204, a local redirect's, more than its
// Content-Length) is read and dropped up to this, so that the script can end; then it is stopped.
inline constexpr std::size_t surplus_bytes = 1024 * 1024;
// How long a line of a log waits for whoever reads the log, before it is lost; and how often it is
// told, at the most, that lines are lost.
inline constexpr auto log_wait = 20ms;
inline constexpr auto log_news_interval = 1s;
// Between servers at --takeover: how long one waits for the other's answer, and the running one for
// the new one to get ready.
inline constexpr auto takeover_answer = 10s;
inline constexpr auto takeover_time = 60s;
// A script's stderr: longest line in the log, and how many last lines are kept for a diagnosis.
inline constexpr std::size_t stderr_line_bytes = 2 * 1024;
inline constexpr std::size_t stderr_lines_kept = 20;
// What is kept of a script's output to show what it printed instead of headers.
inline constexpr std::size_t output_excerpt_bytes = 200;
// Local redirects in a row (RFC 3875, 6.2.2).
inline constexpr int local_redirects = 5;
// Parts in one multipart/byteranges response; more ranges than this are answered with the whole.
inline constexpr std::size_t ranges = 32;
// What is kept to be shown of each of an exchange's bodies: stdin, stdout, the response's content.
inline constexpr std::size_t traced_bytes = 64 * 1024;
// How many of the latest exchanges the inspector keeps, each with its bodies, and how many of its
// events may wait for one of its pages before that page has to connect anew.
inline constexpr std::size_t traced_exchanges = 200;
inline constexpr std::size_t waiting_events = 1000;
// A request that the inspector is asked to send.
inline constexpr std::size_t composed_request_bytes = 1024 * 1024;
// And of its lines on stderr.
inline constexpr std::size_t traced_lines = 200;
// What `--trace` prints of a script's input, and of its output.
inline constexpr std::size_t printed_bytes = 2 * 1024;
// Entries in a directory listing.
inline constexpr std::size_t listing_entries = 10'000;
// Listings of one served directory that wait in memory for their readers, all together; those of at
// most stream_buffer_bytes are not counted.
inline constexpr std::size_t listings_bytes = 128 * 1024 * 1024;
// The hot-file cache: the largest file in memory (each of its forms), all of them in one served
// directory, how long an answer may be given without looking at the file again (and a coarse_tick),
// and how long a file must have been unchanged to be taken (file systems' clocks tick in up to two
// seconds). Files of up to cached_open_file_bytes are held open instead, so many at the most: what
// deleted ones of them go on occupying on the disk is bounded by both.
inline constexpr std::size_t cached_file_bytes = 64 * 1024;
inline constexpr std::size_t file_cache_bytes = 16 * 1024 * 1024;
inline constexpr std::size_t cached_open_file_bytes = 1024 * 1024;
inline constexpr std::size_t cached_open_files = 64;
inline constexpr auto cached_file_trust = 100ms;
inline constexpr auto settled_time = 2s;
// Directories of scripts whose sandbox is kept ready, and how long what is public in /etc is
// trusted before it is looked at again (for a server that runs as root).
inline constexpr std::size_t sandboxed_directories = 64;
inline constexpr auto sandbox_trust = 100ms;

}  // namespace gatehouse::base::limits
