// floor_spawn PROGRAM THREADS SECONDS: starts PROGRAM over and over on THREADS threads, reads what
// it prints to the end of file and waits for it. A CGI server has to do all of this for a request,
// so this is the most scripts that the kernel can start. Prints one line of JSON: the starts, the
// seconds they took, and the processor time of this process (not of the programs) in seconds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char const* program;
static atomic_bool over;
static atomic_bool failed;
static atomic_long starts;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds_of(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

// Whether the program was started, printed something and ended well.
static bool start_once(int null) {
  static char const* const environment[] = {"GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=GET",
                                            "PATH=/usr/local/bin:/usr/bin:/bin", NULL};
  char const* const arguments[] = {program, NULL};
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) return false;

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, null, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  pid_t child;
  int const error = posix_spawn(&child, program, &actions, NULL, (char* const*)arguments,
                                (char* const*)environment);
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  if (error != 0) {
    close(output[0]);
    return false;
  }

  char block[4096];
  long total = 0;
  ssize_t got;
  while ((got = read(output[0], block, sizeof block)) > 0) total += got;
  close(output[0]);
  int status = 1;
  return waitpid(child, &status, 0) == child && status == 0 && total > 0;
}

static void* start_on(void* unused) {
  int const null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  while (!over) {
    if (start_once(null)) {
      ++starts;
    } else {
      failed = true;
      break;
    }
  }
  close(null);
  return unused;
}

int main(int argc, char** argv) {
  enum { most_threads = 256 };
  if (argc != 4) return 2;
  program = argv[1];
  int const count = atoi(argv[2]);
  double const wanted = atof(argv[3]);
  if (count < 1 || count > most_threads) return 2;

  pthread_t threads[most_threads];
  double const begin = now();
  for (int i = 0; i < count; ++i) {
    if (pthread_create(&threads[i], NULL, start_on, NULL) != 0) return 1;
  }
  struct timespec const pause = {(time_t)wanted, (long)((wanted - (double)(time_t)wanted) * 1e9)};
  nanosleep(&pause, NULL);
  over = true;
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  double const seconds = now() - begin;

  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("{\"starts\": %ld, \"seconds\": %.6f, \"cpu\": %.6f}\n", (long)starts, seconds,
         seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
  return failed ? 1 : 0;
}
