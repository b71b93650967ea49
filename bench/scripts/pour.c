#include <string.h>
#include <unistd.h>

// Writes 1 GiB in blocks of the size of a pipe.
int main(void) {
  static char const head[] = "Content-Type: application/octet-stream\r\n\r\n";
  static char block[64 * 1024];
  memset(block, 'x', sizeof block);
  if (write(STDOUT_FILENO, head, sizeof head - 1) < 0) return 1;

  long left = 1024L * 1024 * 1024;
  while (left > 0) {
    ssize_t const written =
        write(STDOUT_FILENO, block, left < (long)sizeof block ? (size_t)left : sizeof block);
    if (written <= 0) return 1;
    left -= written;
  }
  return 0;
}
