#pragma once
// Every limit that is not an option. Each buffer and each wait in the server is held to one of
// these or to an option of the command line.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gatehouse::base::limits {

using namespace std::chrono_literals;

// Fields in one request head (431), and in the header block that a script prints (502).
inline constexpr std::size_t fields = 100;
inline constexpr std::size_t script_fields = 1000;
// A request-target (414).
inline constexpr std::size_t target_bytes = 8 * 1024;
// Framing of one chunk of a request body: size line with its extensions, or the trailer section.
inline constexpr std::size_t chunk_framing_bytes = 8 * 1024;
// Framing of a whole chunked body: each chunk may have so much and twice its content, and all of
// them together may have framing_excess_bytes beyond that.
inline constexpr std::size_t framing_for_each_chunk_bytes = 16;
inline constexpr std::size_t framing_excess_bytes = 16 * 1024;
// The header block that a script prints (502).
inline constexpr std::size_t script_head_bytes = 64 * 1024;
// One piece of a body in flight between a script and a client, in either direction.
inline constexpr std::size_t stream_buffer_bytes = 64 * 1024;
// What one read takes into a buffer on a coroutine's frame: on the way to a script's header block,
// and where little is expected or what comes has to be looked at before it is handed on.
inline constexpr std::size_t head_read_bytes = 16 * 1024;
inline constexpr std::size_t small_read_bytes = 4 * 1024;
// How much one read of a client's bytes adds to the connection's buffer, which holds a head and so
// much beyond it: framing of a chunked body, or the start of what follows. A connection that waits
// for a request keeps idle_buffer_bytes to read into, which most requests fit into.
inline constexpr std::size_t client_read_bytes = 8 * 1024;
inline constexpr std::size_t beyond_head_bytes = chunk_framing_bytes + 8 * 1024;
inline constexpr std::size_t idle_buffer_bytes = 512;
// How much of a request body one splice(2) moves before others on the thread get their turn, and
// how much of a file goes into the socket at once. Content of at most joined_content_bytes is
// copied behind its head, so that both are one buffer.
inline constexpr std::uint64_t spliced_bytes = 1024 * 1024;
inline constexpr std::uint64_t file_piece_bytes = 256 * 1024;
inline constexpr std::size_t joined_content_bytes = 2 * 1024;
// So many empty lines before a request line are ignored (RFC 9112, 2.2).
inline constexpr int empty_lines = 4;
// Applications that run elsewhere. A connection to one is kept for so long after its last request,
// and a thread keeps at most so many. A request on a new connection that has no answer after
// worker_wait asks other threads to close an idle one, which may occupy the process that it waits
// for. An address that has not taken a connection within connect_wait, in which TCP asks three
// times, cannot be reached. If it is one of several it rests then, at first for first_rest and then
// twice as long each time, up to longest_rest.
inline constexpr auto kept_upstream_time = 60s;
inline constexpr auto kept_upstream_look = 5s;
inline constexpr std::size_t kept_upstream_connections = 256;
inline constexpr auto worker_wait = 5ms;
inline constexpr auto connect_wait = 4s;
inline constexpr auto first_rest = 1s;
inline constexpr auto longest_rest = 30s;
inline constexpr unsigned rest_doublings = 5;
// A client that has not taken what came for so long is a slow one: up to answer_ahead_bytes of an
// answer are taken from the application ahead of it, so that its process is free.
inline constexpr auto ahead_look_interval = 20ms;
inline constexpr std::size_t answer_ahead_bytes = 256 * 1024;
// How long the end of an answer (FCGI_END_REQUEST) is waited for behind content that is whole.
inline constexpr auto answer_end_wait = 100ms;
// What a script's pipe is widened to once it was found full, so that script and server take turns
// less often: a place for each of so many pages. A page that was moved there from a socket may be
// one of 32 KiB. Without a privilege, all pipes of one user together get 64 MiB (pipe(7)).
inline constexpr int wide_pipe_bytes = 256 * 1024;
// A script younger than this is not registered with epoll for its stderr, its exit or its client's
// close. Most scripts have answered by then, and all three are checked when the output has ended.
inline constexpr auto unwatched_time = 50ms;
// While unread bytes of a client hide whether it has closed its connection, the connection is
// checked so often. A client that has closed its sending side counts as gone after the grace.
inline constexpr auto client_look_interval = 500ms;
inline constexpr auto half_close_grace = 1s;
// How long the head of a script's answer waits for the first content behind it: a script that fails
// meanwhile is answered for with the reason.
inline constexpr auto head_hold = 200ms;
// How long a script whose output has ended may take to end itself before it is left to run on.
inline constexpr auto exit_wait = 250ms;
// A request body streams into its script when so much of it came within so long, which is known
// before the script takes a place among those that run; any other is kept until it is whole. What
// is kept in memory of it before it goes to a file.
inline constexpr std::size_t prompt_body_bytes = 64 * 1024;
inline constexpr auto prompt_body_time = 100ms;
inline constexpr std::size_t body_bytes_in_memory = 16 * 1024;
// How long an answer waits, after its script has ended, for more output of a process that the
// script left behind; how many such processes the log names; and how many processes of the system
// are looked at in one turn of the loop to find them.
inline constexpr auto left_output_time = 5s;
inline constexpr std::size_t pipe_holders = 3;
inline constexpr std::size_t processes_a_turn = 16;
// How often a coroutine that watches over a process is begun again after a lack of memory has
// destroyed it.
inline constexpr int lost_waits = 10;
// The stack on which a child runs between clone and exec, while the thread that started it waits.
inline constexpr std::size_t child_stack_bytes = 32 * 1024;
// The interval at which the server checks a process group that it is stopping, and a script for
// which it has no pidfd.
inline constexpr auto process_look_interval = 50ms;
// How often the server looks for ended children that no launcher has started, while children end,
// and how many it reaps in one go.
inline constexpr auto adopted_look_interval = 1s;
inline constexpr int adopted_at_once = 1000;
// When the server stops: the interval at which it checks whether everything has ended, and how long
// it waits for connections that it has cut and for scripts that it has killed.
inline constexpr auto stop_look_interval = 10ms;
inline constexpr auto end_wait = 2s;
// How large the environment and arguments of a script that a template starts may be (more starts
// cold), how long a template may take to fork, after how long without being asked it ends, and how
// long it is kept when others want its place. One that ends before it is ready is tried again after
// the pause, which doubles so many times. The log has at most so many different remarks about one.
inline constexpr std::size_t template_request_bytes = 128 * 1024;
inline constexpr auto template_answer_time = 2s;
inline constexpr auto template_idle_time = 10min;
inline constexpr auto template_kept_time = 1min;
inline constexpr auto template_pause = 1s;
inline constexpr int template_doublings = 6;
inline constexpr std::size_t template_notes = 32;
// Scripts of which it is kept how long a cold start took.
inline constexpr std::size_t cold_times_kept = 256;
// How long a thread pauses after it has run out of memory.
inline constexpr auto memory_pause = 10ms;
// For so long after a request that needed no script, fewer scripts are started at the same time.
inline constexpr auto others_served_time = 20ms;
// A body of at most this size that has arrived with its head is in the pipe before a script starts;
// as much as a pipe takes at once however little the system gives it (PIPE_BUF).
inline constexpr std::size_t small_body_bytes = 4 * 1024;
// An unread request body of at most this size is read and dropped to keep the connection.
inline constexpr std::size_t drain_bytes = 256 * 1024;
// A closing connection is read so that the client gets the answer before the reset: until the
// client has sent nothing for linger_silence, and for linger_time in all.
inline constexpr auto linger_silence = 5s;
inline constexpr auto linger_time = 30s;
// The same, both, while the server stops.
inline constexpr auto linger_at_stop = 1s;
// How far a client may fall behind the least rate (--min-rate) before its connection is closed.
inline constexpr auto rate_grace = 20s;
// The interval at which the server checks how much a slow client has taken from the kernel's
// buffer. While other requests queue for what the client's exchange holds (a script's slot), the
// time that it is waited for is charged 16-fold.
inline constexpr auto rate_look_interval = 250ms;
inline constexpr int contention_factor = 16;
// As long as a client has not taken reader_proof_bytes, and so is not known to read at all, at most
// unsent_bytes (and one packet) wait for it in the kernel. Clients that ask for large answers and
// never read would otherwise fill all the memory that the kernel has for connections.
inline constexpr std::size_t unsent_bytes = 64 * 1024;
inline constexpr std::size_t reader_proof_bytes = 256 * 1024;
// How many sockets one server listens on. How many ports it tries when the first one that is free
// at one of its addresses is in use at another, or when it looks for a port to suggest.
inline constexpr std::size_t listening_sockets = 16;
inline constexpr int ports_tried = 16;
// When a connection is closed to make room for a new one, the new one is accepted before the old
// one is gone. The number of connections may exceed the limit by so many meanwhile.
inline constexpr std::size_t connections_over_limit = 64;
// How many clients that were refused with a 503 are kept open at the same time until they have read
// it, and for how long each.
inline constexpr std::size_t refused_clients = 256;
inline constexpr auto refused_time = 1s;
// At which interval what they send is dropped, and how much of it at a time.
inline constexpr auto refused_look_interval = 100ms;
inline constexpr std::size_t refused_input_bytes = 256 * 1024;
// How many connections are accepted before other work of the thread gets its turn.
inline constexpr int accepted_at_once = 64;
// Refusals of the same kind make one line in the log within this time.
inline constexpr auto refusals_logged_every = 1s;
// How long accepting pauses when the system has no descriptor or memory to give.
inline constexpr auto accept_pause = 100ms;
// The Retry-After of a client that was refused because there was no room for it.
inline constexpr auto retry_after = 1s;
// Descriptors that the server needs beside its connections: its own, and for each script (three
// pipes with both ends, a pidfd, a spooled body).
inline constexpr std::size_t own_descriptors = 64;
inline constexpr std::size_t script_descriptors = 8;
// Output that is not sent to the client (for HEAD, for 204, before a local redirect, beyond the
// Content-Length) is read and dropped up to this size, so that the script can end by itself. A
// script that prints more is stopped.
inline constexpr std::size_t surplus_bytes = 1024 * 1024;
// How long the writer of a log line waits for a reader who is behind before the line is lost, and
// the shortest interval between two reports that lines are lost.
inline constexpr auto log_wait = 20ms;
inline constexpr auto log_news_interval = 1s;
// How many secrets no log shows, and from how many bytes of one on it is recognized where the rest
// was cut off.
inline constexpr std::size_t secrets_kept = 16;
inline constexpr std::size_t secret_head_bytes = 8;
// How much of a text of an exchange one line of the log shows at level trace.
inline constexpr std::size_t log_trace_bytes = 400;
// In a take-over (--takeover): how long either server waits for the other's next message, and how
// long the running one waits for the new one to get ready.
inline constexpr auto takeover_answer = 10s;
inline constexpr auto takeover_time = 60s;
// The longest message of a take-over; how many peers may have connected to the running server
// without a greeting, and how long each of them has to greet.
inline constexpr std::size_t takeover_message_bytes = 64;
inline constexpr std::size_t takeover_peers = 16;
inline constexpr auto takeover_greeting = 1s;
// A script's stderr: longest line in the log, and how many last lines are kept for a diagnosis.
inline constexpr std::size_t stderr_line_bytes = 2 * 1024;
inline constexpr std::size_t stderr_lines_kept = 20;
// How much of a script's output the error page shows where the output was no response.
inline constexpr std::size_t output_excerpt_bytes = 200;
// Local redirects in a row (RFC 3875, 6.2.2).
inline constexpr int local_redirects = 5;
// Parts in one multipart/byteranges response; more ranges than this are answered with the whole.
inline constexpr std::size_t ranges = 32;
// How much of stdin, of stdout and of the response's content each recorded exchange keeps.
inline constexpr std::size_t traced_bytes = 64 * 1024;
// How often it is reported to those who trace how much of a file was sent, while it is being sent.
inline constexpr auto file_report_interval = 100ms;
// How many of the latest exchanges the inspector keeps, each with its bodies, and how much of its
// news (waiting_news_bytes) may wait for one of its pages before that page has to connect anew.
inline constexpr std::size_t traced_exchanges = 200;
// How many exchanges may be pinned there, and how many of the tour's are kept beside the others, so
// that the tour's own do not push out those of whoever takes it.
inline constexpr std::size_t pinned_exchanges = 50;
inline constexpr std::size_t tour_exchanges = 20;
inline constexpr std::size_t waiting_news_bytes = 256 * 1024;
// A request that the inspector is asked to send, and how many of them are answered at the same
// time: one may ask the inspector to send another.
inline constexpr std::size_t composed_request_bytes = 1024 * 1024;
inline constexpr std::size_t composed_requests = 16;
// For each of them, and for `explain`: how long a head may take that is not whole, how long the
// exchange may take in all, and how much of the response is kept.
inline constexpr auto composed_head_time = 2s;
inline constexpr auto composed_time = 60s;
inline constexpr std::size_t composed_response_bytes = 16 * 1024 * 1024;
// A page of the inspector that has had no news for so long is sent a comment, because whoever
// stands between it and the server lets silent connections go.
inline constexpr auto feed_silence = 15s;
// How many of a script's lines on stderr a recorded exchange keeps: the first ones, which tell how
// it began, and the last ones, which tell how it ended. How many remarks it keeps.
inline constexpr std::size_t traced_first_lines = 50;
inline constexpr std::size_t traced_last_lines = 150;
inline constexpr std::size_t traced_remarks = 200;
// And how many records of those that went between the server and an application.
inline constexpr std::size_t traced_records = 200;
// How many last lines of stderr, and of what the script printed, stand beside the reason of a
// failure.
inline constexpr std::size_t reason_stderr_lines = 10;
inline constexpr std::size_t reason_output_lines = 5;
// What `--trace` prints of a script's input, and of its output.
inline constexpr std::size_t printed_bytes = 2 * 1024;
// How many programs the inspector offers for a request to be sent, and how many files of each
// directory are looked at to find them.
inline constexpr std::size_t offered_programs = 200;
inline constexpr std::size_t offered_files = 500;
// How many names of a directory are looked at when the nearest to one that is not there is offered.
inline constexpr std::size_t names_compared = 500;
// How many directories within directories `check` goes down in search of programs, so that it ends
// even where links lead round in circles.
inline constexpr std::size_t program_directory_depth = 32;
// What is read of a program to find out what is wrong with it: its start, which is enough to tell
// how the system would run it, and for `check` its first lines.
inline constexpr std::size_t program_start_bytes = 512;
inline constexpr std::size_t reviewed_bytes = 64 * 1024;
// How long `check --run` gives each program; how long `explain` waits for a description, and with
// --run for a program that the options let run; and how long it waits then for the last report.
inline constexpr auto trial_time = 10s;
inline constexpr auto explained_time = 10s;
inline constexpr auto explained_run_time = 24h;
inline constexpr auto last_report_wait = 5s;
// A directory of more names than this is read by a thread of its own. So many requests may wait for
// such listings of one served directory, and each for so long.
inline constexpr std::size_t quick_listing_entries = 100;
inline constexpr std::size_t waiting_for_listings = 256;
inline constexpr auto listing_wait = 10s;
// After so many names the thread that reads a directory checks whether the listing is still wanted
// and whether there is room for it; and so many entries make one piece of a listing's text.
inline constexpr std::size_t listing_names_at_once = 1000;
inline constexpr std::size_t listing_entries_at_once = 50;
// The entries of a long listing that are shown on one page, and how many a page shows without a box
// that filters them.
inline constexpr std::size_t listing_page_entries = 1000;
inline constexpr std::size_t unfiltered_listing_entries = 50;
// The total size of the long listings of one served directory that are kept or still being sent,
// how many are kept, and how long each: what a listing says of its files may have changed.
inline constexpr std::size_t listings_bytes = 128 * 1024 * 1024;
inline constexpr std::size_t kept_listings = 64;
inline constexpr auto kept_listing_time = 2s;
// The hot-file cache: the largest content that is kept in memory, and the total for one served
// directory. Larger files, up to cached_open_file_bytes, are held open instead, at most
// cached_open_files of them; the two bound the disk space that deleted files go on occupying. What
// is cached is used for cached_file_trust (and a coarse_tick) before it is compared with the file
// system. A file is cached only when it was last changed longer than settled_time ago, because file
// systems' clocks tick in up to two seconds.
inline constexpr std::size_t cached_file_bytes = 64 * 1024;
inline constexpr std::size_t file_cache_bytes = 16 * 1024 * 1024;
inline constexpr std::size_t cached_open_file_bytes = 1024 * 1024;
inline constexpr std::size_t cached_open_files = 64;
inline constexpr auto cached_file_trust = 100ms;
inline constexpr auto settled_time = 2s;
// The interval at which the server checks whether another directory has taken the place of one that
// it serves, and how many script directories that were moved away are still known for what they
// are.
inline constexpr auto root_look_interval = 250ms;
inline constexpr std::size_t moved_directories = 16;
// For how many script directories a Landlock ruleset is kept ready. For a server that runs as root:
// how long its list of what is public in /etc is used before it is checked again.
inline constexpr std::size_t sandboxed_directories = 64;
inline constexpr auto sandbox_trust = 100ms;
// What a WSGI worker may send in one frame: output, and the text of a traceback.
inline constexpr std::size_t wsgi_data_frame_bytes = 16 * 1024 * 1024;
inline constexpr std::size_t wsgi_text_frame_bytes = 256 * 1024;
// Programs that the server keeps: how long one may take to get ready, and how often it is looked at
// meanwhile if it does not say so itself (first soon, then less and less often), the first and the
// longest pause before one that ended without having answered is replaced, and how long a request
// of another thread may be passed over by one of the thread that a program was used by.
inline constexpr auto kept_start_time = 60s;
inline constexpr auto kept_first_look = 1ms;
inline constexpr auto kept_longest_look = 20ms;
inline constexpr auto kept_first_pause = 100ms;
inline constexpr auto kept_longest_pause = 10s;
inline constexpr auto kept_turn_time = 5ms;
// How often the files of applications are looked at for changes (--reload).
inline constexpr auto source_look_interval = 300ms;
// How long a kept program may take to end by itself when nothing is asked of it any more.
inline constexpr auto kept_end_time = 5s;
// How often a request goes to another program because the one that had it ended before it began.
inline constexpr int kept_attempts = 10;
// How many connections may wait at the listening socket of a kept program: one, and those that were
// given up before it has accepted them.
inline constexpr int kept_backlog = 128;
// A request's body goes to a kept program when it is whole, or so much of it came fast: a program
// that was not started for the request is worth more than one that was.
inline constexpr std::size_t kept_body_bytes = 2 * prompt_body_bytes;
// How often it is looked whether a kept program has read a request's head, before its body follows.
inline constexpr auto unread_look_interval = 1ms;

}  // namespace gatehouse::base::limits
